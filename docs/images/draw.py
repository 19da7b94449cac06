"""Draw the pictures of README and docs beside this script."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pymc as pm

import bayesgmm as bg
from bayesgmm.plots import style

FOLDER = Path(__file__).parent
X = bg.load_faithful()


def draw_ellipses() -> None:
    """Run the lines of the README as they stand there."""
    fit = bg.BayesianGaussianMixture(n_components=2, random_state=1).fit(X)
    bg.plot_ellipses(fit).get_figure().savefig(FOLDER / "ellipses.png", dpi=100)


def draw_labels() -> None:
    """Show draws of two means in all orders of the components, and the same draws matched to EM."""
    waiting = X[["waiting"]]
    sds = pm.Truncated.dist(pm.LogNormal.dist(np.log(8.0), 0.5), lower=0.5)
    priors = bg.Priors(means=pm.Normal.dist(70.0, 15.0), sds=sds)
    idata = bg.BayesianGaussianMixture(2, method="smc", priors=priors, random_state=1).fit(waiting).idata
    matched = idata["posterior"]["means"].to_numpy()[0, :, :, 0]  # (S, K)
    places = np.argsort(idata["relabelling"]["permutation"].to_numpy()[0], axis=-1)
    drawn = np.take_along_axis(matched, places, axis=-1)
    draw_traces({"as drawn": drawn, "matched to EM": matched}, "mean of waiting [minutes]", "labels.png")


def draw_unidentified() -> None:
    """Show where the draws of four components lie that the data do not tell apart."""
    posterior = bg.BayesianGaussianMixture(4, random_state=1).fit(X).posterior_
    means = posterior.mixture.means[0]  # (S, K, D)
    with style.plot_style():
        figure, axes = plt.subplots(figsize=(5.4, 4.0), layout="constrained")
        axes.scatter(*X.to_numpy().T, s=6, color="0.8", zorder=1)
        for k, color in enumerate(style.component_colors(4)):
            axes.scatter(*means[:, k].T, s=3, color=color, alpha=0.5, linewidth=0, label=f"component {k}")
        axes.set(xlabel="eruptions", ylabel="waiting", title="draws of the means")
        axes.legend(markerscale=4, loc="lower right")
        figure.savefig(FOLDER / "unidentified.png", dpi=100)


def draw_traces(panels: dict[str, np.ndarray], label: str, name: str) -> None:
    """Draw the draws (S, K) of one chain, a panel each."""
    with style.plot_style():
        figure, axes = plt.subplots(1, len(panels), figsize=(8.0, 3.2), sharey=True, layout="constrained")
        for ax, (title, draws) in zip(axes, panels.items(), strict=True):
            for k, color in enumerate(style.component_colors(draws.shape[-1])):
                ax.plot(draws[:, k], ".", markersize=2, color=color)
                ax.axhline(draws[:, k].mean(), color=color, linewidth=1.5, label=f"component {k}, and its average")
            ax.set(title=title, xlabel="draw")
        axes[0].set_ylabel(label)
        axes[0].legend(loc="center right", bbox_to_anchor=(0.98, 0.36), fontsize="small")
        figure.savefig(FOLDER / name, dpi=100)


if __name__ == "__main__":
    draw_ellipses()
    draw_labels()
    draw_unidentified()
