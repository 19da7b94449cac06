import numpy as np

import bayesgmm as bg


def test_load_faithful_has_two_named_features_of_272_finite_rows():
    X = bg.load_faithful()
    assert X.shape == (272, 2)
    assert list(X.columns) == ["eruptions", "waiting"]
    assert np.isfinite(X.to_numpy(dtype=float)).all()


def test_load_faithful_equals_the_published_moments():
    """Sums over R's `datasets::faithful`: 948.677 and 19284 minutes, hence means 3.487783 and 70.897059."""
    X = bg.load_faithful()
    np.testing.assert_allclose(X.sum(), [948.677, 19284], rtol=1e-12)
    np.testing.assert_allclose(X.mean(), [3.487783, 70.897059], atol=1e-6)
    np.testing.assert_allclose(X.std(), [1.141371, 13.594974], atol=1e-6)


def test_load_faithful_gives_its_own_copy_every_time():
    X = bg.load_faithful()
    X.iloc[0, 0] = -1.0
    assert bg.load_faithful().iloc[0, 0] == 3.6
