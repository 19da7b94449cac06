# %% [markdown]
"""
K-means beside a mixture
========================

K-means gives each row to the nearest centre: it takes clusters for round and of one size. A mixture
learns their shapes, and says of each row how sure it is. Where clusters are round both find the
same; where they are long and tilted k-means fails, and cannot say so.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import confusion_matrix

import bayesgmm as bg


def accuracy(truth, labels):
    table = confusion_matrix(truth, labels)
    return table[linear_sum_assignment(-table)].sum() / len(truth)


def as_mixture(kmeans):
    K, D = kmeans.cluster_centers_.shape
    return bg.Mixture.from_sds(np.full(K, 1 / K), kmeans.cluster_centers_, np.ones((K, D)))


# %% [markdown]
# Three tables: round clusters, the same nearer to each other, and long ones that are tilted. The
# pictures show where the label changes, for the mixture with its credible band. For them k-means is
# written as what it is: a mixture of round components of one size.

# %%
weights, means = [0.4, 0.3, 0.3], np.array([[0, 0], [4, 4], [7, -1]])
tilt = [[4.0, 3.8], [3.8, 4.0]]
tables = {
    "round": bg.Mixture.from_sds(weights, means, np.ones((3, 2))),
    "overlapping": bg.Mixture.from_sds(weights, 0.7 * means, np.ones((3, 2))),
    "tilted": bg.Mixture.from_covariances(weights, [[0, 0], [0, 3], [3, 0]], [tilt] * 3),
}
with bg.plot_style():
    figure, axes = plt.subplots(2, 3, figsize=(9, 6), layout="constrained")
kmeans, fits, shares = {}, {}, {}
for (above, below), (name, truth) in zip(axes.T, tables.items(), strict=True):
    X, labels = truth.sample(300, random_state=1)
    kmeans[name] = KMeans(3, n_init=10, random_state=1).fit(X)
    fits[name] = bg.BayesianGaussianMixture(n_components=3, random_state=1).fit(X)
    shares[name] = [accuracy(labels, method[name].predict(X)) for method in (kmeans, fits)]
    round_ones = as_mixture(kmeans[name])
    bg.plot_decision_boundary(round_ones, X, legend=False, ax=above).set_title(f"{name}, k-means")
    bg.plot_decision_boundary(fits[name], legend=False, ax=below).set_title(f"{name}, mixture")

# %% [markdown]
# The share of rows that get the right label. Where its assumption is true, k-means is as good.

# %%
pd.DataFrame(shares, ["k-means", "mixture"]).round(3)

# %% [markdown]
# Two points, equally far from the centre of the first tilted cluster: one along the trend, one
# across it. To k-means, which knows distances only, they are the same. To the mixture the first is
# an ordinary member of the cluster, and the second is none.

# %%
tilted, centre = fits["tilted"], fits["tilted"].means_[0]
steps = np.sqrt(2) * np.array([[1, 1], [1, -1]])
points = pd.DataFrame(centre + steps, index=["along", "across"])
member = tilted.responsibilities(points)[["mean", "lower", "upper"]].sel(component=0)
member.to_dataframe().assign(distance=np.hypot(*steps.T)).round(4)

# %% [markdown]
# Three stripes, side by side, that turn about their centres from upright to 45 degrees: for each
# angle the share of right labels. The mixture also says, without the truth, which share it expects
# to get right: the mean of the highest membership, and its interval over the posterior.

# %%
angles = np.arange(0, 50, 5)
found, expected = [], []
for angle in np.deg2rad(angles):
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    stripe = turn @ np.diag([0.4, 1.3]) ** 2 @ turn.T
    stripes = bg.Mixture.from_covariances([1 / 3] * 3, [[-2.4, 0], [0, 0], [2.4, 0]], [stripe] * 3)
    X, labels = stripes.sample(200, random_state=1)
    fit = bg.BayesianGaussianMixture(n_components=3, random_state=1).fit(X)
    nearest = KMeans(3, n_init=10, random_state=1).fit_predict(X)
    found.append([accuracy(labels, nearest), accuracy(labels, fit.predict(X))])
    expected.append(fit.mixture_.responsibilities(X).max(-1).mean(-1).ravel())

# %%
with bg.plot_style():
    figure, ax = plt.subplots()
    ax.plot(angles, found, "o-", label=["k-means", "mixture, and what it expects"])
    lower, upper = np.quantile(expected, [0.055, 0.945], axis=1)
    ax.fill_between(angles, lower, upper, color="C1", alpha=0.3)
    ax.set(xlabel="angle (degrees)", ylabel="share of right labels")
    ax.legend()
