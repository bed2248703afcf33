"""Bounds of gradient descent: attained by the functions that are the worst, broken by none."""

import numpy as np
import pytest

from gdrun.insight.bounds import (
    convex_bounds,
    exact_bound,
    gradient_bound,
    linear_bound,
    subgradient_bound,
    textbook_bound,
)
from gdrun.insight.minimum import minimise
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective
from gdrun.problems.smoothness import lipschitz, smoothness


@pytest.mark.parametrize("steps", [1, 3, 10, 100])
@pytest.mark.parametrize("rate", [0.3, 1.0, 1.4])
def test_a_huber_function_attains_the_exact_bound(steps, rate):
    # f(x) = (L/2)x² for |x| ≤ δ, else Lδ|x| − (L/2)δ², with δ = 1/(1 + 2NαL) and x₀ = 1: all N
    # gradients are Lδ, so x_N = 1 − NαLδ, and f(x_N) = Lδ(x_N − δ/2) = (L/2)δ.
    L = 2.5
    alpha, delta = rate / L, 1 / (1 + 2 * steps * rate)
    x = 1.0
    for _ in range(steps):
        x -= alpha * L * np.clip(x, -delta, delta)
    value = L * delta * (abs(x) - delta / 2) if abs(x) > delta else L / 2 * x * x
    slow = 1 / (1 + 2 * steps * rate) >= (1 - rate) ** (2 * steps)
    bound = exact_bound(alpha, L, 1.0).at(steps)
    if slow:
        assert value == pytest.approx(bound, rel=1e-12)
    assert value <= bound * (1 + 1e-12)


@pytest.mark.parametrize("steps", [1, 3, 10, 100])
def test_a_quadratic_attains_it_near_the_limit(steps):
    # x_N = (1 − αL)^N x₀, so f(x_N) = (L/2)(1 − αL)^(2N) x₀².
    L, alpha = 2.5, 1.999 / 2.5
    value = L / 2 * (1 - alpha * L) ** (2 * steps) * 9.0
    assert exact_bound(alpha, L, 3.0).at(steps) == pytest.approx(value, rel=1e-12)


def descent(seed):
    """L, μ, α, ‖w₀ − w*‖, f(w₀) − f*, and f − f* and ‖∇f‖² at each step of a random problem."""
    rng = np.random.default_rng(seed)
    name, options, classes = [
        ("linear", {}, 0),
        ("linear", {"loss": "huber", "delta": 0.3}, 0),
        ("logistic", {}, 2),
        ("softmax", {}, 3),
        ("svm", {"loss": "squared_hinge"}, 3),
    ][seed % 5]
    features = int(rng.integers(1, 5))
    X = rng.normal(size=(12, features)) * 10 ** rng.uniform(-1, 1, features)
    y = rng.integers(classes, size=12) if classes else 3 * rng.normal(size=12)
    l2 = float(rng.choice([0.01, 0.3]))
    model = MODELS[name].function(features, classes, **options, bias=bool(seed % 2))
    objective, X, y = Objective(model, l2), model.design(X), model.encode(y)
    start = rng.normal(size=model.layout.size)
    best = minimise(objective, start, X, y)
    L = smoothness(model, X, l2)
    alpha = float(rng.uniform(0.05, 1.999)) / L
    w, excess, slopes = start, [], []
    for _ in range(41):
        value, gradient = objective.value_and_gradient(w[None], X, y)
        excess.append(value[0] - best.value)
        slopes.append(float(gradient[0] @ gradient[0]))
        w = w - alpha * gradient[0]
    mu = 0.0 if model.bias else l2
    distance = float(np.linalg.norm(start - best.weights))
    return L, mu, alpha, distance, np.array(excess), np.array(slopes)


@pytest.mark.longer
def test_no_bound_is_broken_on_200_random_problems():
    steps = np.arange(1, 41)
    applied = 0
    for seed in range(200):
        L, mu, alpha, distance, excess, slopes = descent(seed)
        for bound in convex_bounds(alpha, L, mu, distance, excess[0]):
            seen = excess[1:]
            if bound.quantity != "f - f*":
                seen = np.minimum.accumulate(slopes)[:-1]
            if bound.applies:
                applied += 1
                assert (seen <= bound.at(steps) * (1 + 1e-9) + 1e-13).all(), (seed, bound.name)
    assert applied > 400


