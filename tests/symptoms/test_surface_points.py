"""The points of a surface at which a run is stuck, and those at which it only is slow."""

import pytest

import gdrun
from gdrun.insight.remedies import traced
from gdrun.symptoms.changes import larger_rates

PLAIN = ("variant=bgd", "optimizer=vanilla", "schedule=constant", "engine=numpy")


def symptoms(surface, *words):
    run = gdrun.train(None, f"surface={surface}", *PLAIN, *words)
    return {each["name"]: each for each in run.record["diagnosis"]}


def test_a_walk_that_ends_in_a_saddle_says_so_and_names_the_minimum():
    """On the axis y = 0 the slope leads to the origin, where the curvatures are 1 and −1."""
    found = symptoms("saddle", "start=[1, 0]", "lr=0.1", "epochs=100")
    evidence = found["stuck"]["evidence"]
    assert "the minimum of the surface is -0.25" in evidence
    # x is multiplied by 1 − 0.1 in each step: 0.9¹⁰⁰ = 2.656e-05, which is also the gradient.
    assert "near a saddle point at (2.656e-05, 0), with gradient norm 2.66e-05" in evidence


def test_a_walk_on_a_plateau_is_stuck_and_not_slow():
    """At (4, 4) the gradient norm is r e^(−r²/2) = √32 e^(−16) = 6.37e-07."""
    found = symptoms("plateau", "start=[4, 4]", "lr=0.1", "epochs=30")
    assert set(found) == {"stuck"}
    evidence = found["stuck"]["evidence"]
    assert "the minimum of the surface is 0" in evidence
    assert "on a plateau at (4, 4), with gradient norm 6.37e-07" in evidence


@pytest.mark.parametrize(
    ("surface", "words"),
    [
        ("rosenbrock", ("lr=0.0005", "epochs=60")),  # in its valley
        # For a convex function f − f* ≤ ‖∇f‖ d, so that no point is flat.
        ("bowl", ("lr=1e-6", "epochs=30")),
        ("terrace", ("lr=1e-6", "epochs=30")),
        ("himmelblau", ("lr=1e-6", "epochs=30")),
    ],
)
def test_a_slope_with_too_small_a_rate_is_slow_and_not_flat(surface, words):
    found = symptoms(surface, *words)
    assert "stuck" not in found
    assert "slow convergence" in found


def test_no_rate_is_proposed_twice():
    """The gradient norm falls by αλ = 1/10 a step, so that α / (1 − g₁/g₀) is 1, as 10 α is."""
    run = gdrun.train(None, "surface=saddle", "start=[1, 0]", *PLAIN, "lr=0.1", "epochs=100")
    rates = [each.changes["optimizer.lr"] for each in larger_rates(traced(run))]
    assert rates == [1.0, 10.0]


def test_an_early_rise_from_which_a_run_recovers_is_no_explosion():
    """A large rate throws the weights of a network far away at first; it learns all the same."""
    run = gdrun.train(None, "dataset=moons", "model=mlp", "lr=1", "epochs=50", "engine=numpy")
    losses = run.evals["train_loss"]
    assert losses.max() > 1.25 * losses[0]
    assert losses[-1] < losses[0] / 100
    assert run.evals["validation_accuracy"][-1] == 1
    assert run.record["diagnosis"] == []
