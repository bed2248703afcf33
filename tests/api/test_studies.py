"""What a sweep and a comparison look like where Python shows them."""

import re

import pytest

import gdrun

IRIS = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 5}}


def test_a_sweep_is_one_line_in_a_console_and_a_table_in_a_notebook():
    found = gdrun.sweep(IRIS, {"optimizer.lr": [1e-4, 0.1]}, seeds=2)
    # Weights begin at zero, and a thousandth of a rate leaves them about there.
    assert re.fullmatch(
        r"<Sweep of 2 settings in 4 runs: best lr=0.1, val loss 0\.\d+>", repr(found)
    )
    assert "quartiles" in found._repr_html_()


def test_a_sweep_in_which_all_diverge_says_so():
    # 2/L of the mean squared error on these features is below 1, and 1e9 far above it.
    diabetes = {"dataset": "diabetes", "model": "linear", "stopping": {"epochs": 5}}
    found = gdrun.sweep(diabetes, {"optimizer.lr": [1e9, 1e10]})
    assert repr(found) == "<Sweep of 2 settings in 2 runs: none came to an end>"


def test_a_comparison_is_one_line_in_a_console_and_a_table_in_a_notebook():
    table = gdrun.compare(["mbgd", "mbgd+lr=1e-6"], IRIS, seeds=2)
    # A rate so small moves nothing in five epochs.
    assert repr(table) == "<Comparison in 4 runs, the best first: mbgd, mbgd+lr=1e-6>"
    assert "uphill steps" in table._repr_html_()


@pytest.mark.parametrize(
    ("study", "message"),
    [
        (lambda: gdrun.sweep(IRIS, {"lr": 0.1}), "optimizer.lr: one value, 0.1"),
        (lambda: gdrun.sweep(IRIS, {"lr": [0.1, 1]}, seeds=0), "seeds: must be ≥ 1, got 0"),
        (lambda: gdrun.compare(["bgd", "sgd"], IRIS, seeds=0), "seeds: must be ≥ 1, got 0"),
        (lambda: gdrun.compare(["bgd", "sgd"], IRIS, jobs=0), "jobs: must be ≥ 1, got 0"),
        (
            lambda: gdrun.sweep(IRIS, {"lr": [0.1, 1]}, search="bayes"),
            "no search is called 'bayes'",
        ),
        (
            lambda: gdrun.sweep(IRIS, {"lr": [0.1, 1]}, search="random", trials=0),
            "--trials: must be ≥ 1, got 0",
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