@pytest.mark.parametrize("steps", [1, 2, 7, 50])
def test_the_subgradient_bound_on_an_absolute_value(steps):
    # f(x) = G|x| from x₀ = αG (N + ½): each step is αG, so the least of the first N values is that
    # at x = (3/2) αG, which is (3/2) αG².
    G, alpha = 3.0, 0.2
    bound = subgradient_bound(alpha, G, alpha * G * (steps + 0.5))
    x, seen = alpha * G * (steps + 0.5), []
    for _ in range(steps):
        seen.append(G * abs(x))
        x -= alpha * G * np.sign(x)
    assert min(seen) == pytest.approx(1.5 * alpha * G**2)
    assert min(seen) <= bound.at(steps)
    # The bound is (N + ½)² αG²/(2N) + αG²/2 = αG² (N/2 + 1 + 1/(8N)).
    assert bound.at(steps) == pytest.approx(alpha * G**2 * (steps / 2 + 1 + 1 / (8 * steps)))


@pytest.mark.longer
def test_the_subgradient_bound_is_not_broken_on_60_random_problems():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        name, options, classes = [
            ("linear", {"loss": "mae"}, 0),
            ("linear", {"loss": "pinball", "tau": 0.1}, 0),
            ("svm", {}, 3),
        ][seed % 3]
        X = rng.normal(size=(12, 3)) * 10 ** rng.uniform(-1, 1, 3)
        y = rng.integers(classes, size=12) if classes else 3 * rng.normal(size=12)
        model = MODELS[name].function(3, classes, **options, bias=bool(seed % 2))
        objective, X, y = Objective(model), model.design(X), model.encode(y)
        w = rng.normal(size=model.layout.size)
        best = minimise(objective, w, X, y)
        G = lipschitz(model, X, 0.0)
        alpha = float(10 ** rng.uniform(-3, 0)) / G
        bound = subgradient_bound(alpha, G, float(np.linalg.norm(w - best.weights)))
        lowest = np.inf
        for step in range(1, 41):
            value, gradient = objective.value_and_gradient(w[None], X, y)
            lowest = min(lowest, value[0] - best.value)
            assert lowest <= bound.at(step) * (1 + 1e-9) + 1e-12, (seed, step)
            w = w - alpha * gradient[0]


def test_by_hand():
    # L = 2, α = ½, N = 3, ‖w₀ − w*‖ = 2: max{1/7, 0}·4 = 4/7; 4/(2·½·3) = 4/3; with μ = 1,
    # (½)⁶·4 = 1/16; and 2·5/(½·3) = 20/3.
    assert exact_bound(0.5, 2.0, 2.0).at(3) == pytest.approx(4 / 7)
    assert textbook_bound(0.5, 2.0, 2.0).at(3) == pytest.approx(4 / 3)
    assert linear_bound(0.5, 2.0, 1.0, 2.0).at(3) == pytest.approx(1 / 16)
    assert gradient_bound(0.5, 2.0, 5.0).at(3) == pytest.approx(20 / 3)


def test_conditions_on_the_rate():
    applies = {rate: exact_bound(rate, 1.0, 1.0).applies for rate in (0.5, 1.5, 2.0)}
    assert applies == {0.5: True, 1.5: True, 2.0: False}
    applies = {rate: textbook_bound(rate, 1.0, 1.0).applies for rate in (0.5, 1.0, 1.5)}
    assert applies == {0.5: True, 1.0: True, 1.5: False}


def test_steps_to_a_level():
    # 4/(2·½·N) ≤ 0.01 from N = 400 on.
    bound = textbook_bound(0.5, 2.0, 2.0)
    assert bound.steps_to(0.01) == 400
    assert bound.steps_to(100.0) == 1
    assert bound.steps_to(0.0) is None
    assert textbook_bound(5.0, 2.0, 2.0).steps_to(1.0) is None
