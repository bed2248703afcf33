"""The repr and the HTML of sweeps and comparisons in Python."""

import copy
import re
from html import unescape

import numpy as np
import pytest

import gdrun
from gdrun.errors import ConfigError
from gdrun.study.storage.study_directory import read_study

IRIS = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 5}}


def test_a_sweep_is_one_line_in_a_console_and_a_table_in_a_notebook():
    found = gdrun.sweep(IRIS, {"optimizer.lr": [1e-4, 0.1]}, seeds=2)
    # Weights begin at zero, and a rate of a thousandth hardly changes them.
    assert re.fullmatch(
        r"<Sweep of 2 settings in 4 runs: best lr=0.1, val loss 0\.\d+>", repr(found)
    )
    assert "quartiles" in found._repr_html_()


def test_a_study_has_its_directory_as_a_run_has(tmp_path):
    values, names = {"optimizer.lr": [0.01, 0.1]}, ["bgd", "mbgd"]
    assert gdrun.sweep(IRIS, values).directory is None
    assert gdrun.compare(names, IRIS, seeds=1).directory is None
    sweep = gdrun.sweep(IRIS, values, out=tmp_path / "sweeps")
    comparison = gdrun.compare(names, IRIS, seeds=1, out=tmp_path / "comparisons")
    for found in (sweep, comparison):
        assert (found.directory / "study.json").is_file()
        assert gdrun.read_study(found.directory).directory == found.directory
    assert [sweep.directory] == [*(tmp_path / "sweeps").iterdir()]
    assert gdrun.sweep(resume=sweep.directory).directory == sweep.directory
    assert gdrun.train(sweep.directory / "best.yaml").status == "exhausted"
    with pytest.raises(gdrun.GdrunError, match=r"in Python, \.directory has it"):
        gdrun.read_study(tmp_path)


def test_a_sweep_in_which_all_diverge_says_so():
    # 2/L of the mean squared error on these features is below 1, and 1e9 far above it.
    diabetes = {"dataset": "diabetes", "model": "linear", "stopping": {"epochs": 5}}
    found = gdrun.sweep(diabetes, {"optimizer.lr": [1e9, 1e10]})
    assert repr(found) == "<Sweep of 2 settings in 2 runs: no best setting>"


def test_a_comparison_is_one_line_in_a_console_and_a_table_in_a_notebook():
    table = gdrun.compare(["mbgd", "mbgd+lr=1e-6"], IRIS, seeds=2)
    # Such a small rate changes nothing in five epochs.
    assert repr(table) == "<Comparison in 4 runs, the best first: mbgd, mbgd+lr=1e-6>"
    assert "loss rose" in table._repr_html_()


@pytest.mark.longer
@pytest.mark.parametrize("named", ["dataset.path", "dataset.query"])
def test_a_file_that_has_changed_is_read_again(tmp_path, monkeypatch, named):
    monkeypatch.chdir(tmp_path)
    source = {"dataset.path": "line.csv", "dataset.query": "SELECT * FROM 'line.csv'"}[named]
    changes = [f"{named}={source}", "standardize=false", "dataset.split={validation: 0, test: 0}"]

    def best(slope):
        x = np.arange(-5.0, 6.0)
        np.savetxt(
            "line.csv", np.column_stack([x, slope * x]), "%g", ",", header="x,y", comments=""
        )
        settings = {"model": "linear", "variant": "bgd", "optimizer": "vanilla"}
        found = gdrun.sweep(settings, {"lr": [1e-300]}, *changes, "epochs=1", metric="train_loss")
        return float(found.results.item())

    # Steps this small change nothing. The loss is the mean of (slope x)²; that of x² is 10 here.
    assert [best(1.0), best(3.0)] == [10.0, 90.0]


