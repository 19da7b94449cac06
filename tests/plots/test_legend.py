"""The legend: a keyword of every picture that has one, in the same words."""

import inspect

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

import bayesgmm as bg
from bayesgmm.plots import legend

PICTURES = [name for name in bg.__all__ if name.startswith("plot_")]
WITHOUT = {"plot_comparison", "plot_elbo", "plot_segmentation", "plot_style"}  # above the axes; none; none; no picture
WORDS = """legend : bool
    Whether to draw the legend; panels side by side need but one, and axes too small for it get none.
"""
DRAW = {
    "plot_criteria": lambda p, **how: bg.plot_criteria([p], **how),
    "plot_em_path": lambda p, **how: bg.plot_em_path(p, init=p.em, **how),
    "plot_predictive_check": lambda p, **how: bg.plot_predictive_check(p, n_replicates=5, random_state=1, **how),
    "plot_ternary": lambda p, **how: bg.plot_ternary(p.em_fit, p.data.x, **how),
}


@pytest.fixture(scope="module")
def triple(faithful):
    return bg.GaussianMixture(3, random_state=1).fit(faithful).result_


def legends(picture):
    """Every legend of a figure, its own and those of its axes."""
    figure = picture if isinstance(picture, Figure) else picture.figure
    return [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend() is not None)]


@pytest.mark.parametrize("name", sorted({*PICTURES} - WITHOUT))
def test_every_picture_has_one_keyword_for_its_legend(name, posterior, triple, faithful):
    picture = getattr(bg, name)
    parameter = inspect.signature(picture).parameters["legend"]
    assert parameter.default is True and parameter.kind is parameter.KEYWORD_ONLY
    assert WORDS in inspect.getdoc(picture)
    if name == "plot_ternary":
        drawn = {shown: picture(triple, faithful, legend=shown) for shown in (True, False)}
    else:
        draw = DRAW.get(name, lambda p, **how: picture(p, **how))
        drawn = {shown: draw(posterior, legend=shown) for shown in (True, False)}
    assert len(legends(drawn[True])) == 1 and legends(drawn[False]) == []


@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_the_others_have_none(name):
    assert "legend" not in inspect.signature(getattr(bg, name)).parameters


@pytest.mark.parametrize(("size", "is_small"), [((6.0, 4.5), False), ((3.4, 2.7), True)])
def test_on_axes_of_the_user_it_covers_a_third_at_most(size, is_small):
    figure, ax = plt.subplots(figsize=size, layout="constrained")
    legend.add_legend(ax, [legend.text_entry("component 0")] * 7, is_own=False, title="ellipses hold 95 %")
    figure.canvas.draw()
    found, whole = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert found.width * found.height < 0.4 * whole.width * whole.height
    assert (ax.get_legend().get_texts()[0].get_fontsize() < legend.TEXT_SIZE) == is_small


def test_it_neither_moves_axes_of_the_user_nor_hides_them_whole():
    """Twenty long names: the axes of a small figure keep their place, and there is no legend."""
    figure, ax = plt.subplots(figsize=(3.4, 2.7), layout="constrained")
    entries = [legend.text_entry(f"customers of kind {k}") for k in range(20)]
    legend.add_legend(ax, entries, is_own=False)
    figure.canvas.draw()  # a layout without room for its axes would warn, and warnings are errors
    assert ax.get_legend() is None


def test_a_surface_on_small_axes_has_a_legend_if_there_is_room(posterior, crowd):
    for fit, n in ((posterior, 1), (crowd, 0)):
        figure, ax = plt.subplots(figsize=(3.4, 2.7), subplot_kw={"projection": "3d"})
        assert len(legends(bg.plot_density_surface(fit, ax=ax))) == n
        plt.close(figure)
