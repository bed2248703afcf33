"""Every metric against scikit-learn's: with ties, with classes that do not occur, and with one row.

The metrics of two classes are scikit-learn's with average="binary", those of more classes with
average="macro"; both leave zero_division at its default, which counts x/0 as 0.
"""

import warnings

import numpy as np
import pytest
from sklearn import metrics as sklearn

from gdrun.problems.metrics import METRICS, Predictions, confusion_matrix

TOLERANCE = 1e-12


def averaged(function):
    def value(given):
        average = "binary" if given.classes == 2 else "macro"
        return function(given.targets, given.predictions, average=average)

    return value


def area(given):
    if given.classes == 2:
        return sklearn.roc_auc_score(given.targets, given.probabilities[:, 1])
    areas = {"multi_class": "ovr", "average": "macro", "labels": range(given.classes)}
    return sklearn.roc_auc_score(given.targets, given.probabilities, **areas)


def plain(function):
    return lambda given: function(given.targets, given.predictions)


THEIRS = {
    "accuracy": plain(sklearn.accuracy_score),
    "balanced_accuracy": plain(sklearn.balanced_accuracy_score),
    "precision": averaged(sklearn.precision_score),
    "recall": averaged(sklearn.recall_score),
    "f1": averaged(sklearn.f1_score),
    "log_loss": lambda given: sklearn.log_loss(
        given.targets, given.probabilities, labels=range(given.classes)
    ),
    "roc_auc": area,
    "rmse": plain(sklearn.root_mean_squared_error),
    "mae": plain(sklearn.mean_absolute_error),
    "r2": plain(sklearn.r2_score),
}


def classified(seed, rows, classes, *, occurring=None, predicted=None, digits=None):
    """Random targets and predictions.

    occurring, predicted: the classes that may be targets and predictions. digits: probabilities are
    rounded to so many, so that many are equal.
    """
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(classes), size=rows)
    if digits is not None:
        # Powers of ½ sum to 1 exactly: the rest goes to the first class.
        shares = np.floor(shares * 2**digits) / 2**digits
        shares[:, 0] += 1 - shares.sum(axis=1)
    return Predictions(
        rng.choice(range(classes) if occurring is None else occurring, rows),
        rng.choice(range(classes) if predicted is None else predicted, rows),
        shares,
        classes,
    )


CLASSIFIED = {
    "two classes": classified(1, 200, 2),
    "two classes, equal probabilities": classified(2, 200, 2, digits=2),
    "two classes, all probabilities equal": classified(3, 50, 2, digits=0),
    "two classes, the second never predicted": classified(4, 60, 2, predicted=[0]),
    "two classes, the second never occurs": classified(5, 60, 2, occurring=[0]),
    "two classes, the first never occurs": classified(6, 60, 2, occurring=[1]),
    "two classes, the second nowhere": classified(7, 60, 2, occurring=[0], predicted=[0]),
    "two classes, one row": classified(8, 1, 2),
    "four classes": classified(9, 300, 4),
    "four classes, equal probabilities": classified(10, 300, 4, digits=3),
    "four classes, one never occurs": classified(11, 90, 4, occurring=[0, 1, 3]),
    "four classes, one never predicted": classified(12, 90, 4, predicted=[1, 2, 3]),
    "four classes, one nowhere": classified(13, 90, 4, occurring=[0, 1, 3], predicted=[1, 3]),
    "four classes, one row": classified(14, 1, 4),
    "ten classes": classified(15, 4000, 10),
}


def numbers(seed, rows, *, scale=1.0, shift=0.0, constant=None, error=1.0):
    rng = np.random.default_rng(seed)
    targets = np.full(rows, constant) if constant is not None else rng.normal(shift, scale, rows)
    return Predictions(targets, targets + error * scale * rng.normal(size=rows))


NUMBERS = {
    "numbers": numbers(1, 500),
    "large numbers": numbers(2, 300, scale=1e8, shift=5e8),
    "small numbers": numbers(3, 300, scale=1e-9),
    "numbers far from zero": numbers(4, 300, shift=1e4),
    "exact predictions": numbers(5, 50, error=0.0),
    "constant targets": numbers(6, 50, constant=3.0),
    "constant targets, exact predictions": numbers(7, 50, constant=3.0, error=0.0),
    "one row": numbers(8, 1),
}
CASES = {"classification": CLASSIFIED, "regression": NUMBERS}


def test_every_metric_has_its_counterpart():
    assert set(THEIRS) == set(METRICS)


@pytest.mark.parametrize(
    ("name", "case"),
    [(name, case) for name, metric in METRICS.items() for case in CASES[metric.task]],
)
def test_it_equals_that_of_scikit_learn(name, case):
    metric = METRICS[name]
    given = CASES[metric.task][case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of each x/0 and of each class without rows
        expected = THEIRS[name](given)
    assert metric.value(given) == pytest.approx(expected, rel=TOLERANCE, abs=TOLERANCE, nan_ok=True)


@pytest.mark.parametrize("case", CLASSIFIED)
def test_the_confusion_matrix_equals_that_of_scikit_learn(case):
    given = CLASSIFIED[case]
    expected = sklearn.confusion_matrix(
        given.targets, given.predictions, labels=range(given.classes)
    )
    ours = confusion_matrix(given.targets, given.predictions, given.classes)
    assert ours.tolist() == expected.tolist()


def test_probabilities_of_0_and_1_are_limited_alike():
    sure = Predictions(
        np.array([0, 1, 1]),
        np.array([0, 1, 0]),
        np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]),
        2,
    )
    # −log ε / 3 = 36.04 / 3.
    assert METRICS["log_loss"].value(sure) == pytest.approx(12.0145, rel=1e-4)
    assert METRICS["log_loss"].value(sure) == pytest.approx(
        sklearn.log_loss(sure.targets, sure.probabilities), rel=TOLERANCE
    )
