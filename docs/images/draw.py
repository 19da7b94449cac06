"""Draw the pictures of README and docs beside this script: the lines of the README, run as they stand there."""

from pathlib import Path

import bayesgmm as bg

X = bg.load_faithful()
fit = bg.BayesianGaussianMixture(n_components=2, random_state=1).fit(X)
bg.plot_ellipses(fit).get_figure().savefig(Path(__file__).parent / "ellipses.png", dpi=100)
