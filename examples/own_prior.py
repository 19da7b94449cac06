# %% [markdown]
"""
Your own prior, your own model
==============================

The defaults follow the data. What is known beforehand goes into ``Priors``, in the units of the
columns; what ``Priors`` cannot say goes into the PyMC model itself, and the draws come back with
labels, tables and pictures.
"""

# %%
import arviz as az
import numpy as np
import pymc as pm

import bayesgmm as bg

X = bg.load_faithful().sample(40, random_state=1)

# %% [markdown]
# Only forty eruptions of Old Faithful, so that the prior matters. What the defaults mean for them:

# %%
bg.Priors().describe(X, n_components=2)

# %% [markdown]
# Suppose that an earlier season is known: long eruptions of four minutes and a quarter, short ones
# of two, and the waits that follow. A row for each component, a column for each feature. With a
# prior of its own every component keeps its place: the first one holds the long eruptions.

# %%
priors = bg.Priors(
    means=pm.Normal.dist([[4.25, 80.0], [2.0, 54.0]], [0.1, 1.0]),
    sds=pm.Truncated.dist(pm.LogNormal.dist(np.log([0.4, 6.0]), 0.5), lower=[0.01, 0.5]),
)
priors.describe(X, n_components=2)

# %% [markdown]
# Look before you fit: a few mixtures drawn from the prior, the rows that they would make, and the
# data. A prior is sensible where the data look like one of the data sets that it makes.

# %%
bg.plot_prior(bg.prior_predictive(X, 2, priors=priors, random_state=1))

# %% [markdown]
# Both priors beside each other. The season that is known narrows the means and pulls them its way.

# %%
default = bg.BayesianGaussianMixture(n_components=2, random_state=1).fit(X)
informed = bg.BayesianGaussianMixture(n_components=2, priors=priors, random_state=1).fit(X)
bg.plot_comparison({"default": default, "informed": informed}, parameters="means")

# %% [markdown]
# Did the prior matter? Prior and likelihood are made a little stronger and weaker, and each
# parameter is asked how much it moves. A prior that is narrow on purpose, as this one is, is told
# that it and the data may disagree.

# %%
informed.posterior_.sensitivity()

# %% [markdown]
# Something that ``Priors`` cannot say: after a long eruption one waits 25 minutes longer than after
# a short one, give or take one minute. Take the PyMC model, add the term, sample with whatever
# samples PyMC models, and hand the draws back. The term tells the components apart, so that they
# must not change places: ``is_exchangeable=False``.

# %%
with bg.build_model(X, 2) as model:
    longer = pm.Deterministic("longer", model["means"][1, 1] - model["means"][0, 1])
    pm.Potential("known", pm.logp(pm.Normal.dist(25.0, 1.0), longer))
    draws = pm.sample(random_seed=1, progressbar=False)

changed = bg.Posterior.from_idata(draws, X, is_exchangeable=False)
changed.summary()

# %% [markdown]
# What was added stays with the draws. Tables and pictures work as for any other fit.

# %%
az.summary(changed.idata, var_names=["longer"])

# %%
bg.plot_comparison({"default": default, "changed": changed}, parameters="means")