@pytest.mark.parametrize(
    ("study", "message"),
    [
        (lambda: gdrun.sweep(IRIS, {"lr": 0.1}), "optimizer.lr: needs several values, got 0.1"),
        (lambda: gdrun.sweep(IRIS, {"lr": [0.1, 1]}, seeds=0), "seeds: must be ≥ 1, got 0"),
        (lambda: gdrun.compare(["bgd", "sgd"], IRIS, seeds=0), "seeds: must be ≥ 1, got 0"),
        (lambda: gdrun.compare(["bgd", "sgd"], IRIS, jobs=0), "jobs: must be ≥ 1, got 0"),
        (
            lambda: gdrun.sweep(IRIS, {"lr": [0.1, 1]}, search="bayes"),
            "no search is called 'bayes'",
        ),
        (
            lambda: gdrun.sweep(IRIS, {"lr": [0.1, 1]}, search="random", trials=0),
            "trials: must be ≥ 1, got 0",
        ),
    ],
)
def test_a_study_of_nothing_is_refused_in_words(study, message):
    with pytest.raises(gdrun.ConfigError, match=message):
        study()


def test_a_budget_is_the_same_for_all():
    found = gdrun.compare(["bgd", "sgd"], IRIS, budget="gradients=360", seeds=1)
    (bgd,), (sgd,) = (row.standing.results for row in found.contenders)
    assert bgd.summary["gradients"] == sgd.summary["gradients"] == 360
    # Three passes over the 120 rows of the training part.
    assert (bgd.summary["steps"], sgd.summary["steps"]) == (3, 360)


def test_configs_of_their_own_are_compared_on_the_data_given():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    config = {"model": "logistic", "variant": "bgd", "stopping": {"epochs": 2}}
    own = config | {"optimizer": "adam", "name": "mine"}
    found = gdrun.compare(["vanilla", own], config, data=(X, (X[:, 0] > 0).astype(int)), seeds=2)
    # 60 rows but for a tenth each for validation and test; the split is by class, half of each.
    assert [(row.name, row.batch) for row in found.contenders] == [("vanilla", 48), ("mine", 48)]


def test_what_does_not_fit_its_data_leaves_no_directory(tmp_path):
    with pytest.raises(gdrun.GdrunError, match="batch_size is 500"):
        gdrun.sweep(IRIS, {"batch_size": [8, 500]}, out=tmp_path / "runs")
    assert list(tmp_path.iterdir()) == []


def test_configs_of_their_own_are_gone_on_with_on_their_own_data(tmp_path):
    pair = [IRIS | {"optimizer": "adam"}, IRIS | {"optimizer": "lion"}]
    gdrun.compare(pair, seeds=1, out=tmp_path)
    (directory,) = tmp_path.iterdir()
    assert read_study(directory)["data"]["name"] == "iris"
    again = gdrun.compare(pair, seeds=1, resume=directory)
    assert (again.work.run, again.work.found) == (0, 2)


def test_overrides_may_be_a_dict():
    one = gdrun.train(IRIS, {"lr": 0.25, "epochs": 1, "variant": {"name": "mbgd", "batch_size": 8}})
    two = gdrun.train(IRIS, "lr=0.25", "epochs=1", "variant={name: mbgd, batch_size: 8}")
    assert one.config == two.config
    with pytest.raises(ConfigError, match="must be a text KEY=VALUE or a dict, got float"):
        gdrun.train(IRIS, 0.1)


def test_a_single_key_may_be_a_text():
    found = gdrun.sweep(IRIS, "lr=0.1,1", "epochs=1")
    assert found.values("lr").tolist() == [0.1, 1.0]
    assert len(gdrun.sweep(IRIS, "l2", "epochs=1").standings) == 7  # the default penalties
    with pytest.raises(ConfigError, match="no key has more than one value to try"):
        gdrun.sweep(IRIS, {})


def test_contenders_are_a_list():
    with pytest.raises(ConfigError, match="contenders: is a text, not a list"):
        gdrun.compare("bgd")


