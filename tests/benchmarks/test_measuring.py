"""What every figure rests on: turns, stamps, what is kept, and a fresh process."""

import tomllib

import numpy as np
import pytest
from packaging.requirements import Requirement

from bayesgmm.density import log_density
from bayesgmm.kernel.rows import expected_statistics
from benchmarks import measuring
from benchmarks.kernel import our_calls
from benchmarks.peers.numpy_products import make_calls
from benchmarks.problem import APART, Problem, read_problem, simulate, state_problem, write_problem


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder of results."""
    monkeypatch.setattr(measuring, "RESULTS", tmp_path)
    return tmp_path


def test_calls_take_turns(monkeypatch):
    monkeypatch.setattr(measuring, "LEAST", 0.0)
    called = []
    medians = measuring.take_turns({name: lambda name=name: called.append(name) for name in "AB"}, repeats=3)
    assert "".join(called) == "AABB" + "AB" * 3
    assert set(medians) == {"A", "B"}
    assert min(medians.values()) > 0.0


def test_figures_of_another_run_stay(results):
    measuring.save_results("suite", {"date": "first"}, {"a": {"seconds": 1.0}, "b": {"seconds": 2.0}})
    measuring.save_results("suite", {"date": "second"}, {"b": {"seconds": 3.0}})
    assert measuring.load_results("suite") == {
        "a": {"stamp": {"date": "first"}, "seconds": 1.0},
        "b": {"stamp": {"date": "second"}, "seconds": 3.0},
    }
    assert measuring.load_results("other") == {}


def test_a_failed_program_says_why():
    with pytest.raises(RuntimeError, match="no such peer"):
        measuring.run_program(["-c", "raise SystemExit('no such peer')"])


def test_stamp_names_versions():
    stamp = measuring.make_stamp(["numpy", "no-such-package"])
    assert stamp["versions"]["numpy"] == np.__version__
    assert stamp["versions"]["no-such-package"] == "not installed"


def test_means_lie_apart():
    x, truth = simulate(300, 4, 3)
    gaps = np.linalg.norm(truth.means[:, None] - truth.means, axis=-1) + APART * np.eye(4)
    assert x.shape == (300, 3)
    assert gaps.min() >= APART


def test_problem_survives_its_file(tmp_path, monkeypatch):
    problem = state_problem(*simulate(50, 2, 2), draws=7)
    write_problem(tmp_path / "problem.npz", problem)
    monkeypatch.setattr("sys.argv", ["peer", str(tmp_path / "problem.npz")])
    read = read_problem()
    assert isinstance(read, Problem)
    assert read.draws == 7
    np.testing.assert_array_equal(read.x, problem.x)


def test_every_form_computes_the_same():
    """The NumPy products give the log-likelihood and counts of the kernel, and both that of the plain density."""
    x, truth = simulate(200, 3, 2)
    expected = log_density(x, np.log(truth.weights), truth.means, truth.scale_tril).sum()
    statistics = expected_statistics(x, None, np.log(truth.weights), truth.means, truth.scale_tril)
    log_likelihood, sums = make_calls(x, truth)["products"]()
    assert log_likelihood == pytest.approx(expected, rel=1e-12)
    assert statistics.log_likelihood == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(sums[0], statistics.counts, rtol=1e-9)
    assert np.isfinite(our_calls(x, truth)["ours, posterior"]()[0])


def test_a_suite_calls_itself_in_a_fresh_process():
    """What it takes and gives travels as JSON."""
    assert measuring.call_in_fresh_process(measuring.make_stamp, ["numpy"])["versions"]["numpy"] == np.__version__


def test_every_peer_has_a_pinned_version():
    project = tomllib.loads((measuring.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (measuring.ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines)
    peers = [Requirement(line) for line in project["optional-dependencies"]["bench"]]
    assert {peer.name for peer in peers} >= {"jax", "numpyro", "pystan"}
    assert all(peer.specifier.contains(pinned[peer.name]) for peer in peers)
