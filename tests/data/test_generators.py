"""Generated datasets: each has the properties in its docstring, exactly or within bounds."""

from math import pi, sqrt

import numpy as np
import pytest

from gdrun.data import DATASETS, load_table
from gdrun.data.sources import is_generated
from gdrun.errors import DataError

GENERATED = [name for name, definition in DATASETS.items() if is_generated(definition)]
RANDOM_LABELS = {"logistic"}
"""Datasets whose labels are drawn one by one, so the sizes of the classes are random."""

every_generator = pytest.mark.parametrize("name", GENERATED)
every_option = pytest.mark.parametrize(
    ("name", "option"),
    [(name, option) for name in GENERATED for option in DATASETS[name].options],
)


def generated(name, seed=0, **options):
    return load_table({"name": name, "seed": seed, **options})


@every_generator
def test_the_form_of_a_table(name):
    table = generated(name)
    rows, features = table.X.shape
    assert table.y.shape == (rows,)
    assert len(set(table.feature_names)) == features
    assert np.isfinite(table.X).all()
    assert table.X.dtype == np.float64
    if table.classes:
        assert table.y.dtype == np.int64
        assert set(table.y.tolist()) == set(range(len(table.classes)))
    else:
        assert table.y.dtype == np.float64
        assert np.isfinite(table.y).all()


@every_generator
def test_it_states_its_equation(name):
    assert DATASETS[name].doc.equation


@every_generator
def test_a_seed_decides_everything(name):
    tables = [generated(name, seed) for seed in (0, 0, 1)]
    assert tables[0].sha256 == tables[1].sha256
    np.testing.assert_array_equal(tables[0].X, tables[1].X)
    assert not np.array_equal(tables[0].X, tables[2].X)


@every_option
def test_every_option_matters(name, option):
    default = DATASETS[name].options[option].default
    other = default + 1 if isinstance(default, int) else 1.5 * default or 0.5
    assert generated(name, **{option: other}).sha256 != generated(name).sha256


@every_generator
@pytest.mark.parametrize("seed", range(3))
def test_classes_are_of_equal_size_to_within_one(name, seed):
    table = generated(name, seed)
    counts = np.bincount(table.y.astype(np.int64)) if table.classes else []
    if table.classes and name not in RANDOM_LABELS:
        assert max(counts) - min(counts) <= 1
    else:
        assert name in RANDOM_LABELS | {"linear"}


