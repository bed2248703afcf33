"""The best single feature: against NumPy's correlation and counts of pairs."""

from itertools import pairwise, permutations

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.data import prepare
from gdrun.data.arrays import table_from_pair
from gdrun.data.single_feature import (
    chance_of_separation,
    r2,
    score_of_categories,
    smallest_auc,
)
from gdrun.runs.experiment_data import experiment_data


def test_r2_is_the_squared_correlation():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4)) * [1, 1e6, 1e-6, 0] + 3
    y = X[:, 0] - 1e-6 * X[:, 1] + rng.normal(size=50)
    expected = [np.corrcoef(X[:, j], y)[0, 1] ** 2 for j in range(3)]
    assert r2(X, y) == pytest.approx([*expected, 0])


def test_the_auc_of_two_classes_counts_pairs():
    """Values from a small set, so that there are ties; the class with the larger mean is first."""
    rng = np.random.default_rng(1)
    y = np.arange(40) % 2
    X = rng.integers(0, 6, size=(40, 1)) - y[:, None]
    low, high = X[y == 1, 0], X[y == 0, 0]
    wins = sum((a < b) + 0.5 * (a == b) for a in low for b in high)
    assert smallest_auc(X.astype(float), y) == pytest.approx([wins / 400])


def test_the_best_feature_of_real_data_is_that_with_the_most_ordered_pairs():
    data = experiment_data(load({"dataset": "breast-cancer", "model": "logistic"}))
    X, y = data.train.X[:, : len(data.feature_names)], data.train.y
    shares = [np.mean(x[y == 0, None] < x[y == 1]) for x in X.T]  # ties are rare
    folded = np.maximum(shares, 1 - np.array(shares))
    best = data.single_feature
    assert best.feature == data.feature_names[folded.argmax()]
    assert best.score == pytest.approx(folded.max(), abs=0.002)


def test_of_several_classes_the_least_separated_neighbours_count():
    """The feature separates class 0 from the others, but classes 1 and 2 only partly."""
    x = np.array([0, 1, 2, 10, 11, 12, 11, 12, 13], float)
    y = np.repeat([0, 1, 2], 3)
    auc = {}
    for a, b in pairwise(range(3)):
        pairs = [(p < q) + 0.5 * (p == q) for p in x[y == a] for q in x[y == b]]
        auc[a, b] = sum(pairs) / 9
    assert auc[0, 1] == 1
    assert smallest_auc(x[:, None], y) == pytest.approx([auc[1, 2]])


def one_hot(codes):
    return (codes[:, None] == np.unique(codes)).astype(float)


def test_lambda_is_the_share_of_errors_that_categories_avoid():
    """Of 60 rows, 25 are not of class 0; within the categories 0 + 5 + 5 rows are not."""
    codes = np.repeat([0, 1, 2], 20)
    y = np.repeat([0, 0, 1, 1, 2], [20, 15, 5, 15, 5])
    score = score_of_categories(one_hot(codes) - 0.3, y, classes=True)
    assert score == pytest.approx(1 - (0 + 5 + 5) / 25)


def test_r2_of_categories_is_that_of_a_fit_to_indicators():
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 4, 80)
    y = codes**2 + rng.normal(size=80)
    X = one_hot(codes)
    residuals = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    expected = 1 - residuals @ residuals / np.sum((y - y.mean()) ** 2)
    assert score_of_categories(X, y, classes=False) == pytest.approx(expected)
    assert score_of_categories(X[:39], y[:39], classes=False) == 0


def test_a_column_of_categories_that_decides_the_class(tmp_path):
    """Two of five codes mean yes: no indicator alone separates the classes, the column does."""
    rng = np.random.default_rng(4)
    codes, numbers = rng.integers(0, 5, 200), rng.normal(size=200)
    rows = (f"c{c},{x},{'yes' if c < 2 else 'no'}" for c, x in zip(codes, numbers, strict=True))
    (tmp_path / "codes.csv").write_text("\n".join(["code,number,ill", *rows, ""]))
    dataset = {"path": str(tmp_path / "codes.csv")}
    run = gdrun.train({"dataset": dataset, "model": "logistic", "variant": "bgd"}, "epochs=1")
    best = {"feature": "code", "measure": "lambda", "score": 1.0}
    assert run.record["data"]["single_feature"] == best
    (leak,) = [each for each in run.record["diagnosis"] if each["name"] == "leak"]
    assert "the feature code alone avoids 100 % of the errors" in leak["evidence"]


def test_only_data_of_ones_own_are_judged():
    own = np.random.default_rng(2).normal(size=(60, 3))
    y = own @ [1.0, 2.0, 0.0]
    words = ({"dataset": "diabetes", "model": "linear", "variant": "bgd"}, "epochs=1")
    record = gdrun.train(*words, data=(own, y)).record["data"]["single_feature"]
    assert record["measure"] == "r2"
    assert record["score"] == pytest.approx(0.8, abs=0.1)
    packaged = gdrun.train(*words)
    assert "single_feature" not in packaged.record["data"]
    for few in ((own[:, :1], y), (own[:30], y[:30])):  # one feature; 24 training rows
        assert "single_feature" not in gdrun.train(*words, data=few).record["data"]


def test_the_chance_of_separation_is_that_of_all_orders():
    """Of the 20 orders of 3 + 3 rows, two have one class before the other."""
    y = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2])
    orders = list(permutations([0, 0, 0, 1, 1, 1]))
    separated = sum(list(order) in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0]) for order in orders)
    assert chance_of_separation(y, 5) == pytest.approx(5 * separated / len(orders))
    assert chance_of_separation(np.zeros(4), 5) == 0


@pytest.mark.longer
@pytest.mark.parametrize("rows, ones, features", [(400, 200, 20_000), (100, 2, 500)])
def test_no_feature_of_pure_noise_separates_the_classes(rows, ones, features):
    """Wide data are not thinned to a few rows, and two rows of a class tell nothing."""
    rng = np.random.default_rng(2)
    y = np.where(rng.permutation(rows) < ones, "yes", "no")
    table = table_from_pair((rng.normal(size=(rows, features)), y))
    parts = {"validation": 0, "test": 0, "standardize": False, "dtype": "float64"}
    best = prepare(table, task="classification", seed=0, **parts).single_feature
    assert best is None or best.score < 0.9
