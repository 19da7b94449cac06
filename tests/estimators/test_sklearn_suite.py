"""scikit-learn's own checks: its mixture test file with our class in its place, and `check_estimator`."""

import json
import subprocess
import sys

import pytest
from sklearn.mixture.tests import test_gaussian_mixture as original
from sklearn.utils.estimator_checks import parametrize_with_checks

from bayesgmm.estimators.gaussian import GaussianMixture

# By name, each with its reason; everything else in the file must pass.
PRIVATE = {  # call scikit-learn's private functions or methods
    "test_suffstat_sk_full",
    "test_suffstat_sk_tied",
    "test_suffstat_sk_diag",
    "test_gaussian_suffstat_sk_spherical",
    "test_compute_log_det_cholesky",
    "test_gaussian_mixture_log_probabilities",
    "test_gaussian_mixture_precisions_init",
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters",
}
ARRAY_API = {
    "test_gaussian_mixture_array_api_compliance",
    "test_gaussian_mixture_raises_where_array_api_not_implemented",
}
LISTED = PRIVATE | ARRAY_API

RUN = """
import json, sys
import pytest, sklearn.mixture
from bayesgmm.estimators.gaussian import GaussianMixture

sklearn.mixture.GaussianMixture = GaussianMixture


class Recorder:
    outcomes = {}

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if item.originalname not in set(json.loads(sys.argv[2]))]

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.split("::")[-1]
        if report.failed or name not in self.outcomes:
            self.outcomes[name] = report.longreprtext if report.failed else report.outcome


suite = ["--pyargs", "sklearn.mixture.tests.test_gaussian_mixture"]
pytest.main(["-q", "-p", "no:cacheprovider", *suite], plugins=[Recorder()])
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(Recorder.outcomes, file)
"""


def run_suite(folder, deselected):
    """Outcome by test name, in a process of its own: scikit-learn's fixtures and settings, not ours."""
    report = folder / "outcomes.json"
    command = [sys.executable, "-c", RUN, str(report), json.dumps(sorted(deselected))]
    subprocess.run(command, cwd=folder, capture_output=True, timeout=600, check=True)
    return json.loads(report.read_text(encoding="utf-8"))


def test_listed_tests_exist():
    """A test that scikit-learn renames or drops must not stay on the list."""
    assert {name for name in LISTED if not hasattr(original, name)} == set()


def test_scikit_learns_mixture_tests_pass_with_our_class(tmp_path):
    outcomes = run_suite(tmp_path, LISTED)
    assert len(outcomes) > 40
    assert {name: outcome for name, outcome in outcomes.items() if outcome not in ("passed", "skipped")} == {}
    assert sum(outcome == "passed" for outcome in outcomes.values()) > 30


def refused(estimator):
    """Why one check of the default settings cannot pass."""
    if estimator.reg_covar is not None:
        return {}
    reason = "27 rows of 30 features leave a covariance singular: refused, unless `reg_covar` is a number"
    return {"check_sample_weight_equivalence_on_dense_data": reason}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [GaussianMixture(), GaussianMixture(reg_covar=1e-6), GaussianMixture(n_components=2, covariance_type="tied")],
    expected_failed_checks=refused,
)
def test_check_estimator(estimator, check):
    check(estimator)
