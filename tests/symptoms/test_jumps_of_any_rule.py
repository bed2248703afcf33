"""Steps that jump across the minimum are an oscillation, whatever the rule is called."""

import numpy as np
import pytest

import gdrun

BOWL = {"surface": "bowl", "schedule": "constant"}  # f = ½ (x² + 10 y²), from (−4, 1.5)


def trained(optimizer, epochs=100, **changes):
    return gdrun.train(BOWL | {"optimizer": optimizer, **changes}, f"epochs={epochs}")


def names(run):
    return [each["name"] for each in run.record["diagnosis"]]


@pytest.mark.longer
@pytest.mark.parametrize("name", ["vanilla", "momentum", "nesterov"])
def test_equal_trajectories_have_equal_symptoms(name):
    # With β = 0 all three are w ← w − αg. At α = 2/L = 0.2, y flips between 1.5 and −1.5.
    beta = {} if name == "vanilla" else {"beta": 0}
    run = trained({"name": name, "lr": 0.2, **beta})
    np.testing.assert_allclose(np.abs(run.steps["y"]), 1.5)
    assert run.summary["train_loss"] == pytest.approx(11.25)
    plain = trained({"name": "vanilla", "lr": 0.2})
    assert names(run) == names(plain) == ["oscillation"]
    assert run.record["diagnosis"] == plain.record["diagnosis"]


@pytest.mark.longer
@pytest.mark.parametrize("beta", [0.27, 0.5, 0.9])
@pytest.mark.parametrize("start", [[-4, 1.5], [-40, 1.5]])
def test_momentum_at_its_limit_jumps(beta, start):
    # At α = 2 (1 + β)/L the heavy ball keeps an oscillation of y: v and y change sign each step.
    run = trained(
        {"name": "momentum", "lr": 2 * (1 + beta) / 10, "beta": beta},
        epochs=400,
        surface={"name": "bowl", "start": start},
    )
    y = run.steps["y"][-20:]
    assert (y[1:] * y[:-1] < 0).all()
    assert names(run) == ["oscillation"]


@pytest.mark.parametrize("name", ["momentum", "adam", "rmsprop"])
def test_short_steps_do_not_jump(name):
    assert "oscillation" not in names(trained({"name": name, "lr": 1e-4}))
