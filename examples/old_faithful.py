"""Old Faithful, end to end: EM, the posterior, both side by side, ellipses. A notebook in percent format."""

# %% [markdown]
# # Old Faithful: how sure are we?
#
# Eruptions of the geyser are of two kinds, short and long. Two features, both in minutes: how long an eruption lasts,
# and how long one waits for the next.

# %%
from pathlib import Path

import arviz as az
import pandas as pd

import bayesgmm as bg

X = bg.load_faithful()
print(X.agg(["count", "mean", "std"]).round(2))

# %% [markdown]
# EM gives the point estimate, with scikit-learn's interface. The posterior starts there and keeps its labels.

# %%
em = bg.GaussianMixture(n_components=2, random_state=1).fit(X)
fit = bg.BayesianGaussianMixture(n_components=2, random_state=1).fit(X)
print(f"log-likelihood at EM's solution: {em.result_.log_likelihood:.5f}")
print(fit.summary())

# %% [markdown]
# ## Side by side
#
# `shift` is the distance between posterior mean and EM, in posterior sds. The standard deviations lie a little above
# EM's: what is known of a standard deviation is skewed to the right, so its mean lies beyond its peak.

# %%
print(bg.compare_em(fit))

# %% [markdown]
# ## Who belongs where
#
# The entropy of a membership has two parts: components that overlap, and parameters that are not known exactly.

# %%
memberships = fit.responsibilities(X)
unsure = memberships["entropy"].to_series().nlargest(5).index
print(memberships[["entropy", "overlap", "parameter_uncertainty"]].sel(obs=unsure).to_dataframe().round(3))
between = pd.DataFrame({"eruptions": [2.9, 3.1], "waiting": [63.0, 67.0]})
print(between.assign(short=fit.predict_proba(between)[:, 0].round(2)))

# %% [markdown]
# ## Pictures, and on to ArviZ

# %%
results = Path("results")
results.mkdir(exist_ok=True)
bg.plot_ellipses(fit).get_figure().savefig(results / "old_faithful.png")
fit.save(results / "old_faithful.nc")
print(az.rhat(bg.load(results / "old_faithful.nc").idata)["means"].to_pandas().round(3))
