# %% [markdown]
"""
EM beside NUTS beside ADVI
==========================

Five ways to fit the same mixture: EM with its standard errors, the posterior by NUTS, and three
approximations of it. On Old Faithful they agree, and each says so itself. On iris, with three
components in four dimensions and 150 rows, they do not, and EM is too sure.
"""

# %%
import pandas as pd
from sklearn.datasets import load_iris

import bayesgmm as bg


def fit_all(X, n_components):
    methods = ["nuts", "laplace", "fullrank_advi", "advi"]
    fits = {
        method: bg.BayesianGaussianMixture(n_components, method=method, random_state=1).fit(X)
        for method in methods
    }
    return {"EM": bg.GaussianMixture(n_components, random_state=1).fit(X)} | fits


# %% [markdown]
# Old Faithful first: 272 eruptions of two kinds, far apart. A column for each fit, a row for each
# parameter; below, what each fit cost and how far it lies from NUTS, in posterior standard
# deviations. The last lines say how far each can be trusted.

# %%
geyser = fit_all(bg.load_faithful(), 2)
bg.compare_fits(geyser)

# %% [markdown]
# On one scale, in posterior standard deviations from the mean of NUTS. EM agrees on the means; its
# standard deviations lie to the left, as their posterior is skewed and EM is at its peak.

# %%
bg.plot_comparison(geyser)

# %% [markdown]
# Iris: 44 parameters from 150 flowers. Read the lines below the table: k-hat says of Laplace and of
# ADVI that their draws cannot stand for the posterior, and says it without knowing NUTS. Full-rank
# ADVI passes, once its draws are resampled by their importance weights.

# %%
iris = load_iris(as_frame=True).data
iris.columns = iris.columns.str.removesuffix(" (cm)")
flowers = fit_all(iris, 3)
flower_comparison = bg.compare_fits(flowers)
flower_comparison.fits

# %% [markdown]
# It is not that ADVI's search stopped too early: after eight steps its bound, the ELBO, was within
# a thousandth of a nat of the highest. What is wrong is the family: normal, without correlations.

# %%
bg.plot_elbo(flowers["advi"])

# %% [markdown]
# The correlations show it. Each of EM's lies to the right of the mean of NUTS, most of all in the
# second component, which holds the fewest flowers: their posterior is skewed to the left, EM is at
# its peak, and the default prior, LKJ(2), prefers them a little nearer to zero.

# %%
bg.plot_comparison(flowers, parameters="correlations")

# %% [markdown]
# How sure is EM? Its standard errors, relative to the posterior's standard deviations: below one,
# EM's interval is the narrower. It mostly is: by a little for means, by a lot for some of the
# correlations.

# %%
table = flower_comparison.parameters
kinds = table.index.str.partition("[").get_level_values(0)
(table["EM"]["se"] / table["nuts"]["sd"]).groupby(kinds).describe().round(2)

# %% [markdown]
# And of the flowers? With its parameters taken as known, EM is in doubt about fewer flowers than
# the posterior, which knows them only so well. Laplace and ADVI, of which k-hat warned, are as sure
# as EM is.

# %%
doubt = {name: 1 - fit.predict_proba(iris).max(axis=1) for name, fit in flowers.items()}
(pd.DataFrame(doubt) > 0.05).sum().rename("flowers in doubt by more than 5 %").to_frame()
