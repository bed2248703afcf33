"""The main symptom of each setting of a study."""

from dataclasses import replace

import pytest

import gdrun

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
    found = gdrun.sweep(BASE, {"optimizer.lr": [1e-4]}, seeds=3).standings[0]
    assert found.symptom_words == "slow convergence"
    healthy = gdrun.sweep(BASE, {"optimizer.lr": [0.5]}, seeds=3).standings[0]
    assert healthy.symptom_words is None
    diverged = gdrun.sweep(BASE, {"optimizer.lr": [1e4]}, seeds=3).standings[0]
    results = (found.results[0], healthy.results[0], diverged.results[0])
    mixed = replace(healthy, results=results)
    assert mixed.symptom_words == "exploding (1 of 3)"
