"""The observed factor of the error in one step, for sequences and runs whose factor is known."""

import numpy as np
import pytest

import gdrun
from gdrun.insight.bound_checks import check_run
from gdrun.insight.observed_contraction import observed_contraction

STEPS = np.arange(201)


def test_a_geometric_sequence_has_its_own_factor():
    found = observed_contraction(STEPS, 3 * 0.9 ** (2.0 * STEPS), 1e-30, 0.5)
    assert found.observed == pytest.approx(0.9, rel=1e-12)
    assert (found.predicted, found.first, found.last) == (0.5, 100, 200)


def test_the_first_steps_and_rounding_errors_do_not_count():
    # 0.5ⁿ is soon far below 0.81ⁿ, which is 100 rounding errors of 1e-6 at n = 43.7.
    excess = 0.9 ** (2.0 * STEPS) + 0.5**STEPS
    excess[44:] = 1e-6
    found = observed_contraction(STEPS, excess, 1e-6, 0.9)
    assert found.observed == pytest.approx(0.9, rel=1e-4)
    assert (found.first, found.last) == (22, 43)


@pytest.mark.parametrize("excess", [np.zeros(201), np.full(201, np.nan), 0.01 ** (1.0 * STEPS)])
def test_too_few_points_show_nothing(excess):
    assert observed_contraction(STEPS, excess, 1e-8, 0.9) is None


def bowl(**optimizer):
    return {
        "surface": {"name": "bowl", "condition": 4},
        "variant": "bgd",
        "optimizer": optimizer,
        "schedule": "constant",
        "stopping": {"steps": 100},
    }


# On ½ (x² + 4y²): 1 − 0.02 for descent. With momentum 0.5 and α = 0.1, the roots of
# z² − (1.5 − 0.1) z + 0.5 and z² − (1.5 − 0.4) z + 0.5 are complex, so that |z| = √0.5. For
# Nesterov's momentum z² − 1.5 · 0.9 z + 0.45 has the roots 0.75 and 0.6, and
# z² − 1.5 · 0.6 z + 0.3 has complex ones, |z| = √0.3.
@pytest.mark.parametrize(
    ("optimizer", "rho"),
    [
        ({"name": "vanilla", "lr": 0.02}, 0.98),
        ({"name": "momentum", "lr": 0.1, "beta": 0.5}, 0.5**0.5),
        ({"name": "nesterov", "lr": 0.1, "beta": 0.5}, 0.75),
    ],
)
def test_a_run_has_the_factor_of_its_rule(tmp_path, optimizer, rho):
    found = check_run(gdrun.train(bowl(**optimizer), out=tmp_path)).contraction
    assert found.predicted == pytest.approx(rho, rel=1e-12)
    assert found.observed == pytest.approx(rho, rel=0.02)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": {"name": "adam", "lr": 0.1}},
        {"schedule": "cosine"},
        {"clip": {"norm": 0.1}},
        {"surface": "rosenbrock", "optimizer": {"name": "vanilla", "lr": 0.0001}},
    ],
)
def test_another_run_has_none(tmp_path, changes):
    config = bowl(name="vanilla", lr=0.1) | changes
    assert check_run(gdrun.train(config, out=tmp_path)).contraction is None
