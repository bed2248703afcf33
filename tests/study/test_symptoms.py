"""The main symptom of each setting of a study."""

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
