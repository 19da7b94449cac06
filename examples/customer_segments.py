# %% [markdown]
"""
Customer segments
=================

Who earns much or little, and who spends much or little? Four segments of a shop's customers, named
and profiled, with intervals on what one would tell the board: how large a segment is, what its
customers earn and spend, and how much of the turnover it brings.
"""

# %%
from itertools import product

import arviz as az
import pandas as pd

import bayesgmm as bg

shop = bg.Mixture.from_covariances(
    weights=[0.30, 0.20, 0.25, 0.25],
    means=[[32, 12], [36, 34], [76, 14], [84, 40]],
    covariances=[
        [[64, 10], [10, 16]],
        [[64, 8], [8, 25]],
        [[100, -12], [-12, 16]],
        [[100, 35], [35, 49]],
    ],
)
first = "Ada Ben Cleo Dan Eve Finn Gus Hana Ida Jan Kim Leo Mia Noa Ole Pia".split()
last = "Abel Baum Cole Dorn Egger Fox Gray Hill Ito Jung Kern Lang Moss Nagy Orr".split()
names = [" ".join(name) for name in product(first, last)]
rows, _ = shop.sample(len(names), random_state=1)
X = pd.DataFrame(rows.round(1), names, columns=["income", "spending"])
X.head()

# %% [markdown]
# The table is simulated: income and spending of 240 people, in thousands a year. Components come in
# the order of their income; what they are called follows from their means.

# %%
fit = bg.BayesianGaussianMixture(n_components=4, random_state=1).fit(X)
is_high = fit.means_ > X.mean().to_numpy()
level = {True: "high", False: "low"}
segments = fit.posterior_.rename(
    [f"earn {level[income]}, spend {level[spending]}" for income, spending in is_high.tolist()]
)
bg.plot_ellipses(segments)

# %% [markdown]
# The profile of each segment: its share of the customers, mean income and spending, how widely
# they vary within the segment, and whether those who earn more spend more.

# %%
segments.summary()

# %% [markdown]
# What follows from the parameters is computed for every draw, and so has its interval too. The
# share of each segment in the turnover, in percent:

# %%
draws = segments.idata["posterior"]
turnover = draws["weights"] * draws["means"].sel(feature="spending")
share = 100 * turnover / turnover.sum("component")
az.summary(share.to_dataset(name="share"), kind="stats", round_to=1)

# %% [markdown]
# And how probable is it that a segment brings more than a quarter of the turnover?

# %%
(share > 25).mean(["chain", "draw"]).to_series().rename("probability").to_frame().round(3)

# %% [markdown]
# Nobody has to be put into one drawer. These are the five customers of whom least is known; to the
# first of them three of the four offers may appeal.

# %%
memberships = segments.responsibilities()
unsure = memberships["entropy"].to_series().nlargest(5).index
memberships["mean"].sel(obs=unsure).to_pandas().round(2)

# %% [markdown]
# To which segment would a new customer belong? The colours are mixed by the memberships, and pale
# where these are in doubt.

# %%
bg.plot_responsibility_map(segments)

# %% [markdown]
# Where in the plane would a customer be hard to place, and how hard?

# %%
bg.plot_uncertainty(segments)
