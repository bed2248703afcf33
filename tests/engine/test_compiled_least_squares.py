"""Full-batch least squares by QR, compared with exact sums and with the steps on all rows."""

from fractions import Fraction

import numpy as np
import pytest
from compiled_cases import cohort_of

import gdrun
from gdrun.engine.cohort import Design
from gdrun.engine.compiled import engine, least_squares
from gdrun.engine.compiled.least_squares import compressed
from gdrun.problems.rows import MappedRows

UNIT_ROUNDOFF = 2.0**-53
UNITS = 2**200


def whole(values):
    """Numbers as multiples of 1 / UNITS, in integers of any size."""
    return np.array([int(Fraction(value) * UNITS) for value in values.ravel().tolist()], object)


def exact_loss(part, w):
    """‖Xw − y‖² without any rounding."""
    w = np.asarray(w, dtype=float)
    residuals = whole(part.X).reshape(part.X.shape) @ whole(w) - UNITS * whole(part.y)
    return Fraction(residuals @ residuals, UNITS**4)


def error_of(part, small, w):
    """The relative error of the loss of the small examples at w."""
    exact = exact_loss(part, w)
    return abs(float((exact_loss(small, w) - exact) / exact))


@pytest.fixture
def ways(monkeypatch):
    """The names of what has passed over the rows so far."""
    seen = set()

    def watched(function, name):
        def watching(part, *given):
            seen.add(name(given))
            return function(part, *given)

        return watching

    gram = watched(least_squares._gram, lambda given: "first" if given[0] is None else "second")
    monkeypatch.setattr(least_squares, "_gram", gram)
    triangle = watched(least_squares._triangle, lambda given: "reflections")
    monkeypatch.setattr(least_squares, "_triangle", triangle)
    return seen


ROWS = 1500


def design(name, dtype="float64"):
    draw = np.random.default_rng(2)
    X = draw.normal(size=(ROWS, 6))
    w, noise = np.array([0.5, -1, 0.25, 1, -0.5, 0.75]), draw.normal(size=ROWS)
    if name == "two-valued":
        X = (X > 0.3) * 1.0
        X = (X - X.mean(axis=0)) / X.std(axis=0)
    if name == "correlated":  # a condition number of 1e5
        X[:, 3:] = X[:, :3] + 1e-5 * X[:, 3:]
    if name == "other units":
        X, w = X * np.logspace(-6, 6, 6), w / np.logspace(-6, 6, 6)
    if name == "ones and zeros":
        X[:, 1], X[:, 4] = 1, 0
    if name == "dependent":
        X[:, 5] = X[:, 0] + X[:, 1]
    size = {"residual 1e-3": 1e-3, "residual 1e-6": 1e-6, "no relation": 1e3}.get(name, 0.3)
    return Design(X.astype(dtype), (X @ w + size * noise).astype(dtype)), w


ONE, TWO, THREE = {"first"}, {"first", "second"}, {"first", "reflections"}


@pytest.mark.longer
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("independent", ONE),
        ("no relation", ONE),
        ("two-valued", ONE),
        ("other units", ONE),
        ("ones and zeros", ONE),
        ("residual 1e-3", TWO),
        ("residual 1e-6", TWO),
        ("correlated", TWO),
        ("dependent", THREE),
    ],
)
def test_the_triangle_has_the_exact_loss(name, expected, ways):
    part, w = design(name)
    small = compressed(part)
    assert ways == expected
    assert small.X.shape == (7, 6)
    best = np.linalg.lstsq(part.X, part.y, rcond=None)[0]
    for point in (np.zeros(6), w, best, best * [1, 1.001, 1, 0.999, 1, 1], -w):
        # A residual is a difference of numbers of the size of y. Its rounding, of order u‖y‖ in
        # all and independent of it, has a share of the loss of 2u‖y‖ / (‖residual‖ √N).
        loss = float(exact_loss(part, point))
        rows = 2 * UNIT_ROUNDOFF * np.linalg.norm(part.y) / np.sqrt(loss * ROWS)
        assert error_of(part, small, point) < 2e-13 + 4 * rows


@pytest.mark.longer
@pytest.mark.parametrize("name", ["independent", "residual 1e-3", "correlated"])
def test_single_precision_seldom_needs_a_second_gram_matrix(name, ways):
    part, w = design(name, "float32")
    small = compressed(part)
    assert small.X.dtype == small.y.dtype == np.float32
    # A condition number of 1e5 magnifies the rounding of a Gram matrix beyond single precision.
    assert ways == (TWO if name == "correlated" else ONE)
    best = np.linalg.lstsq(part.X.astype(float), part.y.astype(float), rcond=None)[0]
    for point in (np.zeros(6), w, best):
        loss = float(exact_loss(part, point))
        # The entries of the triangle are rounded to single precision.
        rounding = 2.0**-24 * np.linalg.norm(part.y) / np.sqrt(loss)
        assert error_of(part, small, point) < 2.0**-22 + rounding


def test_equal_products_do_not_add_up_their_rounding():
    # In one binade, each sum with the same product is rounded by the same amount, in a chain of
    # hundreds of rows. So the norm of a constant column would be wrong by 40 u.
    X, y = np.full((100_000, 1), 0.1), np.random.default_rng(0).normal(size=100_000)
    exact = 100_000 * Fraction(0.1) ** 2
    found = Fraction(float(compressed(Design(X, y)).X[0, 0])) ** 2
    assert abs(float((found - exact) / exact)) < 10 * UNIT_ROUNDOFF


