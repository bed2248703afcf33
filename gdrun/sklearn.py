"""gdrun.sklearn.GDClassifier and GDRegressor: gradient descent as scikit-learn estimators.

Both work wherever scikit-learn expects an estimator, such as in a Pipeline or a GridSearchCV. They
need the extra `sklearn`. Only this module imports scikit-learn.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from numbers import Integral
from typing import Any, Self

import numpy as np

from gdrun.api import train_or_raise
from gdrun.array_types import Array, Numbers
from gdrun.data.arrays import table_from_arrays
from gdrun.data.targets import class_codes
from gdrun.errors import MissingExtraError
from gdrun.estimator_config import Choices, Section, limit_batch, merged, section
from gdrun.problems.linear import LinearModel
from gdrun.runs.coefficients import Coefficients, coefficients
from gdrun.runs.run import Run
from gdrun.runs.trained_model import TrainedModel

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils import check_random_state
    from sklearn.utils.metaestimators import available_if
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    raise MissingExtraError("gdrun.sklearn", "sklearn", "scikit-learn 1.6 or newer") from None

__all__ = ["GDClassifier", "GDRegressor"]


class _Estimator(BaseEstimator, ABC):  # type: ignore[misc]
    """The parameters, the training and the coefficients that both estimators share."""

    _choices: Choices

    run_: Run
    model_: TrainedModel
    n_iter_: int

    def __init__(
        self,
        model: Section = "auto",
        *,
        optimizer: Section = "momentum",
        lr: float | None = None,
        variant: Section = "mbgd",
        batch_size: int = 64,
        epochs: int | None = 100,
        l2: float = 0.0,
        schedule: Section = "constant",
        standardize: bool | Mapping[str, bool] = True,
        validation: float = 0.0,
        early_stopping: bool | int | Mapping[str, Any] | None = None,
        average: Section | None = None,
        engine: str = "auto",
        random_state: Any = 0,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.lr = lr
        self.variant = variant
        self.batch_size = batch_size
        self.epochs = epochs
        self.l2 = l2
        self.schedule = schedule
        self.standardize = standardize
        self.validation = validation
        self.early_stopping = early_stopping
        self.average = average
        self.engine = engine
        self.random_state = random_state
        self.config = config

    @property
    def coef_(self) -> Numbers:
        """The coefficients of a linear model, for features in their original units.

        For a regressor the shape is (d,), for C classes (C, d), but for two classes (1, d). With
        two classes, X @ coef_.T + intercept_ is positive where the second class is predicted.
        Raises AttributeError for a network.
        """
        by_score = np.array([each.original for each in self._coefficients()])
        shaped: Numbers = self._shaped(by_score)
        return shaped

    @property
    def intercept_(self) -> Any:
        """The constants of a linear model: a number for a regressor, else (1,) or (C,).

        Raises AttributeError for a network.
        """
        return self._shaped(np.array([each.original_intercept for each in self._coefficients()]))

    def _coefficients(self) -> list[Coefficients]:
        if not isinstance(self.model_.model, LinearModel):
            raise AttributeError(f"model {self.model_.name} is not linear: it has no coefficients")
        return coefficients(self.model_)

    @abstractmethod
    def _shaped(self, by_score: Numbers) -> Any:
        """Values with one entry for each score, in the shape that scikit-learn uses."""

    def _train(self, X: Numbers, y: Array, classes: int) -> None:
        """Train on X (N, d) and y (N,), and set the attributes that describe the result."""
        names = getattr(self, "feature_names_in_", None)
        features = X if names is None else _NamedMatrix(X, names)
        self.run_ = train_or_raise(self._config(len(X), classes), (features, y))
        self.model_ = self.run_.model
        if self.run_.status == "diverged":
            warnings.warn(f"{self.run_.verdict}; use a smaller lr", ConvergenceWarning, 3)
        self.n_iter_ = ceil(self.run_.summary["epochs"])

    def _config(self, rows: int, classes: int) -> dict[str, Any]:
        """The config of the experiment. rows: N, which limits the batch size."""
        optimizer = section(self.optimizer)
        optimizer |= {} if self.lr is None else {"lr": self.lr}
        optimizer |= {} if self.average is None else {"average": self.average}
        seed = self._seed()
        found: dict[str, Any] = {
            "seed": seed,
            "engine": self.engine,
            "dataset": {
                "name": "arrays",
                "seed": seed,
                "split": {"validation": self.validation, "test": 0},
                "standardize": self.standardize,
            },
            "model": {"l2": self.l2} | section(self.model),
            "variant": section(self.variant),
            "optimizer": optimizer,
            "schedule": section(self.schedule),
            "stopping": {"epochs": self.epochs, "early_stopping": self._stopping_early()},
        }
        found = merged(found, self.config or {})
        found["model"] = self._choices.named(found["model"], classes)
        limit_batch(found, self.batch_size, rows)
        return found

    def _stopping_early(self) -> Any:
        match self.early_stopping:
            case None | False:
                return None
            case True:
                return {}
            case Integral():
                return {"patience": int(self.early_stopping)}
        return self.early_stopping

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _scores(self, X: Any) -> Array:
        """The scores of new rows: (n,) or (n, C)."""
        check_is_fitted(self)
        return self.model_.scores(validate_data(self, X, reset=False, dtype=np.float64))


def _name(estimator: _Estimator) -> str:
    """The name of the trained model; before training, the name in the parameter `model`."""
    model = getattr(estimator, "model_", None)
    return str(model.name if model else section(estimator.model).get("name", "auto"))


def _is_linear(estimator: _Estimator) -> bool:
    return _name(estimator) != "mlp"


def _has_probabilities(estimator: _Estimator) -> bool:
    return _name(estimator) != "svm"


class GDClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """A classifier trained by gradient descent.

    model: auto (logistic for two classes, softmax for more), logistic, softmax, svm or mlp, or a
    mapping such as {"name": "mlp", "hidden": [32]}. optimizer, schedule, variant, average: the name
    of an entry of `gdrun list`, or a mapping with its name and options. lr: the learning rate; None
    for the optimizer's default. batch_size: the batch size of the variant mbgd, which is limited to
    the number of training rows. epochs: passes over the training rows. l2: adds (l2/2) times the
    squared norm of the weights to the mean loss; with standardize these are the weights of
    standardised features. standardize: whether to shift and scale the features to mean 0 and
    standard deviation 1; a regressor also accepts {"features": True, "target": True}.
    validation: the share of the rows that is only used for evaluation. early_stopping: None, True,
    the patience in epochs, or a mapping of its options; it needs validation. engine: auto, numpy or
    compiled. random_state: the seed of the run; also None or a RandomState. config: a mapping of
    further keys of a gdrun config, which replace the values of the other parameters; its key
    dataset.positive sets the positive class of run_ and model_, but classes_ stays sorted. There is
    no class_weight: all rows count alike; score with balanced_accuracy if a class is rare.

    Attributes: run_ is the gdrun.Run, without files, and model_ its gdrun.TrainedModel. classes_
    (C,) are the classes in order. coef_ and intercept_ are the coefficients of a linear model in
    the original units. n_features_in_, feature_names_in_ describe X, and n_iter_ counts the epochs.

    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> GDClassifier(lr=0.5).fit(X, ["low", "low", "high", "high"]).predict([[0.5], [2.5]]).tolist()
    ['low', 'high']
    """

    _choices = Choices("GDClassifier", ("logistic", "softmax", "svm", "mlp"), "cross_entropy")
    classes_: Array
    _codes: list[int]
    """The model's code of each of `classes_`; dataset.positive may change the model's order."""

    def fit(self, X: Any, y: Any) -> Self:
        """Train on X (N, d) and the labels y (N,).

        Raises ValueError if X or y cannot be used; ConfigError or DataError, with every problem,
        if the experiment cannot be run; RecordError if the run diverged and has no finite weights;
        KeyboardInterrupt after Ctrl-C, when the training has stopped. The last trained model, if
        there is one, is then kept.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has only one class, {self.classes_[0]!r}, but a classifier needs two"
            )
        self._train(X, y, len(self.classes_))
        _, labels = class_codes(table_from_arrays(X, y), declared=True)
        self._codes = [self.model_.target.classes.index(label) for label in labels]
        return self

    @property
    def _sign(self) -> int:
        """The factor of log-odds of the model that makes them those of the last of `classes_`."""
        return 1 if self._codes[-1] else -1

    def _scores(self, X: Any) -> Array:
        scores = super()._scores(X)
        return scores[:, self._codes] if scores.ndim == 2 else self._sign * scores

    def predict(self, X: Any) -> Array:
        """The predicted classes (n,) of X (n, d)."""
        scores = self._scores(X)
        codes = scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0).astype(np.int64)
        labels: Array = self.classes_[codes]
        return labels

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """The probabilities (n, C) of the classes. The model svm does not have this method."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        return self.model_.predict_proba(rows)[:, self._codes]

    @available_if(_is_linear)  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Array:
        """The scores of X (n, d). Only linear models have this method.

        For two classes they are (n,), and a score above 0 means the second class. For more classes
        they are (n, C), with a column for each of the C classes.
        """
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1:] == (2,) else scores

    def _shaped(self, by_score: Numbers) -> Any:
        if len(by_score) == 1:
            return self._sign * by_score
        ordered = by_score[self._codes]
        return ordered[1:] - ordered[:1] if len(ordered) == 2 else ordered


class GDRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """A regressor trained by gradient descent.

    model: linear, which auto means too, or mlp, or a mapping such as {"name": "linear", "loss":
    "huber"}. The other parameters and the attributes are those of GDClassifier, except classes_;
    the mean squared error of the loss mse has no factor ½.

    Attributes: run_, model_, coef_ (d,), intercept_, n_iter_, n_features_in_, feature_names_in_.

    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> GDRegressor(lr=0.2, epochs=300).fit(X, 2 * X[:, 0] + 1).predict([[4.0]]).round(2).tolist()
    [9.0]
    """

    _choices = Choices("GDRegressor", ("linear", "mlp"), "mse")

    def fit(self, X: Any, y: Any) -> Self:
        """Train on X (N, d) and the numbers y (N,). Raises the errors of GDClassifier.fit."""
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        self._train(X, y, 0)
        return self

    def predict(self, X: Any) -> Array:
        """The predicted numbers (n,) of X (n, d), in the unit of y."""
        check_is_fitted(self)
        return self.model_.predict(validate_data(self, X, reset=False, dtype=np.float64))

    def _shaped(self, by_score: Numbers) -> Any:
        return by_score[0]


@dataclass(frozen=True)
class _NamedMatrix:
    """A matrix with an attribute `columns`: the names of its columns, as in a data frame."""

    matrix: Numbers
    columns: Array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.matrix, dtype)
