"""Losses: compared with plain Python, for very large scores, and at the kinks of the equations."""

import math

import numpy as np
import pytest
from textbook import VALUES, far_from_kinks

from gdrun.problems.losses import LOSSES

CLASSES = 5
every_loss = pytest.mark.parametrize("name", LOSSES)
both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def random_scores(name, seed, *, shape=(6,), lanes=3, spread=2.0):
    """Scores (..., B, L) or (..., B, L, C) and targets (..., B) of the kind the loss wants."""
    draw = np.random.default_rng(seed)
    kind = LOSSES[name].targets
    scores = draw.normal(
        scale=spread, size=(*shape, lanes, CLASSES)[: None if kind == "code" else -1]
    )
    targets = {
        "number": draw.normal(scale=spread, size=shape),
        "sign": 2 * draw.integers(0, 2, shape) - 1,
        "code": draw.integers(0, CLASSES, shape),
    }
    return scores, targets[kind]


def rows_of(name, scores, y):
    """(place among examples and lanes, scores of that one as a list, its target)."""
    by_class = LOSSES[name].targets == "code"
    for place in np.ndindex(scores.shape[:-1] if by_class else scores.shape):
        yield place, np.atleast_1d(scores[place]).tolist(), y[place[:-1]].item()


def evaluate(name, scores, y, **options):
    """Values and slopes; nothing may overflow, be undefined, or be written to."""
    scores, y = np.asarray(scores), np.asarray(y)
    scores.setflags(write=False)
    y.setflags(write=False)
    with np.errstate(all="raise", under="ignore"):
        return LOSSES[name].function(scores, y, **options)


def epsilon(dtype):
    return float(np.finfo(dtype).eps)


def test_every_loss_has_its_textbook_twin():
    assert set(VALUES) == set(LOSSES)


@every_loss
@pytest.mark.parametrize("shape", [(6,), (1,), (4, 6)], ids=["batch", "one", "streams"])
@pytest.mark.parametrize("seed", range(4))
def test_values_are_those_of_plain_python(name, shape, seed):
    scores, y = random_scores(name, seed, shape=shape)
    values, slopes = evaluate(name, scores, y)
    assert values.shape == (*shape, 3)
    assert slopes.shape == scores.shape
    for place, row, target in rows_of(name, scores, y):
        assert values[place] == pytest.approx(VALUES[name](row, target), rel=1e-14, abs=1e-15)


@every_loss
@pytest.mark.parametrize("seed", range(4))
def test_slopes_are_the_differences_of_plain_python(name, seed):
    scores, y = random_scores(name, seed)
    _, slopes = evaluate(name, scores, y)
    h = 1e-5
    compared = 0
    for place, row, target in rows_of(name, scores, y):
        if not far_from_kinks(name, row, target):
            continue
        compared += 1
        for j, slope in enumerate(np.atleast_1d(slopes[place])):
            above, below = ([*row[:j], row[j] + side, *row[j + 1 :]] for side in (h, -h))
            measured = (VALUES[name](above, target) - VALUES[name](below, target)) / (2 * h)
            assert slope == pytest.approx(measured, abs=1e-8)
    assert compared > 12


@every_loss
def test_the_layout_in_memory_does_not_matter(name):
    scores, y = random_scores(name, 5, shape=(4, 6))
    values, slopes = evaluate(name, scores, y)
    for order in ("C", "F"):
        again = evaluate(name, np.array(scores, order=order), y)
        assert again[0] == pytest.approx(values, rel=1e-15)
        assert again[1] == pytest.approx(slopes, rel=1e-14)
    turned = np.ascontiguousarray(scores.swapaxes(0, 1)).swapaxes(0, 1)
    assert evaluate(name, turned, y)[1] == pytest.approx(slopes, rel=1e-14)


@every_loss
@pytest.mark.parametrize("size", [0.0, 1.0, 1e3, 1e4])
def test_float32_stays_float32(name, size):
    scores, y = random_scores(name, 6)
    y = y.astype(np.float32) if LOSSES[name].targets == "number" else y
    for result in evaluate(name, (size * scores).astype(np.float32), y):
        assert result.dtype == np.float32
        assert np.isfinite(result).all()


@both_dtypes
@pytest.mark.parametrize("size", [1000, 10_000])
def test_logistic_far_out_has_its_exact_limits(dtype, size):
    scores = np.array([[-size], [size]], dtype=dtype)
    values, slopes = evaluate("logistic", scores, np.array([1, 1]))
    # ℓ = log(1 + e^(−m)) is −m + e^m for m ≪ 0 and e^(−m) for m ≫ 0; e^(−1000) rounds to 0.
    assert values.tolist() == [[size], [0]]
    assert slopes.tolist() == [[-1], [0]]
    values, slopes = evaluate("logistic", scores, np.array([-1, -1]))
    assert values.tolist() == [[0], [size]]
    assert slopes.tolist() == [[0], [1]]


