"""Best settings and contractions, against simulated runs and direct minimisation."""

import math

import numpy as np
import pytest

from gdrun.insight import rates
from gdrun.insight.rates import Setting, best_settings, contraction


def simulated(rule, lr, beta, curvatures, steps=400, dampening=0.0):
    """The contraction of ‖w‖ a step in the second half of a run on ½ Σ λ w², from the update."""
    w, v = np.ones(len(curvatures)), np.zeros(len(curvatures))
    sizes = []
    for _ in range(steps):
        g = curvatures * w
        if rule == "vanilla":
            w = w - lr * g
        elif rule == "momentum":
            v = beta * v + (1 - dampening) * g
            w = w - lr * v
        else:
            v = beta * v + g
            w = w - lr * (g + beta * v)
        sizes.append(np.linalg.norm(np.concatenate([w, v])))
    return (sizes[-1] / sizes[len(sizes) // 2]) ** (1 / (steps - steps // 2 - 1))


@pytest.mark.parametrize("kappa", [4.0, 50.0])
@pytest.mark.parametrize("rule", ["vanilla", "momentum", "nesterov"])
def test_the_contraction_is_that_of_a_run(rule, kappa):
    mu = 0.3
    options = {"lr": 1.1 / (mu * kappa), "beta": 0.6, "dampening": 0.25}
    curvatures = np.array([mu, 2 * mu, kappa * mu])
    seen = simulated(rule, options["lr"], 0.6, curvatures, dampening=0.25)
    assert contraction(rule, options, curvatures) == pytest.approx(seen, rel=0.01)


@pytest.mark.parametrize("kappa", [1.5, 10.0, 1e4])
def test_no_other_setting_contracts_faster(kappa):
    mu, L = 2.0, 2.0 * kappa
    for best in best_settings((mu, L)):
        options = {"lr": best.lr, "beta": best.beta, "dampening": 0.0}
        ends = np.array([mu, L])
        own = contraction(best.rule, options, ends)
        # At the best pair two roots meet, where rounding errors enter by their square root.
        assert own == pytest.approx(best.contraction, abs=1e-7)
        for rate in np.linspace(0.8, 1.2, 21):
            for change in (0.0,) if best.beta is None else np.linspace(-0.1, 0.1, 21):
                beta = best.beta if best.beta is None else np.clip(best.beta + change, 0, 1)
                other = options | {"lr": rate * best.lr, "beta": beta}
                assert contraction(best.rule, other, ends) >= best.contraction - 1e-7


def test_by_hand():
    # μ = 1, L = 9, κ = 9: 2/10 and 8/10; 4/16 and β = (2/4)²; 4/28, with √28 = 5.2915.
    descent, ball, nesterov = best_settings((1.0, 9.0))
    assert (descent.lr, descent.contraction) == pytest.approx((0.2, 0.8))
    assert (ball.lr, ball.beta, ball.contraction) == pytest.approx((0.25, 0.25, 0.5))
    assert (nesterov.lr, nesterov.beta) == pytest.approx((1 / 7, 3.2915 / 7.2915), rel=1e-4)
    assert nesterov.contraction == pytest.approx(1 - 2 / 5.2915, rel=1e-4)


@pytest.mark.parametrize("kappa", [1.0, 3.0, 100.0])
@pytest.mark.parametrize("rule", ["vanilla", "momentum", "nesterov"])
@pytest.mark.parametrize("own", [False, True])
def test_the_steps_are_those_of_simulated_runs_from_the_worst_start(rule, kappa, own):
    curvatures = np.geomspace(0.5, 0.5 * kappa, 4)
    setting = next(each for each in best_settings(curvatures) if each.rule == rule)
    if own:  # at another rate and momentum, with dampening
        options = {"lr": 0.7 / (0.5 * kappa), "beta": 0.8, "dampening": 0.3}
        rho = contraction(rule, options, curvatures)
        beta = None if rule == "vanilla" else 0.8
        damped = 0.3 if rule == "momentum" else 0.0
        setting = Setting(rule, options["lr"], beta, rho, tuple(curvatures), damped)
    beta, lr = setting.beta or 0.0, setting.lr
    # Each row is a start: along one eigenvector, and a random one.
    w = np.vstack([np.eye(4), np.random.default_rng(0).normal(size=(20, 4))])
    v, excess = np.zeros_like(w), lambda w: 0.5 * (curvatures * w * w).sum(axis=1)
    first, last = excess(w), 0
    for step in range(1, 3 * setting.steps(1e-6) + 100):
        g = curvatures * w
        v = beta * v + (1 - setting.dampening) * g
        w = w - lr * (g + beta * v if rule == "nesterov" else v)
        if (excess(w) > 1e-6 * (1 + 1e-9) * first).any():
            last = step
    assert setting.steps(1e-6) == last + 1


@pytest.mark.longer
@pytest.mark.parametrize("rule", ["momentum", "nesterov"])
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("rate", [0.01, 0.3, 1.0, 1.2])
def test_the_steps_end_the_last_rise_above_the_tolerance(rule, beta, rate):
    curvatures = np.array([0.1, 1.0])
    options = {"lr": rate, "beta": beta, "dampening": 0.0}
    rho = contraction(rule, options, curvatures)
    steps = Setting(rule, rate, beta, rho, tuple(curvatures)).steps(1e-3)
    w, v, last = np.ones(2), np.zeros(2), 0
    for step in range(1, 20_000):
        g = curvatures * w
        v = beta * v + g
        w = w - rate * (g + beta * v if rule == "nesterov" else v)
        if (w * w > 1e-3).any():
            last = step
    assert steps == last + 1


def test_momentum_rises_above_the_tolerance_again():
    # z² − 1.8 z + 0.9 = 0 at α = 0.1, β = 0.9 and λ = 1, so that eₙ₊₁ = 1.8 eₙ − 0.9 eₙ₋₁.
    setting = Setting("momentum", 0.1, 0.9, math.sqrt(0.9), (1.0,))
    e, seen = [1.0, 0.9], []
    for _ in range(400):
        e.append(1.8 * e[-1] - 0.9 * e[-2])
    seen = [n for n, each in enumerate(e) if each * each > 0.04]
    assert seen != list(range(len(seen)))  # below the tolerance, then above it again
    assert setting.steps(0.04) == seen[-1] + 1


def test_many_steps_are_counted_by_the_contraction(monkeypatch):
    slow = Setting("momentum", 2e-3, 0.9, contraction("momentum", MANY, np.ones(1)), (1.0,))
    counted = slow.steps(1e-6)
    monkeypatch.setattr(rates, "MOST_COUNTED", 100)
    assert 100 < slow.steps(1e-6) == pytest.approx(counted, rel=0.01)


MANY = {"lr": 2e-3, "beta": 0.9, "dampening": 0.0}


def test_steps_to_a_tolerance():
    # f − f* falls by 0.25 a step: 0.25⁵ < 1e-3 < 0.25⁴.
    assert Setting("vanilla", 1.0, None, 0.5).steps(1e-3) == 5
    assert Setting("vanilla", 1.0, None, 1.0).steps(1e-3) is None
    assert Setting("vanilla", 1.0, None, 0.0).steps(1e-3) == 1


def test_a_rule_without_a_formula():
    assert contraction("adam", {"lr": 0.1}, np.ones(1)) is None
    assert math.isclose(contraction("vanilla", {"lr": 0.5}, np.array([1.0, 2.0])), 0.5)
