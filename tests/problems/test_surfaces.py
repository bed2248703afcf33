"""Surfaces: derivatives, minima, and the noise that makes a batch differ from the whole."""

import numpy as np
import pytest

from gdrun.problems.surfaces import SURFACES, noise_vectors

NAMES = sorted(SURFACES)


def value(name, x, y):
    return float(SURFACES[name].function(np.float64(x), np.float64(y))[0])


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_that_of_central_differences(name):
    rng = np.random.default_rng(7)
    for x, y in rng.uniform(-2, 2, (20, 2)):
        _, fx, fy = SURFACES[name].function(np.float64(x), np.float64(y))
        # The error of a central difference is h² f‴/6 + ε |f| / h: below 1e-6 of the scale here.
        h = 1e-5
        by_x = (value(name, x + h, y) - value(name, x - h, y)) / (2 * h)
        by_y = (value(name, x, y + h) - value(name, x, y - h)) / (2 * h)
        scale = 1 + abs(by_x) + abs(by_y)
        assert abs(fx - by_x) < 1e-6 * scale
        assert abs(fy - by_y) < 1e-6 * scale


@pytest.mark.parametrize("name", NAMES)
def test_each_minimum_is_flat_and_lower_than_everything_near_it(name):
    rng = np.random.default_rng(3)
    for x, y in SURFACES[name].minima:
        at, fx, fy = SURFACES[name].function(np.float64(x), np.float64(y))
        assert abs(fx) < 1e-10
        assert abs(fy) < 1e-10
        for dx, dy in rng.normal(0, 0.02, (50, 2)):
            assert value(name, x + dx, y + dy) > at


# From the definitions: Rosenbrock's f(−1.2, 1) = 2.2² + 100 · (1 − 1.44)² = 4.84 + 19.36 = 24.2;
# Himmelblau's f(0, 0) = 11² + 7² = 170; Beale's f(1, 1) = 1.5² + 2.25² + 2.625² = 14.203125;
# the bowl's f(−4, 1.5) = ½ (16 + 10 · 2.25) = 19.25; the saddle's minima are ¼ − ½ = −¼. Along the
# terrace the slope is 25x to x = 1, then x + 24 to x = 2: f(1, 0) = 12.5, f(2, 2) = 12.5 + 1.5 + 24
# + 2 = 40, and with the slope 25x − 24 after it f(3, 0) = 38 + 62.5 − 24 = 76.5.
@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [
        ("rosenbrock", (-1.2, 1.0), 24.2),
        ("himmelblau", (0.0, 0.0), 170.0),
        ("beale", (1.0, 1.0), 14.203125),
        ("bowl", (-4.0, 1.5), 19.25),
        ("saddle", (0.0, 1.0), -0.25),
        ("plateau", (0.0, 0.0), 0.0),
        ("terrace", (1.0, 0.0), 12.5),
        ("terrace", (2.0, 2.0), 40.0),
        ("terrace", (3.0, 0.0), 76.5),
    ],
)
def test_known_values(name, place, expected):
    assert value(name, *place) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lanes_walk_alone_and_keep_their_dtype(name, dtype):
    model = SURFACES[name].model(**SURFACES[name].defaults)
    rng = np.random.default_rng(1)
    W = rng.uniform(-2, 2, (5, 2)).astype(dtype)
    X = noise_vectors(rng, 8, 0.5).astype(dtype)
    total, gradient = model.sums(W, X, np.zeros(8, dtype=dtype))
    assert total.dtype == gradient.dtype == dtype
    for lane in range(5):
        alone, slope = model.sums(W[lane : lane + 1], X, np.zeros(8, dtype=dtype))
        assert np.allclose(alone[0], total[lane], rtol=1e-6)
        assert np.allclose(slope[0], gradient[lane], rtol=1e-6)


def test_the_noise_of_all_examples_cancels_and_that_of_a_batch_does_not():
    model = SURFACES["bowl"].model(condition=10.0)
    X = noise_vectors(np.random.default_rng(5), 64, 0.3)
    W = np.array([[-4.0, 1.5]])
    total, gradient = model.sums(W, X, np.zeros(64))
    # f = 19.25 and ∇f = (−4, 15) at this place, as computed above and from ∇f = (x, κ y).
    assert total[0] / 64 == pytest.approx(19.25, rel=1e-13)
    assert gradient[0] / 64 == pytest.approx([-4.0, 15.0], rel=1e-13)
    singles = np.array([model.sums(W, X[k : k + 1], np.zeros(1))[1][0] for k in range(64)])
    assert singles.std(axis=0) == pytest.approx(X.std(axis=0), rel=1e-12)
    assert np.all(X.std(axis=0) > 0.2)


def test_examples_sum_to_the_whole():
    model = SURFACES["rosenbrock"].model(steepness=100.0)
    X = noise_vectors(np.random.default_rng(2), 6, 1.0)
    W = np.array([[0.3, -0.7], [1.5, 2.0]])
    scores = model.scores(W, X)
    assert scores.shape == (6, 2)
    assert scores.sum(axis=0) == pytest.approx(model.sums(W, X, np.zeros(6))[0], rel=1e-12)


def test_the_distance_is_that_to_the_nearest_minimum():
    saddle = SURFACES["saddle"]
    # Minima at (0, ±1): from (0.3, −0.6) the nearer is (0, −1), at √(0.09 + 0.16) = 0.5.
    assert saddle.distance(np.array([0.3, -0.6])) == pytest.approx(0.5)


@pytest.mark.parametrize("name", [name for name in NAMES if SURFACES[name].curvatures])
@pytest.mark.parametrize("option", [0.4, 7.0])
def test_the_declared_curvatures_bound_those_of_all_points(name, option):
    # The curvature along a unit vector d is the second difference of f in its direction.
    surface = SURFACES[name]
    options = dict.fromkeys(surface.options, option)
    low, high = surface.curvatures(**options)
    # All that is curved of the plateau is within a few times its width.
    span = option if name == "plateau" else 1.0
    rng, h = np.random.default_rng(2), 1e-3 * span
    found = []
    for _ in range(300):
        place, d = rng.uniform(-4, 4, 2) * span, rng.normal(size=2)
        d /= np.linalg.norm(d)
        points = [place - h * d, place, place + h * d]
        before, at, after = (float(surface.function(*p, **options)[0]) for p in points)
        found.append((before - 2 * at + after) / h**2)
    # A finite bound is reached; towards an infinite one the curvature passes 0 by far.
    slack = min(0.1 * (high - low), 1.0)
    assert low - 1e-6 <= min(found) < (low + slack if low > -np.inf else -2)
    assert high + 1e-6 >= max(found) > (high - slack if high < np.inf else 40)
