# %% [markdown]
"""
How many components?
====================

BIC, ICL, cross-validation and PSIS-LOO over the number of components and the covariance family, on
one picture. They answer different questions and do not agree, and a criterion without its error
does not say how close the race was.
"""

# %%
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, cross_val_score

import bayesgmm as bg
from bayesgmm.errors import LabelWarning

X = bg.load_faithful()

# %% [markdown]
# EM first: three families, one to four components. Then posteriors of the two families in the lead,
# which add their leave-one-out density. Where a posterior cannot tell its components apart it
# warns; here the column ``verdict`` says it.

# %%
models = [
    bg.GaussianMixture(K, covariance_type=family, random_state=1)
    for family in ("full", "tied", "diag")
    for K in (1, 2, 3, 4)
]
ems = [model.fit(X) for model in models]
warnings.simplefilter("ignore", LabelWarning)
posteriors = [
    bg.BayesianGaussianMixture(K, covariance_type=family, random_state=1).fit(X)
    for family in ("full", "tied")
    for K in (1, 2, 3)
]
table = bg.compare_criteria([*ems, *posteriors])
table

# %% [markdown]
# To this come the folds of scikit-learn: the mean log density of eruptions that a fit has not seen.
# All models see the same folds, so what counts is the error of the difference from the best.

# %%
folds = KFold(10, shuffle=True, random_state=1)
scores = np.array([cross_val_score(model, X, cv=folds) for model in models])
behind = scores[scores.mean(axis=1).argmax()] - scores
table["cv"] = pd.Series(scores.mean(axis=1))
table["cv_diff_se"] = pd.Series(behind.std(axis=1, ddof=1) / np.sqrt(10))
bg.plot_criteria(table, ["bic", "icl", "cv", "elpd_loo"])

# %% [markdown]
# Four criteria, four winners. ICL takes two clusters, BIC three components with one covariance for
# all. The folds of cross-validation take four components without correlations, PSIS-LOO three full
# ones. These three are the one posterior here that cannot tell its components apart. Its chains did
# not come to agree either, so its place is not to be trusted.
#
# But read the bars. One component is out by all four. Two full components lie 7.7 nats below the
# best by PSIS-LOO, with a standard error of 4.5; three tied ones 3.7, with 4.9. By cross-validation
# both are about one standard error from the winner. By density alone 272 eruptions do not settle
# it, so it is the question that decides.

# %% [markdown]
# Two clusters, or three components? The third splits the long eruptions, of which many are then in
# doubt (the empty points): a better description of a cluster that is no ellipse. For two kinds of
# eruptions take two; for the density, three tied ones do as well, with as many parameters.

# %%
with bg.plot_style():
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for ax, posterior in zip(axes, [posteriors[1], posteriors[5]], strict=True):
    bg.plot_ellipses(posterior, ax=ax)
