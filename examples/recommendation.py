# %% [markdown]
"""
Whom to call first
==================

A dealer has two cars to offer: a large one for 100 000 with a margin of 25 000, and a small one for
50 000 with a margin of 10 000. Two customers of one segment look alike to a method that only names
the segment. A mixture tells them apart, and says how well it knows.
"""

# %%
import numpy as np
import pandas as pd
import xarray as xr

import bayesgmm as bg

market = bg.Mixture.from_covariances(
    weights=[0.6, 0.4],
    means=[[60, 20], [105, 35]],
    covariances=[[[225, 30], [30, 36]], [[400, 60], [60, 64]]],
)
rows, _ = market.sample(300, random_state=1)
X = pd.DataFrame(rows, columns=["income", "value of the car"])

# %% [markdown]
# Of 300 people we know the income and what their present car is worth, both in thousands; the
# table is simulated. Two segments: who will buy the small car next, and who the large one. The line
# between them is known no better than its band.

# %%
fit = bg.BayesianGaussianMixture(n_components=2, random_state=1).fit(X)
segments = fit.posterior_.rename(["small car", "large car"])
bg.plot_decision_boundary(segments)

# %% [markdown]
# Four customers come in today. Ada and Ben belong to the same segment, but not equally: the first
# call goes to Ada. Of Dan, with a small income and a good car, little can be said: his interval is
# the widest of all. Each number is the probability of the large car.

# %%
customers = pd.DataFrame(
    {"income": [104, 98, 84, 66], "value of the car": [32, 29, 24, 36]},
    index=["Ada", "Ben", "Cleo", "Dan"],
)
memberships = segments.responsibilities(customers)
memberships[["mean", "lower", "upper"]].sel(component="large car").to_dataframe().round(2)

# %% [markdown]
# Money changes the order of things. An offer of the large car earns 25 000 times the probability
# that it is wanted, an offer of the small one 10 000 times the rest. Cleo and Dan, who most likely
# belong to the small car, should be offered the large one all the same.

# %%
margins = xr.DataArray([10_000, 25_000], coords={"component": ["small car", "large car"]})
(memberships["mean"] * margins).to_pandas().round(-2)

# %% [markdown]
# How sure is that? In every draw of the posterior each offer has an expected profit. By how much is
# the large car the better offer, with its 89 % interval, and in which share of the draws is it the
# better one at all? For Ada and Ben it is as good as certain, for Cleo the toss of a coin, and
# there it hardly matters.


# %%
def describe(draws, names):
    lower, upper = np.quantile(draws, [0.055, 0.945], axis=(0, 1)).round(-2)
    mean, is_positive = draws.mean((0, 1)).round(-2), (draws > 0).mean((0, 1)).round(2)
    columns = {"mean": mean, "lower": lower, "upper": upper, "share above 0": is_positive}
    return pd.DataFrame(columns, names)


profits = segments.mixture.responsibilities(customers) * margins.to_numpy()
describe(profits[..., 1] - profits[..., 0], customers.index)

# %% [markdown]
# Now all 300. One rule offers everybody the car of the segment, the other the car with the higher
# expected profit. What does each earn, and how much better is the second?

# %%
profits = segments.mixture.responsibilities(X) * margins.to_numpy()
rules = {"by segment": segments.predict(X), "by profit": profits.mean((0, 1)).argmax(-1)}
everyone = np.arange(len(X))
by_segment, by_profit = (profits[..., everyone, car].sum(-1) for car in rules.values())
totals = np.stack([by_segment, by_profit, by_profit - by_segment], axis=-1)
describe(totals, [*rules, "gain"])

# %% [markdown]
# These are expectations, and the intervals say how well the segments are known; that a single
# customer buys or does not comes on top. The market is simulated, so that one can look up what
# each rule would earn on average.

# %%
truth = market.responsibilities(X) * margins.to_numpy()
pd.Series({name: truth[everyone, car].sum() for name, car in rules.items()}, name="truth").round(-2)
