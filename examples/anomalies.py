# %% [markdown]
"""
Anomalies at a stated false-alarm rate
======================================

A row is odd where the density is low. How low? So low that of ordinary rows only one in a hundred
lies there. The posterior keeps that promise, as it knows that the density was learnt from a hundred
rows; EM, which does not, gives twice as many false alarms. And every score has its interval.
"""

# %%
import numpy as np
import pandas as pd

import bayesgmm as bg

machine = bg.Mixture.from_covariances(
    weights=[0.7, 0.3],
    means=[[60.0, 2.0], [80.0, 3.5]],
    covariances=[[[16.0, 1.2], [1.2, 0.16]], [[25.0, -1.5], [-1.5, 0.25]]],
)
rows, _ = machine.sample(100, random_state=1)
X = pd.DataFrame(rows, columns=["temperature", "vibration"])

# %% [markdown]
# A hundred hours of a machine in good order, idle or under load; simulated, so that false alarms
# can be counted. The score of a row is the logarithm of its predictive density, per degree and unit
# of vibration: it is no probability. Rows drawn from the posterior predictive give the threshold.

# %%
fit = bg.BayesianGaussianMixture(n_components=2, random_state=1).fit(X)
posterior = fit.posterior_.rename(["idle", "load"])
predicted, _ = posterior.sample(10_000, random_state=1)
threshold = np.quantile(posterior.score_samples(predicted), 0.01)
round(float(threshold), 2)

# %% [markdown]
# Six new hours, with the intervals of their scores. Where the whole interval lies on one side of
# the threshold the verdict is sure; where it holds the threshold, a hundred hours were too few to
# tell.

# %%
new = pd.DataFrame(
    {"temperature": [61, 79, 72, 92, 60, 45], "vibration": [2.1, 3.4, 4.5, 2.5, 3.5, 2.0]},
    index=["A", "B", "C", "D", "E", "F"],
)
scores = np.log(posterior.density(new)).to_dataframe()
scores["alarm"] = scores["mean"] < threshold
scores["sure"] = (scores["upper"] < threshold) | (scores["lower"] > threshold)
scores.round(2)

# %% [markdown]
# The same as a picture: inside the line lie 99 of a hundred ordinary rows, and the band says how
# well the line is known. E is as cool as an idle machine and shakes no more than one under load, so
# that a limit for each column would let it pass; but no ordinary hour has both.

# %%
ax = bg.plot_density_contours(posterior, levels=[0.99])
ax.plot(new["temperature"], new["vibration"], "r^")
for name, place in new.iterrows():
    ax.annotate(name, place, textcoords="offset points", xytext=(6, 4))

# %% [markdown]
# Is the promise kept? Ten machines of the same kind, each learnt from a hundred hours of its own,
# and two thousand ordinary hours of each: how many of a hundred cause an alarm?

# %%
rates = []
for seed in range(10):
    learnt, _ = machine.sample(100, random_state=seed)
    ordinary, _ = machine.sample(2000, random_state=100 + seed)
    fit = bg.BayesianGaussianMixture(n_components=2, random_state=1).fit(learnt)
    least = np.quantile(fit.score_samples(fit.sample(10_000)[0]), 0.01)
    em = fit.em_.mixture
    em_least = np.quantile(em.log_density(em.sample(10_000, random_state=1)[0]), 0.01)
    alarms = fit.score_samples(ordinary) < least, em.log_density(ordinary) < em_least
    rates.append([100 * alarm.mean() for alarm in alarms])
pd.DataFrame(rates, columns=["posterior", "EM"]).describe().loc[["mean", "min", "max"]].round(1)
