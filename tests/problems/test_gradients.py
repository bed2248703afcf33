"""Value and gradient of every model, under every choice of its options, from the registry."""

import numpy as np
import pytest
from problem_cases import CASES, NETWORKS, objective, random_point, textbook_objective

from gdrun.problems.losses import LOSSES
from gdrun.problems.models import MODELS

PENALTIES = [0.0, 0.3]
every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_penalty = pytest.mark.parametrize("l2", PENALTIES)
every_shape = pytest.mark.parametrize("streams", [(), (2,)], ids=["lanes", "streams"])


def central_differences(objective, point, step=1e-5):
    """(L(W + h eᵢ) − L(W − h eᵢ)) / 2h for each parameter i, all lanes at once."""
    gradient = np.empty_like(point.W)
    for i in range(point.W.shape[-1]):
        shift = np.zeros(point.W.shape[-1])
        shift[i] = step
        above, _ = objective.value_and_gradient(point.W + shift, point.X, point.y)
        below, _ = objective.value_and_gradient(point.W - shift, point.X, point.y)
        gradient[..., i] = (above - below) / (2 * step)
    return gradient


def test_the_cases_cover_every_model_and_every_loss():
    assert {case.name for case in CASES} == set(MODELS) - NETWORKS
    assert {case.build().loss.name for case in CASES} == set(LOSSES)


@every_case
@every_penalty
@every_shape
@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_is_the_slope_of_the_value(case, l2, streams, seed):
    point = random_point(case, seed, streams=streams, smooth=True)
    known = objective(case, l2)
    _, gradient = known.value_and_gradient(point.W, point.X, point.y)
    measured = central_differences(known, point)
    # With h = 1e-5 the differences are off by h² f‴/6 ≈ 1e-11 and by ε L/h ≈ 2e-16 · 10 / 1e-5
    # = 2e-10, each relative to gradients of order 1.
    error = np.linalg.norm(gradient - measured, axis=-1) / np.linalg.norm(gradient, axis=-1)
    assert error.max() < 1e-8


@every_case
@every_penalty
@every_shape
def test_the_value_is_the_textbook_sum(case, l2, streams):
    point = random_point(case, 11, streams=streams)
    value, _ = objective(case, l2).value_and_gradient(point.W, point.X, point.y)
    assert value == pytest.approx(textbook_objective(case, point, l2), rel=1e-13)


@every_case
@every_shape
def test_each_lane_has_its_own_penalty(case, streams):
    point = random_point(case, 12, lanes=4, streams=streams, smooth=True)
    l2 = np.resize([0.0, 0.1, 1.0, 7.0], point.W.shape[:-1])[..., None]
    known = objective(case, l2)
    value, gradient = known.value_and_gradient(point.W, point.X, point.y)
    assert value == pytest.approx(textbook_objective(case, point, l2), rel=1e-13)
    error = np.abs(gradient - central_differences(known, point)).max(axis=-1)
    assert (error / np.abs(gradient).max(axis=-1)).max() < 1e-8


@every_case
@every_penalty
@every_shape
def test_float32_stays_float32(case, l2, streams):
    point = random_point(case, 13, streams=streams, dtype=np.float32, smooth=True)
    wide = random_point(case, 13, streams=streams, smooth=True)
    value, gradient = objective(case, l2).value_and_gradient(point.W, point.X, point.y)
    column = np.full((*point.W.shape[:-1], 1), l2, dtype=np.float32)
    by_lane = objective(case, column).value_and_gradient(point.W, point.X, point.y)
    for result in (value, gradient, *by_lane, case.build().scores(point.W, point.X)):
        assert result.dtype == np.float32
    # The draws are the same in both precisions; ε = 6e-8, over sums of some ten terms.
    expected, slope = objective(case, l2).value_and_gradient(wide.W, wide.X, wide.y)
    assert value == pytest.approx(expected, rel=1e-5)
    assert gradient == pytest.approx(slope, rel=1e-5, abs=1e-5 * np.abs(slope).max())
    losses, _ = case.build().tally(point.W, point.X, point.y)
    assert losses.dtype == np.float32


