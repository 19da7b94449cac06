# %% [markdown]
"""
Features from a mixture
=======================

Who will buy? That depends on the segment of a customer, which is not in the table. A mixture finds
the segments without looking at what is to be predicted; memberships and distances are then columns
for another model, in a scikit-learn pipeline that is cross-validated as a whole.
"""

# %%
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import bayesgmm as bg

shop = bg.Mixture.from_sds(
    weights=[0.3, 0.2, 0.25, 0.25],
    means=[[32, 12], [36, 30], [76, 14], [84, 36]],
    sds=[[8, 4], [8, 5], [10, 4], [10, 7]],
)
rows, segment = shop.sample(300, random_state=1)
rng = np.random.default_rng(1)
table = pd.DataFrame(rows, columns=["income", "spending"])
table["channel"] = rng.choice(["shop", "web"], len(table))
wish = np.array([0.1, 0.8, 0.7, 0.2])[segment] + 0.1 * (table["channel"] == "web")
bought = rng.random(len(table)) < wish
table.head()

# %% [markdown]
# The simulated customers of two of the four segments mostly buy, those on the web a little more
# often. No line in income and spending separates the two segments from the others.
#
# ``MixtureFeatures`` turns both columns into memberships, probabilities that add up to one, and
# distances, in the components' own standard deviations. The third column goes its own way.

# %%
mixture = bg.BayesianGaussianMixture(n_components=4, random_state=1)
features = bg.MixtureFeatures(mixture).set_output(transform="pandas")
features.fit_transform(table[["income", "spending"]]).head().round(2)

# %% [markdown]
# What they are made of: four segments, and a margin around each within which its ellipse lies.

# %%
bg.plot_ellipses(mixture.fit(table[["income", "spending"]]))

# %% [markdown]
# Five times the pipeline is fitted to four fifths of the rows, the mixture included, and judged by
# the rest: the mean log loss in nats, smaller is better, and its standard deviation over the five.
# Below stands what somebody would reach who knows every customer's true probability.


# %%
def pipeline(step):
    columns = (step, ["income", "spending"]), (OneHotEncoder(drop="first"), ["channel"])
    return make_pipeline(make_column_transformer(*columns), LogisticRegression(max_iter=1000))


steps = {
    "columns as they are": StandardScaler(),
    "memberships, EM": bg.MixtureFeatures(
        bg.GaussianMixture(n_components=4, random_state=1), kinds=["membership"]
    ),
    "memberships": bg.MixtureFeatures(mixture, kinds=["membership"]),
    "memberships and distances": bg.MixtureFeatures(mixture),
}
losses = pd.DataFrame(
    {
        name: -cross_val_score(pipeline(step), table, bought, scoring="neg_log_loss", cv=5)
        for name, step in steps.items()
    }
)
losses["the truth"] = log_loss(bought, wish)
losses.agg(["mean", "std"]).T.round(3)

# %% [markdown]
# The memberships come close to the truth. Whether EM or the posterior gives them makes no
# difference here, and distances add nothing but noise: only the segment tells who buys.
#
# The pipeline names its columns. A membership's coefficient says how much more likely, on the scale
# of log odds, its segment buys.

# %%
fitted = pipeline(steps["memberships"]).fit(table, bought)
pd.Series(fitted[-1].coef_[0], fitted[:-1].get_feature_names_out()).round(2).to_frame("coefficient")
