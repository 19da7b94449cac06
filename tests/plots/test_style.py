"""The look: colours that colour-blind readers tell apart, points that say how sure they are, settings left alone."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from bayesgmm.errors import InvalidArgumentTypeError
from bayesgmm.plots import legend, style

# What a reader without one kind of cones sees of linear RGB (Machado, Oliveira and Fernandes 2009,
# doi:10.1109/TVCG.2009.113, severity 1).
VISIONS = {
    "common": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
LMS = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
LMS += [[0.0883024619, 0.2817188376, 0.6299787005]]
LAB = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
LAB += [[0.0259040371, 0.7827717662, -0.8086757660]]


def oklab(colors, vision):
    """Perceptual coordinates (Ottosson 2020) of colours as one vision sees them; 0.02 is a just noticeable step."""
    colors = np.asarray(colors)
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(vision).T, 0.0, 1.0)
    return np.cbrt(seen @ np.array(LMS).T) @ np.array(LAB).T


@pytest.mark.parametrize("vision", VISIONS.values(), ids=VISIONS)
def test_colours_stay_apart_from_each_other_and_from_the_paper(vision):
    """At least three noticeable steps, for every kind of colour blindness, black and white paper included."""
    seen = oklab([to_rgb(color) for color in (*style.PALETTE, "white", "black")], vision)
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 0.06


def test_thirty_six_components_differ_in_colour_or_marker():
    looks = zip(map(tuple, style.component_colors(36)), style.component_markers(36), strict=True)
    assert len(set(looks)) == 36


def test_the_less_sure_a_point_the_paler_it_is():
    """From a full colour to a ring on the paper, whatever the number of components; edges keep the mixed colour."""
    top = np.linspace(1.0, 0.5, 6)
    shares = np.column_stack([top, 1 - top, np.zeros(6)])
    colors, background = style.component_colors(3), np.ones(3)
    faces, edges = style.blend(shares, colors, background)
    np.testing.assert_allclose(faces[0], colors[0])
    np.testing.assert_allclose(edges, shares @ colors)
    assert (np.diff(np.linalg.norm(faces - background, axis=1)) < 0).all()


def test_equal_shares_of_many_components_are_as_unsure_as_of_two():
    np.testing.assert_array_equal(
        style.unsure(np.array([[0.5, 0.5, 0.0, 0.0], [0.25] * 4, [1.0, 0.0, 0.0, 0.0]])), [1, 1, 0]
    )


def test_style_holds_within_its_block_only():
    before = dict(plt.rcParams)
    with style.plot_style():
        assert dict(plt.rcParams) != before
    assert dict(plt.rcParams) == before


@pytest.mark.parametrize("paper", ["default", "dark_background"])
def test_pictures_of_the_users_own_have_the_colours_of_components(paper):
    """One after the other; paper and ink stay those of the user's style."""
    with plt.style.context(paper):
        expected = plt.rcParams["axes.facecolor"]
        with style.plot_style():
            _, ax = plt.subplots()
            lines = ax.plot([0, 1], np.zeros((2, 8)))
    np.testing.assert_allclose([to_rgb(line.get_color()) for line in lines], style.component_colors(8))
    assert to_rgb(ax.get_facecolor()) == to_rgb(expected)
    assert not ax.spines["top"].get_visible()


def test_an_error_closes_the_figures_of_its_block_only():
    kept = plt.figure()
    with pytest.raises(ZeroDivisionError), style.plot_style():
        plt.figure()
        _ = 1 / 0
    assert plt.get_fignums() == [kept.number]


@pytest.mark.parametrize(
    ("background", "expected"), {"white": "#222222", "black": "#EEEEEE", "#333344": "#EEEEEE"}.items()
)
def test_the_ink_stands_out_from_the_paper(background, expected):
    _, ax = plt.subplots()
    ax.set_facecolor(background)
    assert style.ink(ax) == expected
    np.testing.assert_allclose(style.paper(ax), to_rgb(background))


def test_the_paper_of_transparent_axes_is_the_figures():
    figure, ax = plt.subplots(facecolor="black")
    ax.set_facecolor("none")
    assert style.ink(ax) == "#EEEEEE"
    figure.set_facecolor("none")
    assert style.ink(ax) == "#222222"


NUMBERS = {
    "two digits of the sd": (79.9681, 0.474, "79.97"),
    "a wide sd": (1234.5, 80.0, "1234"),
    "tiny": (0.00012345, 2e-6, "0.0001234"),
    "no sd": (3.14159, 0.0, "3.142"),
    "sd not known": (3.14159, np.nan, "3.142"),
    "far below one": (1.5e-12, 1e-14, "1.5e-12"),
    "far above": (1.5e12, 1e10, "1.5e+12"),
}


@pytest.mark.parametrize(("value", "sd", "text"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_show_what_their_sd_makes_worth_reading(value, sd, text):
    assert style.number_text(value, sd) == text


def test_axes_must_be_axes():
    figure, _ = plt.subplots()
    with pytest.raises(InvalidArgumentTypeError, match="`ax` must be a matplotlib Axes or None; got Figure"):
        style.open_axes(figure, (4, 3))


@pytest.mark.parametrize("n_components", [1, 6, 20, 60])
def test_a_legend_beside_the_axes_is_no_higher_than_the_figure(n_components):
    figsize = legend.wide_figure((7.2, 4.6), n_components)
    ax = style.open_axes(None, figsize)
    entries = [legend.text_entry(f"component {k}") for k in range(n_components + 4)]
    legend.add_legend(ax, entries, is_own=True, title="title")
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent().transformed(ax.figure.transFigure.inverted())
    assert 0 <= box.y0 and box.y1 <= 1 and box.x1 <= 1
    assert ax.get_position().width * figsize[0] > 4.0
