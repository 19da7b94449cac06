# %% [markdown]
"""
EM, step by step
================

What EM does in one iteration, written out in NumPy and checked against the package; the whole run
as ellipses that move while the log-likelihood rises; and why one start is not enough.
"""

# %%
import numpy as np
import pandas as pd

import bayesgmm as bg

X = bg.load_faithful()
em = bg.GaussianMixture(n_components=2, random_state=1).fit(X)

# %% [markdown]
# A poor start, so that there is something to see: two round components, one at short eruptions with
# long waits, the other at long eruptions with short waits. ``em_path`` runs EM from there and keeps
# every iteration: all mixtures, and the log-likelihood of each, which are these.

# %%
start = bg.Mixture.from_sds(
    weights=[0.5, 0.5], means=[[2.5, 80.0], [4.0, 60.0]], sds=[[1.0, 10.0], [1.0, 10.0]]
)
path = bg.em_path(em, X, init=start)
path.log_likelihood.round(1)

# %% [markdown]
# **The E-step.** Each row gets its responsibilities: the probability that it came from each
# component, given the parameters of the moment. They are a matrix with a row for each eruption, and
# each row sums to one.

# %%
r = path.mixture[0].responsibilities(X)
pd.concat([X, pd.DataFrame(r.round(3), columns=["r0", "r1"])], axis=1).head(8)

# %% [markdown]
# **The M-step**, three updates. Summed down its column, the matrix counts how many eruptions each
# component holds; the new weights are those counts as shares, the new means and covariances are
# averages in which an eruption counts as much as it belongs.

# %%
x = X.to_numpy()
counts = r.sum(axis=0)
weights = counts / len(x)
means = r.T @ x / counts[:, None]
differences = x[:, None, :] - means
covariances = np.einsum("nk,nki,nkj->kij", r, differences, differences) / counts[:, None, None]
updates = {
    "count": counts,
    "weight": weights,
    "mean eruptions": means[:, 0],
    "mean wait": means[:, 1],
}
updates |= {"sd eruptions": covariances[:, 0, 0] ** 0.5, "sd wait": covariances[:, 1, 1] ** 0.5}
pd.DataFrame(updates).round(2)

# %% [markdown]
# That is the package's first iteration, but for the ridge on the covariances, a millionth of each
# column's variance, which keeps them from collapsing.

# %%
following = path.mixture[1]
np.testing.assert_allclose(following.weights, weights)
np.testing.assert_allclose(following.means, means)
np.testing.assert_allclose(following.covariances, covariances, rtol=1e-4)

# %% [markdown]
# Both steps again and again. After one iteration both components lie over all the rows; it takes
# ten until each has its own. The log-likelihood never falls, which is what EM guarantees. But it
# has flat pieces: the second iteration gains 3 nats, the sixth 32. A run that stops at the first
# small gain may stop too early.

# %%
bg.plot_em_path(em, X, init=start)

# %% [markdown]
# The same in one feature: the two curves of the start grow into the two modes.

# %%
bg.plot_em_path(em, X, "waiting", init=start)

# %% [markdown]
# EM climbs the hill on which it was put down. How many hills there are, only several starts can
# tell: the package runs a pool of them, the best to the end, and keeps what each one found. With
# four components on the same eruptions they found five; the usual k-means start alone would have
# ended 8.7 nats below the highest.

# %%
four = bg.GaussianMixture(n_components=4, random_state=1).fit(X)
bg.plot_starts(four)