@both_dtypes
def test_logistic_keeps_its_relative_accuracy_in_the_tail(dtype):
    # For m ≥ 40, log(1 + e^(−m)) and 1/(1 + e^m) are both e^(−m) to within e^(−40) = 4e-18.
    # e^(−85) = 1e-37 is the last power that float32 holds in full.
    margins = np.array([[40.0], [60.0], [85.0]])
    exact = np.exp(-margins)
    values, slopes = evaluate("logistic", margins.astype(dtype), np.ones(3))
    tolerance = 4 * epsilon(dtype)
    assert values == pytest.approx(exact, rel=tolerance, abs=0)
    assert slopes == pytest.approx(-exact, rel=tolerance, abs=0)
    values, _ = evaluate("logistic", -margins.astype(dtype), np.ones(3))
    assert values == pytest.approx(margins, rel=tolerance)


def test_logistic_tail_reaches_the_smallest_powers():
    values, slopes = evaluate("logistic", np.array([[700.0]]), np.ones(1))
    assert values[0, 0] == pytest.approx(math.exp(-700), rel=1e-15, abs=0)
    assert slopes[0, 0] == pytest.approx(-math.exp(-700), rel=1e-15, abs=0)


@both_dtypes
def test_logistic_has_no_seam_at_zero(dtype):
    values, slopes = evaluate("logistic", np.array([[0.0], [-0.0]], dtype=dtype), np.ones(2))
    assert values == pytest.approx(np.full((2, 1), math.log(2)), rel=epsilon(dtype))
    assert slopes.tolist() == [[-0.5], [-0.5]]


@both_dtypes
@pytest.mark.parametrize("size", [1000, 10_000])
def test_cross_entropy_far_out_has_its_exact_limits(dtype, size):
    scores = np.array([[[size, 0, -size]]] * 3, dtype=dtype)
    values, slopes = evaluate("cross_entropy", scores, np.arange(3))
    # log Σ e^(sⱼ) is the largest score, since the others are e^1000 times smaller.
    assert values.tolist() == [[0], [size], [2 * size]]
    assert slopes[:, 0].tolist() == [[0, 0, 0], [1, -1, 0], [1, 0, -1]]


@both_dtypes
@pytest.mark.parametrize("offset", [-10_000, 10_000])
def test_cross_entropy_ignores_a_common_offset(dtype, offset):
    # Multiples of 1/8 up to 10⁴ are exact in float32, so adding the offset rounds nothing.
    scores = np.array([[[0.5, -1.25, 2.0]]], dtype=dtype)
    values, slopes = evaluate("cross_entropy", scores, np.array([1]))
    moved, turned = evaluate("cross_entropy", scores + dtype(offset), np.array([1]))
    assert moved.tolist() == values.tolist()
    assert turned.tolist() == slopes.tolist()


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
@both_dtypes
def test_cross_entropy_of_equal_scores_is_log_c(classes, dtype):
    values, slopes = evaluate("cross_entropy", np.zeros((1, 1, classes), dtype), np.array([1]))
    assert values[0, 0] == pytest.approx(math.log(classes), rel=2 * epsilon(dtype))
    assert slopes[0, 0, 0] == pytest.approx(1 / classes, rel=2 * epsilon(dtype))
    assert slopes[0, 0, 1] == pytest.approx(1 / classes - 1, rel=2 * epsilon(dtype))


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].targets == "code"])
def test_slopes_of_class_scores_sum_to_zero(name):
    """Only differences of scores count, so moving all of them together changes nothing."""
    _, slopes = evaluate(name, *random_scores(name, 7))
    assert slopes.sum(axis=-1) == pytest.approx(np.zeros((6, 3)), abs=1e-14)


@pytest.mark.parametrize(
    ("residual", "value", "slope"),
    [
        # δ = 2: ½ r² up to |r| = 2, then 2 (|r| − 1); slope r, then ±2.
        (0.0, 0.0, 0.0),
        (1.0, 0.5, 1.0),
        (-1.5, 1.125, -1.5),
        (2.0, 2.0, 2.0),
        (-2.0, 2.0, -2.0),
        (3.0, 4.0, 2.0),
        (-10.0, 18.0, -2.0),
        (1e4, 19_998.0, 2.0),
    ],
)
@both_dtypes
def test_huber_piece_by_piece(residual, value, slope, dtype):
    y = np.array([0.5], dtype=dtype)
    values, slopes = evaluate("huber", np.array([[residual + 0.5]], dtype), y, delta=2.0)
    assert values.tolist() == [[value]]
    assert slopes.tolist() == [[slope]]
    assert values.dtype == slopes.dtype == dtype


