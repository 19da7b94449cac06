# %% [markdown]
"""
One dimension
=============

Three components on a line, one narrow and two that overlap. The fit gives the density with its
credible band, the curve of each component, and the membership of any value, all with intervals.
The rows are simulated, so that the intervals can be held against the truth.
"""

# %%
import numpy as np
import pandas as pd

import bayesgmm as bg

truth = bg.Mixture.from_sds(
    weights=[0.3, 0.3, 0.4],
    means=[[2.0], [5.0], [8.0]],
    sds=[[0.2], [0.5], [0.8]],
)
rows, labels = truth.sample(500, random_state=1)
X = pd.DataFrame(rows, columns=["length"])
fit = bg.BayesianGaussianMixture(n_components=3, random_state=1).fit(X)
fit.summary()

# %% [markdown]
# The last lines of the table say whether to trust it: what the starts of EM found, whether the
# components can be told apart, whether the sampler went well.
#
# In the picture the areas are the components, the grey line is their sum, and the band holds 89 %
# of the posterior at each value. The dotted line is the truth.

# %%
ax = bg.plot_density(fit)
values = np.linspace(*ax.get_xlim(), 400)
ax.plot(values, np.exp(truth.log_density(values[:, None])), "r:", zorder=6)

# %% [markdown]
# Nine parameters, nine intervals of 89 %: on average one of them misses the truth, and that is
# what they promise. Intervals that always cover would be too wide.

# %%
table = fit.summary()[["mean", "eti89_lb", "eti89_ub"]]
table["truth"] = np.concatenate([truth.weights, truth.means.ravel(), truth.sds.ravel()])
table["covered"] = table["truth"].between(table["eti89_lb"], table["eti89_ub"])
table.round(2)

# %% [markdown]
# To which component does a value belong? Between the second and the third the answer is a
# probability, and that probability is itself known only so well. Here are the probabilities of
# the third component: far from the border they are certain, at the border the interval is wide.

# %%
lengths = [5.0, 6.0, 6.2, 6.4, 7.0]
chosen = pd.DataFrame({"length": lengths}, index=lengths)
memberships = fit.responsibilities(chosen)
memberships[["mean", "lower", "upper"]].sel(component=2).to_dataframe().round(2)

# %% [markdown]
# The entropy of a membership, in nats, has two parts. The larger one stays however many rows there
# are, as the components overlap; the other, that the parameters are not known exactly, goes away
# with more rows.

# %%
memberships[["entropy", "overlap", "parameter_uncertainty"]].to_dataframe().round(3)

# %% [markdown]
# The density at the same values, with its interval. It is per unit of length, not a probability.

# %%
fit.posterior_.density(chosen).to_dataframe().round(3)
