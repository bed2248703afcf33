"""How well one feature alone predicts the target: almost perfectly, if it leaks the target.

    two classes a, b:   AUC = P(x_a < x_b) + P(x_a = x_b) / 2
    a regression:       R² = corr(x, y)², that of a least-squares fit of y to x and a constant

x is the feature. With more than two classes the score is the smallest AUC of two classes that are
neighbours in the order of their means of x. The score is large only if x separates all classes.

A column of categories has one feature for each category. All these features have one score:

    classes:            λ = 1 − (errors of the most frequent class of each category)
                              / (errors of the most frequent class of all rows)
    a regression:       R² of the mean of y in each category

Source: Hanley & McNeil 1982 for the AUC; Goodman & Kruskal 1954 for λ; Kaufman et al. 2012 for
leaks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gdrun.array_types import Array
from gdrun.data.column_report import ColumnReport
from gdrun.problems.rows import MappedRows

MOST_ENTRIES = 2**18
"""The most entries of the training part that are used. Of a larger part, rows are sampled."""

FEWEST_USED = 200
"""The fewest rows that are used of a larger training part, however many features it has."""

FEWEST_ROWS = 30
"""The fewest training rows: a feature orders fewer rows like the target by chance."""

CHANCE = 1e-3
"""The largest probability that some feature separates two classes by chance."""

ROWS_PER_CATEGORY = 10
"""The fewest rows for each category of a column: categories of single rows predict any target."""

Measure = Literal["auc", "lambda", "r2"]


@dataclass(frozen=True)
class SingleFeature:
    """The feature, or column of categories, with the best score.

    measure: r2 (R²) for a regression, auc for classes, or lambda (Goodman and Kruskal's λ) for
    classes and a column of categories. score: from 0 to 1, on the training part.
    """

    feature: str
    measure: Measure
    score: float


def best_single_feature(
    names: Sequence[str], X: Any, y: Array, *, classes: bool, reports: Sequence[ColumnReport] = ()
) -> SingleFeature | None:
    """The feature, or column of categories, that alone predicts the target best.

    names: the names of the d features. X (n, ≥ d): the training part; its first d columns are the
    features. y (n,): the codes of the classes, or real targets. reports: the reports on the columns
    of the table, which have the names of the features of each column.

    Returns None for a single feature, for fewer than FEWEST_ROWS rows, for features on disk, and if
    no feature varies. Also None if classes are so rare that some feature may separate them by
    chance.
    """
    if len(names) < 2 or len(X) < FEWEST_ROWS or isinstance(X, MappedRows):
        return None
    step = max(1, len(X) // max(FEWEST_USED, MOST_ENTRIES // len(names)))
    X, y = X[::step, : len(names)].astype(np.float64), y[::step]
    if classes and chance_of_separation(y, len(names)) > CHANCE:
        return None
    X, y = _near_one(X), y if classes else _near_one(y.astype(np.float64))
    scores = smallest_auc(X, y) if classes else r2(X, y)
    found = [
        SingleFeature(name, "auc" if classes else "r2", float(score))
        for name, score in zip(names, scores, strict=True)
    ]
    places = {name: place for place, name in enumerate(names)}
    for report in reports:
        if len(report.features) > 1 and report.kind == "category":
            columns = [places[feature] for feature in report.features]
            score = score_of_categories(X[:, columns], y, classes=classes)
            found.append(SingleFeature(report.name, "lambda" if classes else "r2", score))
    best = max(found, key=lambda each: each.score)
    return best if best.score > 0 else None


def score_of_categories(X: Array, y: Array, *, classes: bool) -> float:
    """How well a column of categories predicts the target: R² for a regression, λ for classes.

    R² is that of the mean of y in each category. λ = 1 − a/b (Goodman and Kruskal): a, b are the
    numbers of errors if the most frequent class of each category (a), or of all rows (b), is
    predicted. X (n, k): the 0/1 column of each category, standardised or not. y (n,): codes of
    classes, or real targets. The result is 0 if n < ROWS_PER_CATEGORY · k.
    """
    rows, categories = X.shape
    if rows < ROWS_PER_CATEGORY * categories:
        return 0.0
    own = X.mean(axis=0) < X
    groups = [y[own[:, k]] for k in range(categories)] + [y[~own.any(axis=1)]]
    groups = [group for group in groups if len(group)]
    if classes:
        errors, before = sum(map(_errors, groups)), _errors(y)
        return 1 - errors / before if before else 0.0
    within, whole = sum(np.var(group) * len(group) for group in groups), np.var(y) * rows
    return float(1 - within / whole) if whole else 0.0


def _errors(y: Array) -> int:
    """The number of rows that are not of the most frequent class. y (n,): codes of classes."""
    return len(y) - int(np.bincount(y).max())


def _near_one(values: Array) -> Array:
    """The values (n,) or (n, d), with each column divided by a power of two, so that it is near 1.

    The division is exact and changes no score, and no sum or square can then overflow.
    """
    scaled: Array = np.ldexp(values, -np.frexp(np.abs(values).max(axis=0))[1])
    return scaled


def chance_of_separation(y: Array, features: int) -> float:
    """A bound of the probability that one of d random features separates the two rarest classes.

        d · 2 a! b! / (a + b)!

    a, b: the numbers of rows of the two rarest classes. Of the (a + b)! orders of these rows,
    2 a! b! have all rows of one class before all rows of the other. y (n,): the codes of the
    classes. features: d. The result is 0 for a single class.
    """
    counts = np.sort(np.unique(y, return_counts=True)[1])
    if len(counts) < 2:
        return 0.0
    a, b = counts[:2].tolist()
    logarithm = math.lgamma(a + 1) + math.lgamma(b + 1) - math.lgamma(a + b + 1)
    return 2 * features * math.exp(logarithm)


def r2(X: Array, y: Array) -> Array:
    """R² of the least-squares fit of y (n,) to each column of X (n, d) and a constant: (d,).

    0 for a column that does not vary.
    """
    X, y = X - X.mean(axis=0), y - y.mean()
    squares = np.einsum("nd,nd->d", X, X) * (y @ y)
    found = np.zeros(X.shape[1])
    np.divide((y @ X) ** 2, squares, out=found, where=squares > 0)
    return found


def smallest_auc(X: Array, y: Array) -> Array:
    """The smallest AUC of neighbouring classes for each column of X (n, d): (d,).

    y (n,): the codes of the classes. The classes are ordered by their means in the column.
    """
    groups = [X[y == code] for code in np.unique(y)]
    if len(groups) < 2:
        return np.zeros(X.shape[1])
    order = np.argsort([group.mean(axis=0) for group in groups], axis=0)
    neighbours = order[:-1] * len(groups) + order[1:]  # (classes - 1, d): a number for each pair
    scores = np.ones(X.shape[1])
    for pair in np.unique(neighbours):
        a, b = divmod(int(pair), len(groups))
        columns = np.flatnonzero((neighbours == pair).any(axis=0))
        found = auc(groups[a][:, columns], groups[b][:, columns])
        scores[columns] = np.minimum(scores[columns], found)
    return scores


def auc(low: Array, high: Array) -> Array:
    """P(x_a < x_b) + P(x_a = x_b) / 2 for each column: (d,), between 0 and 1.

    low (n_a, d), high (n_b, d): the values x_a and x_b of the two classes. The result follows from
    the sum of the ranks of x_b among all values, where equal values have the mean of their ranks
    (Mann & Whitney 1947).
    """
    values = np.concatenate([low, high])
    order = np.argsort(values, axis=0)
    values = np.take_along_axis(values, order, axis=0)
    places = np.arange(len(values))[:, None]
    new = np.ones(values.shape, dtype=bool)
    new[1:] = values[1:] != values[:-1]
    first = np.maximum.accumulate(np.where(new, places, 0), axis=0)
    ends = np.ones(values.shape, dtype=bool)
    ends[:-1] = new[1:]
    last = np.minimum.accumulate(np.where(ends, places, len(values))[::-1], axis=0)[::-1]
    own = order >= len(low)
    ranks = np.where(own, 1 + (first + last) / 2, 0).sum(axis=0)
    found: Array = (ranks - len(high) * (len(high) + 1) / 2) / (len(low) * len(high))
    return found
