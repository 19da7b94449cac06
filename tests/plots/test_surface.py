"""The density as a mountain, by what is drawn: heights, colours, floor, legend."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from mpl_toolkits.mplot3d import Axes3D

from bayesgmm.covariance import as_family
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots import style
from bayesgmm.plots.surface import FLOOR, LEAST, plot_density_surface
from bayesgmm.posterior.thinning import spaced_draws


@pytest.fixture
def corners(monkeypatch):
    """The points (M, 3) of the surface that was drawn last, without those that cannot be seen."""
    drawn, draw = [], Axes3D.plot_surface

    def plot_surface(ax, x, y, z, *, facecolors, **look):
        assert np.isfinite(z).all()
        drawn.append(np.stack([x, y, z], axis=-1)[facecolors[..., 3] == 1.0])
        return draw(ax, x, y, z, facecolors=facecolors, **look)

    monkeypatch.setattr(Axes3D, "plot_surface", plot_surface)
    return lambda ax: drawn[-1]


def test_heights_are_the_posterior_mean_density(posterior, corners):
    points = corners(plot_density_surface(posterior))
    few = spaced_draws(posterior.mixture)
    expected = np.exp(few.log_density(points[:, :2])).mean(0)
    np.testing.assert_allclose(points[:, 2], expected, rtol=1e-6)
    assert points[:, 2].min() > LEAST * points[:, 2].max()


def test_a_picture_has_every_part(posterior, drawn, legend_texts):
    ax = plot_density_surface(posterior)
    assert [len(drawn(ax, part)) for part in ("surface", "contours", "rows")] == [1, 1, 1]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()) == ("eruptions", "waiting", "density")
    assert legend_texts(ax) == ["component 0", "component 1"]
    assert ax.get_legend().get_title().get_text() == "posterior mean density"
    assert min(ax.get_zticks()) == 0


def test_contours_and_rows_lie_on_the_floor(posterior, drawn, corners):
    ax = plot_density_surface(posterior)
    floor = ax.get_zlim()[0]
    (rows,) = drawn(ax, "rows")
    x, y, z = rows._offsets3d
    np.testing.assert_allclose(np.column_stack([x, y]), posterior.data.x)
    np.testing.assert_allclose(z, floor)
    assert floor == pytest.approx(FLOOR * corners(ax)[:, 2].max(), rel=1e-6)


def test_a_summit_has_the_colour_of_its_component(posterior, drawn):
    """Faces are lit from one side, so hues are compared: the summit's colour is a multiple of the component's."""
    (surface,) = drawn(plot_density_surface(posterior), "surface")
    faces = np.asarray(surface._facecolor3d)[:, :3]
    for color in style.component_colors(2):
        cosine = faces @ color / np.linalg.norm(faces, axis=1) / np.linalg.norm(color)
        assert (cosine > 0.999).mean() > 0.2


@pytest.mark.parametrize("with_rows", [False, True])
def test_em_alone(faithful, drawn, with_rows, corners):
    em = fit_em(as_data(faithful), 2, as_family("full"), random_state=1)
    ax = plot_density_surface(em, faithful if with_rows else None, features=[1, 0])
    assert len(drawn(ax, "rows")) == with_rows
    assert ax.get_legend().get_title().get_text() == "density of EM"
    points = corners(ax)
    np.testing.assert_allclose(points[:, 2], np.exp(em.mixture.log_density(points[:, [1, 0]])), rtol=1e-6)


def test_many_components_and_notes(crowd, unidentified, legend_texts):
    assert len(legend_texts(plot_density_surface(crowd))) == 20
    assert legend_texts(plot_density_surface(unidentified))[-1] == "components not identified"


def test_draws_on_the_given_axes_and_leaves_everything_else_alone(posterior):
    figure, axes = plt.subplots(1, 2, subplot_kw={"projection": "3d"})
    before = dict(plt.rcParams)
    assert plot_density_surface(posterior, ax=axes[0]) is axes[0]
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == [figure.number]


def test_it_draws_on_dark_paper_without_grey_walls(posterior):
    with plt.style.context("dark_background"):
        ax = plot_density_surface(posterior)
        ax.figure.canvas.draw()
    assert ax.xaxis.pane.get_facecolor()[3] == 0


ERRORS = {
    "one feature": (lambda p: plot_density_surface(p, features=[0]), "`features` must name two features"),
    "flat axes": (lambda p: plot_density_surface(p, ax=plt.figure().add_subplot()), "be 3-D Axes or None; got Axes"),
    "fit": (lambda p: plot_density_surface(None), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(posterior, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior)