@pytest.mark.parametrize("of_what", ["X", "y"])
def test_zeros_keep_a_column_of_zeros(of_what):
    part, _ = design("independent")
    getattr(part, of_what)[...] = 0
    small = compressed(part)
    assert not getattr(small, of_what).any()
    other = "y" if of_what == "X" else "X"
    values, rows = getattr(small, other), getattr(part, other)
    np.testing.assert_allclose(values.T @ values, rows.T @ rows, rtol=1e-13, atol=1e-11)


@pytest.mark.parametrize("value", [1e200, np.nan])
def test_squares_that_overflow_are_left_to_reflections(value, ways):
    part, _ = design("independent")
    part.X[:, 2] *= value
    small = compressed(part)
    assert ways == THREE
    assert np.isfinite(small.X).all() == np.isfinite(value)


@pytest.mark.parametrize("name", ["independent", "correlated", "dependent"])
def test_rows_on_disk_have_the_triangle_of_rows_in_memory(name, tmp_path):
    part, _ = design(name)
    path = tmp_path / "X.npy"
    np.save(path, part.X)
    rows = MappedRows(np.load(path, mmap_mode="r"), np.arange(ROWS), part.X.dtype)
    from_disk, in_memory = compressed(Design(rows, part.y)), compressed(part)
    np.testing.assert_array_equal(from_disk.X, in_memory.X)
    np.testing.assert_array_equal(from_disk.y, in_memory.y)


@pytest.mark.slow
@pytest.mark.parametrize(("l2", "every"), [(0.0, 50), (0.1, 50), (0.1, 5)])
def test_least_squares_by_qr_takes_the_numpy_engines_steps(l2, every, monkeypatch):
    compressions = []
    monkeypatch.setattr(
        engine, "compressed", lambda part: compressions.append(part.rows) or compressed(part)
    )
    # Columns of sizes 1 to 1e-3, so a condition number of XᵀX of about 1e6.
    draw = np.random.default_rng(0)
    X = draw.normal(size=(500, 4)) * [1, 0.1, 0.01, 0.001] + 0.5
    y = X @ [1.0, -2.0, 3.0, -4.0] + 1e-3 * draw.normal(size=500)
    config = {
        "model": {"name": "linear", "l2": l2},
        "variant": "bgd",
        "optimizer": {"name": "nesterov", "lr": 0.05},
        "dataset": {
            "name": "arrays",
            "split": {"validation": 0.2, "test": 0},
            "standardize": False,
        },
        "stopping": {"epochs": 400},
        "evaluate": {"every": every},
    }
    runs = [gdrun.train(config | {"engine": name}, data=(X, y)) for name in ("numpy", "compiled")]
    assert runs[1].record["compression"] == "qr"
    # The validation rows, too, if they are evaluated 80 times.
    assert compressions == [400, *([100] if every == 5 else [])]
    for name in ("batch_loss", "grad_norm", "update_norm", "weight_norm"):
        numpy, compiled = runs[0].steps[name], runs[1].steps[name]
        # A gradient that has fallen far below the first one carries the rounding of its terms.
        np.testing.assert_allclose(compiled, numpy, rtol=1e-9, atol=1e-14 * numpy.max())
    for name in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(runs[1].evals[name], runs[0].evals[name], rtol=1e-9)
    np.testing.assert_allclose(runs[1].weights["w"], runs[0].weights["w"], rtol=1e-9)


def test_the_triangle_keeps_a_small_residual():
    # ‖Xw − y‖² at the solution is 1e-20 of ‖y‖², below what a Gram matrix in doubles can hold.
    cohort = cohort_of("mse", "vanilla", "bgd", rows=400)
    X = cohort.train.X
    w = np.arange(1.0, X.shape[1] + 1)
    noise = 1e-10 * np.random.default_rng(1).normal(size=len(X))
    part = type(cohort.train)(X, X @ w + noise)
    small = compressed(part)
    assert small.X.shape == (X.shape[1] + 1, X.shape[1])
    residual = small.X @ w - small.y
    assert residual @ residual == pytest.approx(noise @ noise, rel=1e-3)


@pytest.mark.parametrize("rows", [60, 9_000])
def test_all_ways_to_the_triangle_agree(rows, monkeypatch, ways):
    # The triangle is unique up to the signs of its rows, and so AᵀA = RᵀR whichever way.
    cohort = cohort_of("mse", "vanilla", "bgd", rows=rows)
    X = cohort.train.X
    part = Design(X, X @ np.arange(1.0, 1 + X.shape[1]) + 0.01 * cohort.train.y)
    A = np.column_stack([part.X, part.y])
    found = []
    rounding = least_squares._rounding
    cases = ((lambda _: 0.0, ONE), (rounding, TWO), (lambda _: np.inf, TWO | THREE))
    for replaced, expected in cases:
        ways.clear()
        monkeypatch.setattr(least_squares, "_rounding", replaced)
        small = compressed(part)
        assert ways == expected
        found.append(np.column_stack([small.X, small.y]))
        np.testing.assert_allclose(found[-1].T @ found[-1], A.T @ A, rtol=1e-12)
    for other in found[1:]:
        np.testing.assert_allclose(np.abs(found[0]), np.abs(other), rtol=1e-9, atol=1e-11)
        assert not np.array_equal(found[0], other)
