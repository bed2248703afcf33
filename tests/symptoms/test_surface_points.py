"""The points of a surface at which a run is stuck, and those at which it only is slow."""

from dataclasses import replace

import numpy as np
import pytest

import gdrun
from gdrun.insight.curvature_path import path_of_run
from gdrun.insight.remedies import traced
from gdrun.symptoms.changes import clipping, larger_rates, other_starts

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


def test_a_walk_with_momentum_near_a_saddle_names_it_too():
    """Momentum swings around the saddle (0, 0), so that the gradient is not yet small there."""
    run = gdrun.train(None, "surface=saddle", "start=[1, 0]", "epochs=60", "engine=numpy")
    evidence = {each["name"]: each for each in run.record["diagnosis"]}["stuck"]["evidence"]
    x = run.steps["x"][-1]
    # f = x²/2 − y²/2 + y⁴/4 has its minima −1/4 at y = ±1; the walk stays on y = 0.
    assert "the minimum of the surface is -0.25" in evidence
    assert f"ended {abs(x):.4g} from the saddle point (0, 0)" in evidence


def test_a_walk_on_a_plateau_is_stuck_and_not_slow():
    """At (4, 4) the gradient norm is r e^(−r²/2) = √32 e^(−16) = 6.37e-07."""
    found = symptoms("plateau", "start=[4, 4]", "lr=0.1", "epochs=30")
    assert set(found) == {"stuck"}
    evidence = found["stuck"]["evidence"]
    assert "the minimum of the surface is 0" in evidence
    assert "on a plateau at (4, 4), with gradient norm 6.37e-07" in evidence


@pytest.mark.longer
@pytest.mark.parametrize(
    ("surface", "start", "kind"),
    [
        # 1 − e^(−r²/2) has one critical point, its minimum, though its curvature along the radius,
        # (1 − r²) e^(−r²/2), is negative from r = 1 on.
        ("plateau", (4.0, 0.0), "plateau"),
        ("plateau", (3.0, 3.0), "plateau"),
        ("plateau", (60.0, 0.0), "plateau"),  # all derivatives underflow
        # x² − y² has its saddle at the origin, with the curvatures 1 and −1.
        ("saddle", (0.005, 0.0), "saddle"),
        ("saddle", (0.004, 1e-12), "saddle"),
        # All three terms of Beale's function are stationary at x = 0, y = 1.
        ("beale", (0.001, 1.0), "saddle"),
    ],
)
def test_only_a_point_near_a_critical_one_is_near_a_saddle(surface, start, kind):
    words = (f"surface={surface}", f"surface.start={list(start)}", *PLAIN, "lr=1e-4", "epochs=30")
    run = gdrun.train(None, *words)
    (symptom,) = [each for each in run.record["diagnosis"] if each["name"] == "stuck"]
    assert (f"near a {kind} point" if kind == "saddle" else f"on a {kind}") in symptom["evidence"]
    assert path_of_run(run).points[-1].kind == kind


def test_a_tiny_gradient_at_the_start_is_not_called_0():
    run = gdrun.train(None, "surface=plateau", "start=[8, 0]", *PLAIN, "lr=0.1", "epochs=5")
    whys = [each.why for each in other_starts(traced(run))]
    # r e^(−r²/2) = 8 e^(−32) = 1.013e-13.
    expected = "the gradient at the start is almost 0, with norm 1.01e-13; another start is "
    assert expected + "another problem" in whys


def test_a_clip_norm_is_of_the_size_of_the_first_gradients():
    """Most gradients of single examples vanish where every class is certain."""
    words = ("dataset=iris", "model=softmax", "variant=sgd", "lr=5", "epochs=10", "engine=numpy")
    run = gdrun.train(None, *words, "log.points=all")
    norms = run.steps["grad_norm"]
    assert np.quantile(norms, 0.1) < 1e-3 * norms[0]
    for each in clipping(traced(run)):
        assert 1e-3 * norms[0] < each.changes["clip.norm"] < norms.max()


@pytest.mark.parametrize(
    ("surface", "words"),
    [
        ("rosenbrock", ("lr=0.0005", "epochs=60")),  # in its valley
        # ‖∇f‖ fell from 233 to 9.25, and the cosine to 0; but ‖∇f‖ d is 19 at the height 4.29.
        ("rosenbrock", ("optimizer=adam", "lr=0.001", "schedule=cosine", "epochs=500")),
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
    facts = traced(run)
    far = [each.changes["optimizer.lr"] for each in larger_rates(replace(facts, settling=np.inf))]
    assert far == [1.0, 10.0]
    # 2/L is 1 at the minima (0, ±1), where the curvatures are 1 and 2.
    assert larger_rates(facts) == ()


def test_an_early_rise_from_which_a_run_recovers_is_no_explosion():
    """A large rate throws the weights of a network far away at first; it learns all the same."""
    run = gdrun.train(None, "dataset=moons", "model=mlp", "lr=1", "epochs=50", "engine=numpy")
    losses = run.evals["train_loss"]
    assert losses.max() > 1.25 * losses[0]
    assert losses[-1] < losses[0] / 100
    assert run.evals["validation_accuracy"][-1] == 1
    assert run.record["diagnosis"] == []
