"""gdrun.sweep and gdrun.compare from Python: arrays in, arrays and tables out."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import gdrun
from gdrun.errors import ConfigError, RecordError
from gdrun.study.judgement.ranked_rows import RankedRow
from gdrun.study.storage.study_directory import read_study
from study.cases import LOGISTIC

RATES = np.geomspace(0.01, 1.0, 3)


@pytest.fixture(scope="module")
def found():
    return gdrun.sweep(LOGISTIC, {"optimizer.lr": RATES}, seeds=3)


def test_results_are_arrays_of_settings_by_seeds(found):
    assert found.results.shape == (3, 3)
    assert found.values("optimizer.lr").tolist() == RATES.tolist()
    assert found.values("lr").tolist() == RATES.tolist()
    with pytest.raises(gdrun.GdrunError, match="'beta' was not swept"):
        found.values("beta")
    assert found.medians.tolist() == np.median(found.results, axis=1).tolist()
    best = found.medians.argmin()
    assert found.best.settings == {"optimizer.lr": RATES[best]}


def test_each_number_is_that_of_the_run_alone(found):
    run = gdrun.train(LOGISTIC, f"lr={float(RATES[1])!r}", "seed=2")
    assert found.results[1, 2] == pytest.approx(run.summary["validation_loss"], rel=1e-9)


def test_a_diverged_run_is_nan_in_the_results_and_never_the_best():
    found = gdrun.sweep(LOGISTIC, {"lr": [0.1, 1e6]}, seeds=2, metric="accuracy")
    assert np.isnan(found.results[1]).all()
    assert np.isfinite(found.results[0]).all()
    assert found.best.settings == {"optimizer.lr": 0.1}


def test_runs_are_ranked_by_any_metric_of_the_validation_part():
    found = gdrun.sweep(LOGISTIC, {"lr": [1e-4, 1e-3, 0.3]}, metric="f1", target="roc_auc=0.5")
    runs = [gdrun.train(LOGISTIC, f"lr={rate}") for rate in (1e-4, 1e-3, 0.3)]
    expected = [run.summary["metrics"]["validation"]["f1"] for run in runs]
    assert found.metric.words == "val F1"
    assert found.results[:, 0].tolist() == pytest.approx(expected, rel=1e-9)
    # Larger is better.
    assert found.ranking[0].spread.median == -max(expected)
    assert found.target.bound == "val ROC AUC ≥ 0.5"


def test_smaller_errors_of_a_regression_are_better():
    config = {"dataset": "diabetes", "model": "linear", "optimizer": "adam"}
    rates = {"lr": [1e-3, 1.0]}
    found = gdrun.sweep(config, rates, "epochs=5", metric="rmse")
    (slow,), (fast,) = found.results
    # Adam moves a weight by about lr a step: 1e-3 cannot reach a mean target near 150.
    assert fast < slow
    assert found.best.settings == {"optimizer.lr": 1.0}
    r2 = gdrun.sweep(config, rates, "epochs=5", metric="r2")
    assert r2.best.settings == {"optimizer.lr": 1.0}
    assert r2.results[1, 0] > r2.results[0, 0]


def test_a_study_by_a_metric_is_read_from_its_files(tmp_path):
    words = {"metric": "balanced_accuracy", "out": tmp_path}
    made = gdrun.sweep(LOGISTIC, {"lr": [0.1, 0.3]}, "epochs=2", **words)
    (directory,) = tmp_path.iterdir()
    read = read_study(directory)
    assert read["status"] == "complete"
    assert read["metric"] == "validation_balanced_accuracy"
    again = gdrun.sweep(LOGISTIC, {"lr": [0.1, 0.3]}, "epochs=2", **words, resume=directory)
    assert again.results.tolist() == made.results.tolist()
    assert again.work.found == 2


def test_data_of_ones_own():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = (X[:, 0] > 0).astype(int)
    config = {"dataset": "arrays", "model": "logistic", "optimizer": "vanilla"}
    found = gdrun.sweep(config, {"lr": [0.1, 1.0]}, "epochs=3", data=(X, y))
    assert found.metric.name == "validation_loss"
    # Faster is better on separable data after three epochs.
    assert found.best.settings == {"optimizer.lr": 1.0}


def test_nothing_is_written_unless_asked(found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gdrun.sweep(LOGISTIC, {"lr": [0.1, 0.2]}, "epochs=1")
    assert list(tmp_path.iterdir()) == []
    gdrun.sweep(LOGISTIC, {"lr": [0.1, 0.2]}, "epochs=1", out=tmp_path)
    (directory,) = tmp_path.iterdir()
    assert read_study(directory)["status"] == "complete"
    best = gdrun.train(directory / "best.yaml")
    assert best.status == "exhausted"


def test_an_executor_of_ones_own():
    with ThreadPoolExecutor(2) as executor:
        found = gdrun.sweep(LOGISTIC, {"batch_size": [16, 32, 64]}, executor=executor)
    alone = gdrun.sweep(LOGISTIC, {"batch_size": [16, 32, 64]})
    assert found.results == pytest.approx(alone.results, rel=1e-9)


def test_notebooks_show_the_tables(found):
    html = found._repr_html_()
    assert html.startswith("<pre>")
    assert "verdict" in html
    assert "best" in html
    comparison = gdrun.compare(["bgd", "mbgd"], LOGISTIC, seeds=2)
    assert "loss rose" in comparison._repr_html_()


@pytest.mark.longer
def test_a_comparison_in_arrays():
    found = gdrun.compare(["bgd", "sgd", "mbgd"], LOGISTIC, seeds=2)
    assert found.results.shape == (3, 2)
    medians = {row.name: row.standing.spread.median for row in found.contenders}
    assert [row.name for row in found.ranking] == sorted(medians, key=medians.get)


def test_a_study_is_gone_on_with(tmp_path):
    asked = (LOGISTIC, {"lr": [0.1, 0.2]}, "epochs=1")
    gdrun.sweep(*asked, out=tmp_path)
    (directory,) = tmp_path.iterdir()
    again = gdrun.sweep(*asked, resume=directory)
    assert (again.work.run, again.work.found) == (0, 2)
    assert list(tmp_path.iterdir()) == [directory]


def test_a_study_that_was_written_is_read_as_it_was_returned(tmp_path):
    bowl = {"surface": "bowl", "stopping": {"steps": 5}}
    swept = gdrun.sweep(bowl, {"lr": [0.01, 0.1]}, out=tmp_path / "sweep")
    compared = gdrun.compare(["vanilla", "adam"], bowl, out=tmp_path / "comparison")
    for found in (swept, compared):
        (directory,) = (tmp_path / type(found).__name__.lower()).iterdir()
        again = gdrun.read_study(directory)
        assert type(again) is type(found)
        assert (again.best, again.metric, again.target) == (found.best, found.metric, found.target)
        np.testing.assert_array_equal(again.results, found.results)
    with pytest.raises(gdrun.RecordError):
        gdrun.read_study(tmp_path)


def test_a_budget_and_a_target_may_be_a_dict():
    found = gdrun.compare(
        ["adam", "momentum"],
        LOGISTIC,
        "engine=numpy",
        seeds=1,
        budget={"steps": 7},
        target={"accuracy": 0.5},
    )
    ends = [row.standing.results[0].record["stop"]["step"] for row in found.ranking]
    assert ends == [7, 7]
    assert found.target.bound == "val acc ≥ 0.5"
    with pytest.raises(ConfigError, match=r"budget: must be a text or a dict with one key, got 9"):
        gdrun.compare(["adam", "momentum"], LOGISTIC, budget=9)


def test_a_contender_that_is_no_whole_config_is_named():
    with pytest.raises(ConfigError, match="contender 2: is not a whole config"):
        gdrun.compare([LOGISTIC, {"optimizer": "adam"}], LOGISTIC)
    with pytest.raises(ConfigError, match="contenders: is a mapping, not a list"):
        gdrun.compare({"a": {"optimizer": "adam"}, "b": {}}, LOGISTIC)


def test_the_readers_of_runs_and_of_studies_name_each_other(tmp_path):
    gdrun.train(LOGISTIC, "epochs=1", "engine=numpy", out=tmp_path / "runs")
    gdrun.sweep(LOGISTIC, {"lr": [0.1]}, "epochs=1", "engine=numpy", out=tmp_path / "studies")
    (run,), (study,) = (tuple((tmp_path / name).iterdir()) for name in ("runs", "studies"))
    with pytest.raises(RecordError, match=r"or gdrun\.read_run reads it"):
        gdrun.read_study(run)
    with pytest.raises(RecordError, match=r"or gdrun\.read_study reads it"):
        gdrun.read_run(study)


def test_the_classes_of_results_are_public(found):
    assert isinstance(found, gdrun.Sweep)
    compared = gdrun.compare(["bgd", "mbgd"], LOGISTIC, "epochs=1", seeds=1)
    assert isinstance(compared, gdrun.Comparison)
    (first, *_) = compared.ranking
    assert first.standing.median == first.standing.scores[0]
    for name in ("best", "ranking", "results", "pairs", "to_pandas"):
        assert hasattr(compared, name) and f"`{name}`" in gdrun.Comparison.__doc__


def test_the_best_of_a_study_has_the_interval_of_its_row():
    config = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 2}}
    swept = gdrun.sweep(config, {"lr": [0.01, 0.1]}, seeds=6)
    compared = gdrun.compare(["vanilla", "adam"], config, seeds=6)
    for found, first in ((swept, swept.ranking[0]), (compared, compared.ranking[0])):
        assert found.best.name == first.name
        # The 97 % interval of 6 values is from the lowest to the highest.
        assert (found.best.interval.low, found.best.interval.high) == (
            first.scores.min(),
            first.scores.max(),
        )
        assert found.best.median == pytest.approx(np.median(first.scores))
    assert gdrun.sweep(config, {"lr": [0.01, 0.1]}, seeds=5).best.interval is None


def test_the_rows_of_a_sweep_and_of_a_comparison_have_the_same_names():
    config = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 2}}
    swept = gdrun.sweep(config, {"lr": [0.01, 0.1]}, seeds=6)
    compared = gdrun.compare(["vanilla", "adam"], config, seeds=6, tune={"lr": [0.01, 0.1]})
    names = [name for name, each in vars(RankedRow).items() if isinstance(each, property)]
    assert {"name", "rank", "median", "quartiles", "interval", "settings"} <= {*names}
    for row in (*swept.ranking, *compared.ranking):
        assert all(hasattr(row, name) for name in names)
        scores = [result.record["summary"]["validation_loss"] for result in row.results]
        assert row.scores.tolist() == scores
        assert (row.runs, row.diverged, row.rose) == (6, 0, 0)
        assert row.median == pytest.approx(np.median(scores))
        assert row.quartiles == pytest.approx(tuple(np.quantile(scores, [0.25, 0.75])))
        assert row.interval.low == min(scores)
        assert repr(row).startswith(f"<{type(row).__name__} name={row.name!r}, rank={row.rank}, ")
    assert [row.rank for row in compared.ranking] == [1, 2]
    for row in compared.ranking:
        assert row.settings["optimizer.lr"] == row.tuning.chosen["optimizer.lr"]
