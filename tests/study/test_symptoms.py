"""The main symptom of each setting of a study."""

from dataclasses import replace

import numpy as np
import pytest

import gdrun
from gdrun.study.judgement.symptoms import symptoms_of

BASE = {
    "dataset": "iris",
    "model": "softmax",
    "variant": "bgd",
    "optimizer": "vanilla",
    "schedule": "constant",
    "stopping": {"epochs": 60},
}
RATES = [1e-4, 0.5, 1e4]
MAIN = ["slow convergence", None, "exploding"]
"""The limit 2/L is about 1.4 here: the rates are far below it, below it, and far above it."""


@pytest.fixture(scope="module")
def sweep():
    return gdrun.sweep(BASE, {"optimizer.lr": RATES}, seeds=2)


def test_each_setting_has_the_symptom_that_its_runs_have_by_themselves(sweep):
    assert [each.symptom for each in sweep.standings] == MAIN
    for rate, expected in zip(RATES, MAIN, strict=True):
        found = gdrun.train(BASE, {"optimizer.lr": rate}).record["diagnosis"]
        assert ([*found, {"name": None}][0])["name"] == expected


def test_a_comparison_has_it_too():
    compared = gdrun.compare(
        ["bgd", "bgd+lr=0.5"], {**BASE, "optimizer": {"name": "vanilla", "lr": 1e-4}}, seeds=1
    )
    assert [each.standing.symptom for each in compared.contenders] == ["slow convergence", None]


def test_a_muted_symptom_is_in_no_column():
    muted = BASE | {"diagnose": {"mute": ["slow convergence"]}}
    found = gdrun.sweep(muted, {"optimizer.lr": [1e-4]}, seeds=1)
    assert [each.symptom for each in found.standings] == [None]


def test_a_symptom_of_less_than_half_of_the_runs_has_their_number():
    """One run is slow, one is healthy and one explodes: the gravest symptom counts."""
    base = {**BASE, "variant": "mbgd"}  # with full batches every seed gives the same run
    found = gdrun.sweep(base, {"optimizer.lr": [1e-4]}, seeds=3).standings[0]
    assert found.symptom_words == "slow convergence"
    healthy = gdrun.sweep(base, {"optimizer.lr": [0.5]}, seeds=3).standings[0]
    assert healthy.symptom_words is None
    diverged = gdrun.sweep(base, {"optimizer.lr": [1e4]}, seeds=3).standings[0]
    results = (found.results[0], healthy.results[0], diverged.results[0])
    mixed = replace(healthy, results=results)
    assert mixed.symptom_words == "exploding in 1 run"


def rare_class():
    """300 rows, of which one in 16 is of class 1; it is apart, but a penalty hides it."""
    rng = np.random.default_rng(0)
    y = (np.arange(300) % 16 == 0).astype(int)
    return rng.normal(size=(300, 2)) + 2 * y[:, None], y


@pytest.mark.longer
@pytest.mark.parametrize(
    ("model", "expected"), [("logistic", {"baseline", "imbalance"}), ("mlp", {"imbalance"})]
)
def test_a_rare_class_and_the_baseline_are_found_as_in_single_runs(model, expected):
    """The runs of a sweep are measured together, a single one with all of its metrics."""
    data, penalties = rare_class(), [0.0, 0.3]
    base = BASE | {"dataset": {"name": "arrays"}, "model": model}
    changes = {"optimizer.lr": 0.1}
    swept = gdrun.sweep(base, {"model.l2": penalties}, changes, seeds=2, data=data)
    found = []
    for standing in swept.standings:
        runs = symptoms_of(standing.candidate.experiment, standing.results, ("0", "1"))
        for seed, (own, result) in enumerate(zip(runs, standing.results, strict=True)):
            l2 = standing.candidate.settings["model.l2"]
            alone = gdrun.train(base, changes, {"model.l2": l2, "seed": seed}, data=data).record
            assert [(each.name, each.evidence) for each in own] == [
                (each["name"], each["evidence"]) for each in alone["diagnosis"]
            ]
            assert result.summary["recalls"] == alone["summary"]["recalls"]
            assert result.summary["baseline"] == alone["summary"]["baseline"]
            found += [each.name for each in own]
    assert expected <= set(found)


def test_the_recalls_of_balanced_classes_are_not_counted():
    """Without a class of over half of the rows there is no imbalance."""
    (standing,) = gdrun.sweep(BASE, {"optimizer.lr": [0.5]}, "epochs=2").standings
    assert "recalls" not in standing.results[0].summary
    assert standing.results[0].summary["baseline"]["prediction"] == "setosa"
