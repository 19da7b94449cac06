# %% [markdown]
"""
ArviZ's own pictures
====================

Draws are kept as ArviZ keeps them, so its pictures work on ``fit.idata``, with the names of
components and features in place. Here are those that tell whether the sampler can be trusted, and
those that show what was learnt.
"""

# %%
import arviz as az

import bayesgmm as bg

X = bg.load_faithful()
model = bg.BayesianGaussianMixture(n_components=2, random_state=1).fit(X)
posterior = model.posterior_.rename(["short", "long"])
idata = posterior.idata
neat = {"figure_kwargs": {"layout": "constrained"}}

# %% [markdown]
# Did the chains mix? Each colour is a chain: four bands without trend that lie on each other.

# %%
az.plot_trace(idata, var_names="means", col_wrap=2, **neat)

# %% [markdown]
# The same in ranks: of chains that agree, each has low and high draws alike, and its line stays
# near zero. The number in a panel is the p-value of a test that takes draws for independent.

# %%
az.plot_rank(idata, var_names=["weights", "means"], col_wrap=3, **neat)

# %% [markdown]
# What was learnt: intervals in one unit at a time, here how widely the minutes of waiting vary
# within each component. Thick lines hold the inner half, thin ones 89 % of the posterior.

# %%
az.plot_forest(idata, var_names="sds", coords={"feature": "waiting"}, combined=True)

# %% [markdown]
# Density and trace in one picture, one row for each variable, one colour for each component.

# %%
az.plot_trace_dist(idata, var_names=["weights", "correlations"], **neat)

# %% [markdown]
# How parameters hang together: longer mean eruptions go with longer mean waits, within a component
# and not between.

# %%
az.plot_pair(idata, var_names="means", **neat)
# sphinx_gallery_thumbnail_number = 5

# %% [markdown]
# How much the data taught: the posterior of the weights beside the prior.

# %%
with_prior = posterior.with_prior(1000, random_state=1)
az.plot_prior_posterior(with_prior.idata, var_names="weights", **neat)

# %% [markdown]
# And numbers: leave-one-out cross-validation from the log-likelihood of every row.

# %%
az.loo(posterior.with_log_likelihood().idata)
