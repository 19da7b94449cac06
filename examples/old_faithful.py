# %% [markdown]
"""
Old Faithful: how sure are we?
==============================

Eruptions of the geyser are of two kinds, short and long. Two features, both in minutes: how long an
eruption lasts, and how long one waits for the next. EM and the posterior from the first line to the
saved file.
"""

# %%
from pathlib import Path

import arviz as az
import pandas as pd

import bayesgmm as bg

X = bg.load_faithful()
X.agg(["count", "mean", "std"]).round(2)

# %% [markdown]
# EM gives the point estimate, with scikit-learn's interface. The posterior starts there and keeps
# its labels.

# %%
em = bg.GaussianMixture(n_components=2, random_state=1).fit(X)
fit = bg.BayesianGaussianMixture(n_components=2, random_state=1).fit(X)
fit.summary()

# %% [markdown]
# Points have the colours of the components; the less sure a membership, the emptier the point. The
# dashed ellipses are EM's, the solid ones the posterior's within their credible band.

# %%
ax = bg.plot_ellipses(fit)

# %% [markdown]
# EM beside the posterior. The ``shift`` is the distance between posterior mean and EM, in posterior
# sds. The standard deviations lie a little above EM's: what is known of a standard deviation is
# skewed to the right, so its mean lies beyond its peak.

# %%
bg.compare_em(fit, em)

# %% [markdown]
# Who belongs where: the entropy of a membership has two parts, components that overlap, and
# parameters that are not known exactly. These are the five rows that are least sure.

# %%
memberships = fit.responsibilities(X)
parts = memberships[["entropy", "overlap", "parameter_uncertainty"]].to_dataframe()
parts.nlargest(5, "entropy").round(3)

# %% [markdown]
# New rows between the two kinds, and the probability that each is a short one.

# %%
between = pd.DataFrame({"eruptions": [2.9, 3.1], "waiting": [63.0, 67.0]})
between.assign(short=fit.predict_proba(between)[:, 0].round(2))

# %% [markdown]
# Everything goes into one file, and on to ArviZ: here the R-hat of the means.

# %%
results = Path("results")
results.mkdir(exist_ok=True)
ax.get_figure().savefig(results / "old_faithful.png")
posterior = bg.load(fit.save(results / "old_faithful.nc"))
az.rhat(posterior.idata)["means"].to_pandas().round(3)
