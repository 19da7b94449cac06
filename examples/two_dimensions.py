# %% [markdown]
"""
Two dimensions
==============

Two Gaussians that overlap, one tilted upwards and one downwards. The fit recovers them with
intervals that can be held against the truth, and the density comes as a map with a credible band
and as a mountain. At the end a point between two of three clusters: its memberships are estimates
too, and have intervals.
"""

# %%
import numpy as np
import pandas as pd

import bayesgmm as bg

truth = bg.Mixture.from_covariances(
    weights=[0.4, 0.6],
    means=[[1.5, 1.5], [3.0, 3.0]],
    covariances=[[[1.0, -0.7], [-0.7, 1.0]], [[1.0, 0.6], [0.6, 1.0]]],
)
rows, labels = truth.sample(600, random_state=1)
X = pd.DataFrame(rows, columns=["x", "y"])
fit = bg.BayesianGaussianMixture(n_components=2, random_state=1).fit(X)

# %% [markdown]
# Each contour goes around the smallest region that holds the given part of the rows to come. The
# grey bands say where it may lie as well.

# %%
bg.plot_density_contours(fit)

# %% [markdown]
# The score of a point is its log density: not a probability, and its unit depends on those of the
# features. Where the rows are EM (dashed) and the posterior agree; far outside they part.

# %%
bg.plot_density_contours(fit, of="score")

# %% [markdown]
# The same density as a mountain, coloured by the memberships.

# %%
bg.plot_density_surface(fit)

# %% [markdown]
# Every parameter with its interval of 89 %, and the truth beside it.

# %%
table = fit.summary()[["mean", "eti89_lb", "eti89_ub"]]
true_values = [truth.weights, truth.means, truth.sds, truth.correlations]
table["truth"] = np.concatenate([np.ravel(values) for values in true_values])
table["covered"] = table["truth"].between(table["eti89_lb"], table["eti89_ub"])
table.round(2)

# %% [markdown]
# Eleven of twelve intervals cover; of intervals of 89 % one in nine misses in the long run.
#
# Of real data the truth is not known, but the rows can be held against rows drawn from the fit:
# what lies outside the band of their histograms would have a dot.

# %%
bg.plot_predictive_check(fit, random_state=1)

# %% [markdown]
# Now three round clusters, and a point chosen so that its true memberships are 0, 0.2 and 0.8.

# %%
three = bg.Mixture.from_sds([1 / 3] * 3, [[0, 6], [4, 0], [7, 0]], np.ones((3, 2)))
point = pd.DataFrame({"x": [5.5 + np.log(4) / 3], "y": [0.0]})
three.responsibilities(point).round(3)

# %% [markdown]
# From 400 rows the 0.8 becomes 0.73, and anything between 0.58 and 0.86 is credible: a membership
# is an estimate like any other.

# %%
rows = pd.DataFrame(three.sample(400, random_state=1)[0], columns=["x", "y"])
model = bg.BayesianGaussianMixture(n_components=3, covariance_type="spherical", random_state=1)
fit_of_three = model.fit(rows)
memberships = fit_of_three.responsibilities(point)
memberships[["mean", "lower", "upper"]].isel(obs=0, drop=True).to_dataframe().round(2)

# %%
ax = bg.plot_ellipses(fit_of_three)
ax.plot("x", "y", "*", data=point, markersize=16, color="gold", markeredgecolor="k", zorder=7)
