"""ArviZ's functions work on `idata` as it is; those left out do not fit rows of several features or need refits."""

import arviz as az
import pytest

FEW = {"var_names": ["weights", "means"]}
ONE_FEATURE = {"coords": {"feature": "waiting"}}

STATISTICS = {
    "summary": {},
    "rhat": {},
    "rhat_nested": {"superchain_ids": [0, 0, 1, 1]},
    "ess": {},
    "mcse": {},
    "bfmi": {},
    "diagnose": {},
    "mean": {},
    "median": {},
    "mode": {},
    "std": {},
    "var": {},
    "iqr": {},
    "mad": {},
    "eti": {},
    "hdi": {},
    "kde": {},
    "thin": {},
    "extract": {},
    "psense": {},
    "loo": {},
    "loo_subsample": {"observations": 50},
}

PLOTS = {
    "plot_autocorr": {},
    "plot_convergence_dist": {},
    "plot_dgof": {},
    "plot_dgof_dist": {"var_names": ["weights"]},
    "plot_dist": {},
    "plot_energy": {},
    "plot_ess": {},
    "plot_ess_evolution": {},
    "plot_forest": {},
    "plot_mcse": {},
    "plot_pair": {"var_names": ["means"]},
    "plot_pair_focus": {"var_names": ["means"], "focus_var": "weights", "focus_var_coords": {"component": 0}},
    "plot_parallel": {},
    "plot_ppc_dist": {},
    "plot_ppc_interval": ONE_FEATURE,
    "plot_ppc_pit": ONE_FEATURE,
    "plot_ppc_tstat": {},
    "plot_prior_posterior": {},
    "plot_psense_dist": FEW,
    "plot_psense_quantities": FEW,
    "plot_rank": {},
    "plot_rank_dist": {},
    "plot_ridge": {},
    "plot_trace": {},
    "plot_trace_dist": {},
}


@pytest.mark.parametrize(("name", "options"), STATISTICS.items(), ids=STATISTICS)
def test_statistic_runs_on_a_fit(name, options, complete):
    assert getattr(az, name)(complete.idata, **options) is not None


@pytest.mark.parametrize(("name", "options"), PLOTS.items(), ids=PLOTS)
def test_plot_runs_on_a_fit(name, options, complete):
    figure = getattr(az, name)(complete.idata, backend="matplotlib", **options)
    assert figure is not None


def test_pareto_k_and_comparison_plots(complete):
    assert az.plot_khat(az.loo(complete.idata, pointwise=True)).viz is not None
    table = az.compare({"a": complete.idata, "b": complete.idata})
    assert az.plot_compare(table) is not None
    assert az.combine_plots(complete.idata, [(az.plot_trace, {}), (az.plot_rank, {})], var_names=["weights"])


def test_loo_counts_rows_and_lies_below_the_log_likelihood(complete):
    found = az.loo(complete.idata)
    assert found.n_data_points == 272
    assert found.elpd < float(complete.group("em")["log_likelihood"])
