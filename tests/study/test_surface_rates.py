"""Contenders and settings that choose an optimizer on a surface get a rate that suits it."""

import numpy as np
import pytest

import gdrun
from gdrun.studies import read_study
from gdrun.views.surface_runs import rate_notes

STEPS = 50
SURFACE = {
    "surface": "rosenbrock",
    "variant": "bgd",
    "optimizer": {"name": "adam", "lr": 0.02},
    "stopping": {"steps": STEPS},
    "engine": "numpy",
}


def descended(beta, rate, nesterov=False):
    """The loss of Rosenbrock's function after gradient descent, as the textbooks write it."""
    (x, y), v = (-1.2, 1.0), np.zeros(2)
    for _ in range(STEPS):
        g = np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])
        v = beta * v + g
        x, y = np.array([x, y]) - rate * (g + beta * v if nesterov else v)
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def losses(found):
    return {each.candidate.name: each.results[0].number("train_loss") for each in found.standings}


def test_contenders_descend_at_the_rate_of_the_surface():
    contenders = ["vanilla", "momentum+beta=0.5", "vanilla+lr=0.0005", "adam"]
    found = gdrun.compare(contenders, SURFACE)
    results = {row.name: row.standing.results[0].number("train_loss") for row in found.contenders}
    assert results["vanilla"] == pytest.approx(descended(0, 1e-3))
    assert results["momentum+beta=0.5"] == pytest.approx(descended(0.5, 1e-3))
    assert results["vanilla+lr=0.0005"] == pytest.approx(descended(0, 5e-4))
    note = "vanilla, momentum: lr 0.001, which suits the surface rosenbrock"
    assert rate_notes(found.plan) == [("rate", note)]


def test_a_sweep_over_optimizers_is_read_with_the_rates_with_which_it_ran(tmp_path):
    names = ["vanilla", "nesterov"]
    gdrun.sweep(SURFACE, {"optimizer": names}, "beta=0.8", out=tmp_path)
    (directory,) = tmp_path.glob("*sweep*")
    found = losses(read_study(directory))
    assert found["optimizer=vanilla"] == pytest.approx(descended(0, 1e-3))
    assert found["optimizer=nesterov"] == pytest.approx(descended(0.8, 1e-3, nesterov=True))


def test_a_rate_for_all_contenders_stays():
    found = gdrun.sweep(SURFACE, {"optimizer": ["vanilla", "momentum"]}, "lr=0.0002")
    assert losses(found)["optimizer=vanilla"] == pytest.approx(descended(0, 2e-4))
    assert rate_notes(found.plan) == []
