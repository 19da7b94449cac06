# %% [markdown]
"""
Four covariance families
========================

Three clusters, each with a shape of its own, fitted with the four families: full, tied, diag and
spherical. Then a cluster without any extent, on which a full covariance becomes singular, and what
helps.
"""

# %%
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import bayesgmm as bg

truth = bg.Mixture.from_covariances(
    weights=[0.4, 0.35, 0.25],
    means=[[0, 0], [4, 3], [7, -1]],
    covariances=[[[1.5, 1.1], [1.1, 1.2]], [[1.2, -0.9], [-0.9, 1.2]], [[0.3, 0.0], [0.0, 0.3]]],
)
X, labels = truth.sample(150, random_state=1)

# %% [markdown]
# A matrix for each component; one matrix for all; no correlations; one standard deviation for each
# component. The bands say how well each ellipse is known: narrow does not mean right.

# %%
families = ["full", "tied", "diag", "spherical"]
fits = {
    family: bg.BayesianGaussianMixture(3, covariance_type=family, random_state=1).fit(X)
    for family in families
}
with bg.plot_style():
    figure, axes = plt.subplots(
        2, 2, figsize=(8, 6.4), sharex=True, sharey=True, layout="constrained"
    )
for ax, family in zip(axes.flat, families, strict=True):
    bg.plot_ellipses(fits[family], ax=ax, legend=False).set_title(family)

# %% [markdown]
# Which family? The Bayesian information criterion weighs the fit against the number of parameters,
# and smaller is better. Here each cluster has its own shape, and ``"full"`` wins in spite of
# having the most parameters.

# %%
rows = [[fit.em_.n_parameters, fit.em_.log_likelihood, fit.em_.bic] for fit in fits.values()]
pd.DataFrame(rows, families, ["parameters", "log-likelihood", "BIC"]).round(1)

# %% [markdown]
# Now twelve rows more, all of them equal: a default that somebody forgot to fill in. Told to put a
# component there, EM makes it as narrow as it is allowed to. Without the millionth of the variance
# that is added by default, its covariance would be singular and the likelihood infinite: the best
# "fit" that there is, and worth nothing. So a warning says which component collapsed.

# %%
spoilt = np.vstack([X, np.full((12, 2), [10.0, 5.0])])
start = [*truth.means, [10.0, 5.0]]
with warnings.catch_warnings(action="ignore"):
    collapsed = bg.GaussianMixture(4, means_init=start, random_state=1).fit(spoilt)
collapsed.result_.message

# %%
pd.DataFrame(collapsed.mixture_.sds, columns=["x0", "x1"]).round(4)

# %% [markdown]
# The remedy is to leave such rows out or, where they must stay, a family with fewer parameters: a
# covariance that all components share cannot collapse on one of them. The posterior is sound, and
# the twelve rows are a component of their own, with the width of the others.

# %%
tied = bg.BayesianGaussianMixture(4, covariance_type="tied", random_state=1).fit(spoilt)
tied.summary()

# %%
bg.plot_ellipses(tied)

# %% [markdown]
# Another way to a singular covariance is a column that follows from the others, here their sum. It
# is refused before any work, and the sentence says what to do.

# %%
dependent = pd.DataFrame(X, columns=["a", "b"]).assign(total=X.sum(axis=1))
try:
    bg.GaussianMixture(3, random_state=1).fit(dependent)
except ValueError as error:
    sentence = str(error)
sentence
