# %% [markdown]
"""
A low-dimensional view
======================

Thirteen measurements of 178 wines, and three components: no pair of features shows all
three cleanly apart. Two combinations of the features do: the directions in which the components
differ most, as mclust's MclustDR finds them (Scrucca 2010, Statistics and Computing 20, 471-484).
Here the view is drawn with what is not known: the ellipses have their credible bands, and the
directions intervals.
"""

# %%
import pandas as pd
from sklearn.datasets import load_wine

import bayesgmm as bg

wine = load_wine(as_frame=True)
X = wine.data.rename(columns={"od280/od315_of_diluted_wines": "dilution"})
model = bg.BayesianGaussianMixture(n_components=3, covariance_type="diag", random_state=1).fit(X)
found = pd.Series(model.predict(X), name="component")
pd.crosstab(found, wine.target.rename("cultivar"))

# %% [markdown]
# The fit was not told the cultivars and found them but for five wines. Two features at a time, it
# is hard to see why.

# %%
fit = model.posterior_.rename({0: "cultivar 1", 1: "cultivar 2", 2: "cultivar 0"})
bg.plot_ellipses(fit, features=["alcohol", "magnesium"])

# %% [markdown]
# In the plane of the separating directions it is not. An axis says how much of the separation it
# carries, and to which side the features grow that it has most to do with.

# %%
bg.plot_directions(fit)
# sphinx_gallery_thumbnail_number = 2

# %% [markdown]
# In numbers: the eigenvalue of each direction with its interval, the mean agreement between the
# direction and that of each draw (one is perfect), and its correlation with every feature.

# %%
directions = bg.separating_directions(fit)
directions.summary().T.round(2)

# %% [markdown]
# The scores are features like any other: two columns that hold most of what thirteen say. A mixture
# of them alone finds the cultivars but for eight wines.

# %%
scores = pd.DataFrame(directions.scores(X), columns=["score 1", "score 2"])
again = bg.BayesianGaussianMixture(n_components=3, random_state=1).fit(scores)
pd.crosstab(pd.Series(again.predict(scores), name="component"), wine.target.rename("cultivar"))

# %% [markdown]
# Components can also differ in their covariances. With ``balance=0.5`` both count alike, as in
# Scrucca (2010), and there are as many directions as features; the first two show where the
# components are unlike in either way, and ``from_means`` says which way it is.

# %%
both = bg.separating_directions(fit, balance=0.5).summary()
both[["share", "from_means", "lower", "eigenvalue", "upper", "agreement"]].head(4).round(2)

# %%
bg.plot_directions(fit, balance=0.5)
