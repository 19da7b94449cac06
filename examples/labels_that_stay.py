# %% [markdown]
"""
Labels that stay
================

A mixture does not change when its components change places. So two runs of a sampler may well call
the same cluster by different numbers, and so may two chains of one run: averages over them are
nonsense. Here labels are matched to EM, draw by draw, and they stay.
"""

# %%
import arviz as az
import pandas as pd
import xarray as xr
from sklearn.datasets import load_iris

import bayesgmm as bg

iris = load_iris(as_frame=True)
X, species = iris.data, iris.target_names[iris.target]
X.columns = X.columns.str.removesuffix(" (cm)")

# %% [markdown]
# Two runs, with different seeds, and the rows of the second in another order: one answer. No flower
# changes its label.

# %%
first = bg.BayesianGaussianMixture(n_components=3, random_state=1).fit(X)
shuffled = X.sample(frac=1.0, random_state=2)
again = bg.BayesianGaussianMixture(n_components=3, random_state=2).fit(shuffled)
pd.crosstab(first.predict(X), again.predict(X), rownames=["first"], colnames=["again"])

# %% [markdown]
# Components come in the order of the mean of the first column, whatever the seed. One line gives
# them names, and tables, files and pictures then carry them.

# %%
named = first.posterior_.rename(["setosa", "versicolor", "virginica"])
named.summary(parameters="weights")

# %%
bg.plot_pairs(named)

# %% [markdown]
# The species were not used in the fit. Every setosa and every virginica is found again; five of the
# fifty versicolor go to virginica.

# %%
found = named.responsibilities()["mean"].idxmax("component").to_series()
pd.crosstab(species, found, rownames=["species"], colnames=["component"])

# %% [markdown]
# A bar for each flower, by the component that it most likely belongs to, the surest first; whiskers
# hold 89 % of what its membership may be.

# %%
bg.plot_responsibilities(named)

# %% [markdown]
# The same as a triangle. A flower in a corner surely belongs there. The doubtful ones lie between
# two species, each with the line along which it may lie.

# %%
bg.plot_ternary(named)

# %% [markdown]
# With the columns in another order, here with sepal width first, the components come in another
# order too.

# %%
widths_first = X[["sepal width", "petal width", "sepal length", "petal length"]]
moved = bg.BayesianGaussianMixture(n_components=3, random_state=1).fit(widths_first)
pd.DataFrame(moved.means_, columns=moved.feature_names_in_).round(2)

# %% [markdown]
# One line keeps yours, whatever comes first: start from a mixture in the order that you like. A
# fit, a file read by ``bg.load``, or EM with its ``means_init`` will do.

# %%
virginica_first = first.posterior_.em.permute([2, 0, 1])
kept = bg.BayesianGaussianMixture(n_components=3, init=virginica_first, random_state=1).fit(X)
pd.DataFrame(kept.means_, columns=kept.feature_names_in_).round(2)

# %% [markdown]
# And what would have happened without? Let each chain call the components by other numbers, as
# chains of a hand-written mixture do. The averages of petal length, which were 1.5, 4.2 and 5.5,
# are now 3, 4 and 4, their intervals reach over all three components, and R-hat, which should be
# one, shows the damage.

# %%
draws = first.idata["posterior"].dataset
chains = [draws.isel(chain=chain).roll(component=chain) for chain in range(4)]
confused = xr.DataTree.from_dict({"posterior": xr.concat(chains, "chain")})
az.summary(confused, var_names=["means"], coords={"feature": ["petal length"]})

# %% [markdown]
# ``Posterior.from_idata`` takes such draws, from whatever program, and matches them to EM.

# %%
mended = bg.Posterior.from_idata(confused, X)
mended.summary().filter(like="petal length]", axis=0).head(3).round(3)