@every_generator
def test_a_prefix_is_a_fair_sample(name):
    # The count of class 0 in the first half of N rows, of which K are in the class, is
    # hypergeometric: mean K/2, variance K(N − K)/(4(N − 1)). Five standard deviations.
    table = generated(name)
    share = table.y == 0 if table.classes else table.y > np.median(table.y)
    total, hits = len(share), int(share.sum())
    found = np.count_nonzero(share[: total // 2])
    assert abs(found - hits / 2) <= 5 * sqrt(hits * (total - hits) / (4 * (total - 1)))


@pytest.mark.parametrize("name", ["moons", "circles", "xor"])
@pytest.mark.parametrize("n", [2, 3, 5, 101])
def test_odd_numbers_of_points(name, n):
    table = generated(name, n=n)
    assert len(table.y) == n
    counts = np.bincount(table.y, minlength=2)
    assert abs(counts[0] - counts[1]) <= 1


@pytest.mark.parametrize("name", ["linear", "logistic"])
@pytest.mark.parametrize(
    ("n", "d", "condition"), [(1000, 10, 1.0), (50, 7, 100.0), (8, 7, 1e4), (200, 2, 1e6)]
)
def test_the_condition_number_is_exact(name, n, d, condition):
    X = generated(name, n=n, d=d, condition=condition).X
    assert X.shape == (n, d)
    assert np.abs(X.mean(axis=0)).max() < 1e-14
    eigenvalues = np.linalg.eigvalsh(X.T @ X / n)
    # An eigenvalue is off by about machine precision times the largest: relative to the
    # smallest, 1e-16 times the condition number, and some room.
    room = 1e-13 * condition
    assert eigenvalues[-1] / eigenvalues[0] == pytest.approx(condition, rel=room)
    assert eigenvalues.mean() == pytest.approx(1, rel=1e-12)
    # Even in logarithm: all neighbours have the ratio κ^(1/(d − 1)).
    ratios = eigenvalues[1:] / eigenvalues[:-1]
    assert ratios == pytest.approx(condition ** (1 / (d - 1)), rel=room)


def test_linear_targets_have_the_stated_noise():
    # Residuals of the least-squares fit: Σr² / σ² is χ² with n − d degrees of freedom (the mean
    # of y is not fitted, and no bias is drawn), mean n − d and variance 2(n − d).
    table = generated("linear", n=4000, d=5, noise=0.3)
    residual = table.y - table.X @ np.linalg.lstsq(table.X, table.y, rcond=None)[0]
    freedom = 4000 - 5
    assert abs((residual @ residual) / 0.3**2 - freedom) < 5 * sqrt(2 * freedom)


def test_linear_weights_are_standard_normal():
    # Without noise the fit is w* itself. Of 300 weights the mean square has standard deviation
    # √(2/300).
    weights = []
    for seed in range(30):
        table = generated("linear", seed, n=20, d=10, noise=0)
        w, residual, *_ = np.linalg.lstsq(table.X, table.y, rcond=None)
        assert residual.max() < 1e-25
        weights.extend(w)
    assert abs(np.mean(weights)) < 5 / sqrt(300)
    assert abs(np.mean(np.square(weights)) - 1) < 5 * sqrt(2 / 300)


def maximum_likelihood(X, y):
    """Logistic regression by Newton's method."""
    w = np.zeros(X.shape[1])
    for _ in range(12):
        p = 1 / (1 + np.exp(-X @ w))
        w += np.linalg.solve(X.T @ (X * (p * (1 - p))[:, None]), X.T @ (y - p))
    return w


@pytest.mark.parametrize("signal", [0.5, 1.0, 3.0])
def test_logistic_labels_come_from_the_stated_model(signal):
    table = generated("logistic", n=20_000, d=3, signal=signal)
    w = maximum_likelihood(table.X, table.y)
    log_odds = table.X @ w
    p = 1 / (1 + np.exp(-log_odds))
    # XᵀX/n = I, so sd(Xŵ) = ‖ŵ‖ and its variance is that of ŵ along itself, by the Fisher
    # information u'X'diag(p(1−p))Xu with u = ŵ/‖ŵ‖.
    along = log_odds / np.linalg.norm(w)
    deviation = 1 / sqrt(np.sum(along**2 * p * (1 - p)))
    assert abs(log_odds.std() - signal) < 5 * deviation
    # Calibrated: within each tenth of the rows by p, ones come as often as p says.
    for rows in np.array_split(np.argsort(p), 10):
        spread = sqrt(np.sum(p[rows] * (1 - p[rows])))
        assert abs(table.y[rows].sum() - p[rows].sum()) < 5 * spread


def test_blobs_without_spread_are_their_centres():
    table = generated("blobs", n=50, d=3, classes=4, spread=0)
    centres = np.unique(table.X, axis=0)
    assert len(centres) == 4
    assert np.abs(centres).max() <= 10
    for code in range(4):
        assert np.ptp(table.X[table.y == code], axis=0).max() == 0


def test_blobs_are_round():
    table = generated("blobs", n=3000, d=2, classes=3, spread=2.0)
    for code in range(3):
        cloud = table.X[table.y == code]
        # 1000 points: a variance has standard deviation σ² √(2/999), a covariance σ² √(1/999).
        covariance = np.cov(cloud.T)
        assert np.abs(np.diag(covariance) - 4).max() < 5 * 4 * sqrt(2 / 999)
        assert abs(covariance[0, 1]) < 5 * 4 * sqrt(1 / 999)


def test_blobs_fill_their_square():
    # 400 centres, 800 coordinates U[−10, 10]: their mean has sd 20/√12/√800; the largest is
    # below 9.5 with probability 0.975^800 = 2e-9.
    X = generated("blobs", n=400, classes=400, spread=0).X
    assert abs(X.mean()) < 5 * 20 / sqrt(12 * 800)
    assert X.max() > 9.5
    assert X.min() < -9.5


def test_moons_without_noise_are_half_circles():
    table = generated("moons", n=101, noise=0)
    x, y = table.X[table.y == 0].T
    assert x**2 + y**2 == pytest.approx(1)
    assert y.min() > -1e-15
    # 51 points, both ends included: steps of π/50.
    assert np.diff(np.sort(np.arctan2(np.abs(y), x))) == pytest.approx(pi / 50)
    # The other one is the first turned by half a turn about (½, ¼).
    lower = table.X[table.y == 1]
    x, y = 1 - lower[:, 0], 0.5 - lower[:, 1]
    assert x**2 + y**2 == pytest.approx(1)
    assert np.diff(np.sort(np.arctan2(np.abs(y), x))) == pytest.approx(pi / 49)
    assert y.min() > -1e-15


@pytest.mark.parametrize("factor", [0.25, 0.5])
def test_circles_without_noise_are_circles(factor):
    table = generated("circles", n=101, noise=0, factor=factor)
    for code, radius, points in ((0, 1, 51), (1, factor, 50)):
        ring = table.X[table.y == code]
        assert len(ring) == points
        assert np.linalg.norm(ring, axis=1) == pytest.approx(radius)
        # Even all around: no point is there twice, so the angles part by 2π/points.
        angles = np.sort(np.arctan2(ring[:, 1], ring[:, 0]) % (2 * pi - 1e-9))
        assert np.diff(angles) == pytest.approx(2 * pi / points, abs=1e-8)


@pytest.mark.parametrize("n", [200, 203])
def test_xor_quadrants(n):
    table = generated("xor", n=n)
    np.testing.assert_array_equal(table.y, table.X.prod(axis=1) < 0)
    assert np.abs(table.X).max() <= 1
    quadrants = 2 * (table.X[:, 0] > 0) + (table.X[:, 1] > 0)
    counts = np.bincount(quadrants, minlength=4)
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("name", ["moons", "circles", "xor"])
def test_noise_is_gaussian_of_the_stated_size(name):
    # The same seed draws the same shape, so the difference is the noise: 2n values whose mean
    # square has standard deviation σ² √(2/2n).
    n = 5000
    clean, noisy = (generated(name, n=n, noise=noise) for noise in (0.0, 0.2))
    noise = noisy.X - clean.X
    np.testing.assert_array_equal(clean.y, noisy.y)
    assert abs(noise.mean()) < 5 * 0.2 / sqrt(2 * n)
    assert abs((noise**2).mean() - 0.04) < 5 * 0.04 / sqrt(n)


@pytest.mark.parametrize("arms", [2, 3, 5])
def test_spirals_without_noise(arms):
    table = generated("spirals", arms=arms, points=40, noise=0)
    for arm in range(arms):
        points = table.X[table.y == arm]
        points = points[np.argsort(np.linalg.norm(points, axis=1))]
        # CS231n: r = linspace(0, 1, N), t = linspace(4j, 4(j + 1), N), x = (r sin t, r cos t).
        for k, point in enumerate(points):
            r, t = k / 39, 4 * arm + 4 * k / 39
            assert point == pytest.approx([r * np.sin(t), r * np.cos(t)], abs=1e-14)


def test_the_noise_of_spirals_turns_and_never_stretches():
    clean, noisy = (generated("spirals", points=1000, noise=noise) for noise in (0.0, 0.2))
    r = np.linalg.norm(clean.X, axis=1)
    assert np.linalg.norm(noisy.X, axis=1) == pytest.approx(r, abs=1e-14)
    outside = r > 0
    angle = np.arctan2(*noisy.X[outside].T) - np.arctan2(*clean.X[outside].T)
    angle = (angle + pi) % (2 * pi) - pi
    # 2997 angles: the mean square has standard deviation σ² √(2/2997).
    assert abs((angle**2).mean() - 0.04) < 5 * 0.04 * sqrt(2 / 2997)


@pytest.mark.parametrize("name", ["linear", "logistic"])
def test_a_condition_number_that_cannot_be_had(name):
    with pytest.raises(DataError) as caught:
        generated(name, n=10, d=10)
    assert str(caught.value) == (
        "error: dataset: n = 10 rows are too few to set the condition number of d = 10 columns\n"
        "hint: use n = 11 or more"
    )
    with pytest.raises(DataError) as caught:
        generated(name, d=1, condition=10.0)
    assert str(caught.value) == (
        "error: dataset: a single column always has the condition number 1, not 10\n"
        "hint: use d = 2 or more, or condition = 1"
    )
    assert generated(name, d=1).X.shape == (1000, 1)