def test_a_wrong_attribute_leads_to_the_right_one():
    config = {"dataset": "iris", "model": "softmax"}
    run = gdrun.train(config, "epochs=2")
    sweep = gdrun.sweep(config, {"lr": [0.01, 0.1]}, "epochs=2", seeds=2)
    comparison = gdrun.compare(["bgd", "mbgd"], config, "epochs=2", seeds=2)
    said = {
        "trace": (run, "Run has no attribute 'trace'; did you mean steps or evals?"),
        "metrics": (run, """Run has no attribute 'metrics'; did you mean summary["metrics"]?"""),
        "grad_norm": (
            run,
            """Run has no attribute 'grad_norm'; did you mean steps["grad_norm"]?""",
        ),
        "wieghts": (run, "Run has no attribute 'wieghts'; did you mean weights?"),
        "qqqq": (run, "Run has no attribute 'qqqq'"),
        "seed": (run, """Run has no attribute 'seed'; did you mean record["seed"]?"""),
        "loss": (run, """Run has no attribute 'loss'; did you mean evals["train_loss"]?"""),
        "val_loss": (
            run,
            """Run has no attribute 'val_loss'; did you mean evals["validation_loss"]?""",
        ),
        "lr": (run, """Run has no attribute 'lr'; did you mean steps["lr"]?"""),
        "params": (run, "Run has no attribute 'params'; did you mean weights?"),
        "coef": (run, "Run has no attribute 'coef'; did you mean weights?"),
        "classes": (run, "Run has no attribute 'classes'; did you mean model.classes?"),
        "batch_size": (
            run,
            """Run has no attribute 'batch_size'; did you mean steps["batch_size"]?""",
        ),
        "optimizer": (
            run,
            """Run has no attribute 'optimizer'; did you mean config["optimizer"]?""",
        ),
        "median": (sweep, "Sweep has no attribute 'median'; did you mean medians?"),
        "scores": (sweep, "Sweep has no attribute 'scores'; the rows of .ranking have scores"),
        "interval": (
            sweep,
            "Sweep has no attribute 'interval'; the rows of .ranking have interval",
        ),
        "data": (sweep, "Sweep has no attribute 'data'; did you mean to_pandas() or columns()?"),
        "best_params": (sweep, "Sweep has no attribute 'best_params'; did you mean best.settings?"),
        "medians": (
            comparison,
            "Comparison has no attribute 'medians'; the rows of .ranking have median",
        ),
        "intervals": (
            comparison,
            "Comparison has no attribute 'intervals'; the rows of .ranking have interval",
        ),
        "to_target": (
            comparison,
            "Comparison has no attribute 'to_target'; the rows of .ranking have to_target",
        ),
        "wins": (comparison, "Comparison has no attribute 'wins'; the rows of .pairs have wins"),
        "table": (
            comparison,
            "Comparison has no attribute 'table'; did you mean to_pandas() or columns()?",
        ),
        "bset": (sweep, "Sweep has no attribute 'bset'; did you mean best?"),
        "p_values": (comparison, "Comparison has no attribute 'p_values'; did you mean pairs?"),
    }
    for name, (result, text) in said.items():
        with pytest.raises(AttributeError) as caught:
            getattr(result, name)
        assert str(caught.value) == text
    for result in (run, sweep, comparison):
        assert not hasattr(result, "_repr_png_")
        assert repr(copy.deepcopy(result)) == repr(result)


def test_the_warnings_of_a_study_are_those_below_its_tables():
    """The best rate is the largest one, and 9 epochs compute more gradients than 2."""
    config = {"dataset": "iris", "model": "softmax"}
    sweep = gdrun.sweep(config, {"lr": [1e-4, 1e-3, 1e-2]}, "epochs=2", seeds=2)
    (edge,) = sweep.warnings
    assert edge.startswith("the best lr is the largest that was tried; try a wider range: lr=")
    unequal = [config | {"stopping": {"epochs": each}} for each in (2, 9)]
    comparison = gdrun.compare(unequal, seeds=2)
    (work,) = comparison.warnings
    assert work.startswith("the budgets differ in work, counted in gradients of examples: ")
    for each in (sweep, comparison):
        page = " ".join(unescape(re.sub("<[^>]+>", "", each._repr_html_())).split())
        assert all(f"warning: {text}" in page for text in each.warnings)


def test_the_best_setting_is_shown_in_one_line():
    config = {"dataset": "iris", "model": "softmax"}
    best = gdrun.sweep(config, {"lr": [0.01, 0.1]}, "epochs=2", seeds=2).best
    shown = f"<Best name='lr=0.1', median={best.median:.4g}, settings={{'optimizer.lr': 0.1}}>"
    assert repr(best) == shown