@every_case
@every_penalty
@every_shape
def test_a_lane_among_many_is_the_lane_alone(case, l2, streams):
    point = random_point(case, 14, rows=64, lanes=9, streams=streams)
    known = objective(case, l2)
    values, gradients = known.value_and_gradient(point.W, point.X, point.y)
    for lane in np.ndindex(values.shape):
        stream = lane[:-1]
        value, gradient = known.value_and_gradient(
            point.W[lane][None], point.X[stream], point.y[stream]
        )
        assert values[lane] == pytest.approx(value[0], rel=1e-12)
        error = np.linalg.norm(gradients[lane] - gradient[0])
        assert error <= 1e-12 * np.linalg.norm(gradient)


@every_case
@every_penalty
def test_a_broken_lane_spoils_no_other(case, l2):
    point = random_point(case, 15, lanes=4)
    broken = point.W.copy()
    broken[1] = np.nan
    known = objective(case, l2)
    value, gradient = known.value_and_gradient(broken, point.X, point.y)
    expected, slope = known.value_and_gradient(point.W, point.X, point.y)
    assert np.isnan(value[1])
    others = [0, 2, 3]
    assert value[others] == pytest.approx(expected[others], rel=1e-12)
    assert gradient[others] == pytest.approx(slope[others], rel=1e-12, abs=1e-14)


@every_case
@every_shape
@pytest.mark.parametrize("size", [1e3, 1e4])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_large_scores_give_finite_values_and_gradients(case, streams, size, dtype):
    point = random_point(case, 16, streams=streams, dtype=dtype)
    with np.errstate(all="raise", under="ignore"):
        value, gradient = objective(case, 1e-3).value_and_gradient(
            point.W * dtype(size), point.X, point.y
        )
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()


def scores_of(name, **options):
    (case,) = (
        case
        for case in CASES
        if case.name == name and {**options, "bias": True}.items() <= dict(case.options).items()
    )
    return case


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        # Every class has probability 1/C at zero weights: −ln(1/2), −ln(1/4).
        (scores_of("logistic"), np.log(2)),
        (scores_of("softmax"), np.log(4)),
        # Each of the C − 1 = 3 wrong classes has margin 0 − 0 + 1, and 1² = 1.
        (scores_of("svm", loss="hinge"), 3.0),
        (scores_of("svm", loss="squared_hinge"), 3.0),
    ],
    ids=str,
)
def test_the_value_at_zero_weights(case, expected):
    point = random_point(case, 17)
    value, _ = objective(case, 0.5).value_and_gradient(np.zeros_like(point.W), point.X, point.y)
    assert value == pytest.approx(np.full(3, expected), rel=1e-15)


def test_logistic_is_softmax_of_two_classes():
    """p(y = 1) = e^(s₁) / (e^(s₀) + e^(s₁)) = 1 / (1 + e^(−(s₁ − s₀))): weights by difference."""
    point = random_point(scores_of("logistic"), 18)
    softmax = MODELS["softmax"].function(features=5, classes=2)
    two = np.concatenate([-0.25 * point.W, 0.75 * point.W], axis=-1)
    value, gradient = objective(scores_of("logistic")).value_and_gradient(point.W, point.X, point.y)
    sums, slopes = softmax.sums(two, point.X, point.raw_y)
    assert sums / 7 == pytest.approx(value, rel=1e-13)
    # dL/dw₁ = −dL/dw₀ = dL/dw, because only the difference s₁ − s₀ counts.
    assert slopes / 7 == pytest.approx(np.concatenate([-gradient, gradient], axis=-1), abs=1e-14)


def test_least_squares_has_its_normal_equations():
    """∇L = (2/N) Xᵀ(Xw − y) + l2 w, in closed form with the bias as a column of ones."""
    point = random_point(scores_of("linear", loss="mse"), 19, rows=40, lanes=1)
    known = objective(scores_of("linear", loss="mse"))
    best, *_ = np.linalg.lstsq(point.X, point.y)
    value, gradient = known.value_and_gradient(best[None], point.X, point.y)
    # At the optimum the gradient vanishes, to ε · ‖X‖² ‖w‖ / N.
    assert np.abs(gradient).max() < 1e-14
    residual = point.y - point.X @ best
    assert value[0] == pytest.approx(residual @ residual / 40, rel=1e-13)
    curvature = np.linalg.norm(np.linalg.qr(point.X).R @ point.W[0]) ** 2 / 40
    moved, _ = known.value_and_gradient(best + point.W, point.X, point.y)
    # A quadratic is exact at second order: L(w* + v) = L(w*) + ‖Xv‖²/N.
    assert moved[0] == pytest.approx(value[0] + curvature, rel=1e-12)