def test_huber_becomes_half_the_square_and_delta_times_the_distance():
    scores, y = random_scores("huber", 8)
    residual = scores - y[:, None]
    wide, _ = evaluate("huber", scores, y, delta=100.0)
    assert wide == pytest.approx(residual**2 / 2, rel=1e-14)
    # ℓ/δ = |r| − ½ δ for every |r| > δ = 1e-6.
    narrow, _ = evaluate("huber", scores, y, delta=1e-6)
    assert narrow / 1e-6 == pytest.approx(np.abs(residual) - 5e-7, rel=1e-12)


def test_squared_and_absolute_error_by_hand():
    # s − y = 3 − 1 = 2 and −1 − 0.5 = −1.5 and 0.25 − 0.25 = 0.
    scores, y = np.array([[3.0], [-1.0], [0.25]]), np.array([1.0, 0.5, 0.25])
    values, slopes = evaluate("mse", scores, y)
    assert values.tolist() == [[4], [2.25], [0]]
    assert slopes.tolist() == [[4], [-3], [0]]
    values, slopes = evaluate("mae", scores, y)
    assert values.tolist() == [[2], [1.5], [0]]
    assert slopes.tolist() == [[1], [-1], [0]]


def test_hinge_by_hand():
    scores = np.array([[[2.5, 4.0, -1.0]], [[0.5, 3.0, 1.5]], [[1.0, 2.5, -2.0]]])
    y = np.array([0, 1, 2])
    # Example 0 (class 0): max(0, 4 − 2.5 + 1) + max(0, −1 − 2.5 + 1) = 2.5 + 0.
    # Example 1 (class 1): max(0, 0.5 − 3 + 1) + max(0, 1.5 − 3 + 1) = 0 + 0.
    # Example 2 (class 2): max(0, 1 + 2 + 1) + max(0, 2.5 + 2 + 1) = 4 + 5.5.
    values, slopes = evaluate("hinge", scores, y)
    assert values.tolist() == [[2.5], [0], [9.5]]
    # A wrong class within the margin pulls with 1; the own class with minus their number.
    assert slopes[:, 0].tolist() == [[-1, 1, 0], [0, 0, 0], [1, 1, -2]]
    # Squared: 2.5² = 6.25, and 4² + 5.5² = 16 + 30.25; slopes are twice the margins.
    values, slopes = evaluate("squared_hinge", scores, y)
    assert values.tolist() == [[6.25], [0], [46.25]]
    assert slopes[:, 0].tolist() == [[-5, 5, 0], [0, 0, 0], [8, 11, -19]]


@both_dtypes
@pytest.mark.parametrize("size", [1000, 10_000])
def test_hinge_far_out_is_exact(dtype, size):
    scores = np.array([[[size, -size]]] * 2, dtype=dtype)
    # s_wrong − s_own + 1 = ∓2 size + 1; whole numbers up to 2²⁴ are exact in float32.
    values, _ = evaluate("hinge", scores, np.array([0, 1]))
    assert values.tolist() == [[0], [2 * size + 1]]


@every_loss
@pytest.mark.parametrize("classes", [3, 5])
def test_the_curvature_at_scores_of_zero_is_the_difference_of_slopes(name, classes):
    """The same for every target; a loss whose curvature depends on its target has none."""
    loss, h = LOSSES[name], 1e-4
    by_class = loss.targets == "code"
    outputs = classes if by_class else 1
    targets = {"number": [-3.0, 0.5, 7.0], "sign": [-1, 1], "code": list(range(classes))}
    y = np.array(targets[loss.targets])
    found = []
    for place in range(outputs):
        scores = np.zeros((len(y), 1, outputs))
        scores[..., place] = h
        above, below = (
            loss.bound(each if by_class else each[..., 0], y)[1] for each in (scores, -scores)
        )
        slopes = ((above - below) / (2 * h))[:, 0]
        found += list(slopes[:, place] if by_class else slopes)
    if loss.zero_curvature is None:
        assert np.ptp(found) > 0 or loss.slopes is not None
    else:
        np.testing.assert_allclose(found, loss.zero_curvature(outputs), rtol=1e-6)


@every_loss
def test_a_score_that_is_not_a_number_shows_in_the_value(name):
    scores, y = random_scores(name, 9)
    scores[2, 1] = np.nan
    values, _ = LOSSES[name].function(scores, y)
    assert np.argwhere(np.isnan(values)).tolist() == [[2, 1]]
