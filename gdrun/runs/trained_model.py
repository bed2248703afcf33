"""A trained model: it predicts new rows, and is evaluated on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gdrun.array_types import Array
from gdrun.data import Encoding
from gdrun.data.kept_columns import KeptColumns
from gdrun.data.new_arrays import Blocks, array_blocks, column_blocks
from gdrun.data.new_data import new_blocks, place_of
from gdrun.data.new_rows import RowEncoder, Unseen
from gdrun.data.new_targets import Target, labelled_rows
from gdrun.errors import DataError, GdrunError, Parameter, RecordError
from gdrun.problems.linear import LinearModel
from gdrun.problems.network import Network
from gdrun.problems.probabilities import PROBABILITIES
from gdrun.runs.missing_model import shows_cause
from gdrun.runs.model_file import ModelDescription
from gdrun.runs.predictions import Evaluation, Predictions, evaluation, with_baseline
from gdrun.runs.scorer import DivergedWeightsError, Scorer
from gdrun.runs.thresholds import codes_at, require_threshold


@dataclass(frozen=True, eq=False, repr=False)
class TrainedModel:
    """A model with its weights, and the encoding of the data that it was trained with.

    weights: those that the run returns, by name; for a network with batch_norm, also its running
    statistics. The argument X of the methods has n rows with d features. It is an array (n, d) with
    the features in their order, a mapping of columns such as a dict or a pandas frame, the path of
    a data file, the name of a dataset, or a text such as "query=SELECT * FROM 'new.parquet'".
    """

    description: ModelDescription
    weights: Mapping[str, Array]

    def __post_init__(self) -> None:
        try:
            # Damaged weights are found now, not at the first prediction.
            _ = self._scorer, self.classes
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise RecordError(
                f"the model's description cannot be used: {error}",
                hint="restore the file from a copy, or train the model again",
            ) from None

    # The objects that cached_property keeps contain functions that pickle cannot save.
    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.description, self.weights))

    def __repr__(self) -> str:
        classes = f", {len(self.classes)} classes" if len(self.classes) else ""
        return f"<{self.name} for {self.target.name}: {len(self.feature_names)} features{classes}>"

    @property
    def name(self) -> str:
        """The kind of model, such as softmax."""
        return str(self.description.options["name"])

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the d features in order."""
        return self.encoding.feature_names

    @property
    def encoding(self) -> Encoding:
        """How the columns of the data become features."""
        return self.description.encoding

    @property
    def target(self) -> Target:
        """The target: its name and classes."""
        known = self.description
        marks = self.encoding.missing
        return Target(known.target, known.classes, known.numbered, gaps=True, marks=marks)

    @cached_property
    def classes(self) -> Array:
        """The C classes (C,) in order: whole numbers or texts, as in the target.

        Empty for a target of numbers to predict (regression).
        """
        labels = self.description.classes
        return np.array([int(label) for label in labels] if self.description.numbered else labels)

    @property
    def has_probabilities(self) -> bool:
        """Whether the model predicts a probability for each class."""
        return self.model.loss.name in PROBABILITIES

    @property
    def model(self) -> LinearModel | Network:
        """The model as training uses it, which computes scores and their loss."""
        return self._scorer.model

    @cached_property
    def _scorer(self) -> Scorer:
        return Scorer(self.description, self.weights)

    def predict(self, X: Any, unseen: Unseen = "error", threshold: float | None = None) -> Array:
        """The predictions (n,) for the n rows of X: class labels, or numbers in the target's unit.

        X: an array (n, d), columns by name such as a pandas frame, or a data file (see the class).
        unseen: how a category that training did not see is treated: `error`, or `ignore`, which
        sets all its 0/1 columns to 0. Missing values are filled from the training rows if the model
        was trained with `missing: mean` or another filling. threshold: from which probability the
        second of two classes is predicted (default: the more probable class). Raises DataError if X
        cannot be used, GdrunError if the model cannot have a threshold.
        """
        return self.predictions(X, unseen, threshold=threshold).labels

    def predict_proba(self, X: Any, unseen: Unseen = "error") -> Array:
        """The probabilities (n, C) of the C classes for the n rows of X.

        X: as for predict. unseen: `error` or `ignore`, for a category that training did not see.
        Raises GdrunError if the model has no probabilities.
        """
        if not self.has_probabilities:
            raise GdrunError(
                f"{self.name} with the loss {self.model.loss.name} has no probabilities",
                hint="logistic, softmax, and mlp with cross_entropy have them",
            )
        found = self.predictions(X, unseen).probabilities
        assert found is not None
        return found

    def predictions(
        self,
        X: Any,
        unseen: Unseen = "error",
        reading: Mapping[str, Any] | None = None,
        keep: Sequence[str] = (),
        threshold: float | None = None,
    ) -> Predictions:
        """The predictions for all rows of X, with notes.

        X: as for predict. unseen: `error` or `ignore`, for a category that training did not see.
        reading: the options for a text file, such as {"decimal": ","}, where they differ from those
        of the training data. keep: columns of X to return as they are, such as an identifier.
        threshold: from which probability the second of two classes is predicted; None for the more
        probable class.
        """
        self._require_threshold(threshold)
        encoder = RowEncoder(self.encoding, unseen, kept=KeptColumns(keep))
        scores = self._all_scores(X, encoder, reading)
        found = self._from_scores(scores, tuple(encoder.notes), threshold)
        return replace(found, kept=encoder.kept.cells)

    def scores(self, X: Any, unseen: Unseen = "error") -> Array:
        """The scores (n,), or (n, C) for C classes, of the n rows of X.

        The loss is a function of the scores and the target. A score is the predicted target of a
        regression, standardised if the target was; the log-odds of the second class of a logistic
        model; otherwise one number for each class. X: as for predict. unseen: `error` or `ignore`,
        for a category that training did not see.
        """
        return self._all_scores(X, RowEncoder(self.encoding, unseen))

    def evaluate(
        self,
        X: Any,
        unseen: Unseen = "error",
        targets: str | Path | None = None,
        reading: Mapping[str, Any] | None = None,
        threshold: float | None = None,
    ) -> Evaluation:
        """The mean loss (without l2 penalty) on rows with targets, and all metrics of the task.

        X: the path of a data file, the name of a dataset, a query, or columns by name with the
        target, such as a dict of lists or a pandas frame. unseen: `error` or `ignore`, for a
        category that training did not see. targets: the file with the targets of an NPY or IDX
        file. reading: the options for a text file, such as {"decimal": ","}. Rows with no target
        are left out, with a note. threshold: as for predict; the loss does not depend on it. Raises
        DataError if the data cannot be used, GdrunError if the model cannot have a threshold.
        """
        self._require_threshold(threshold)
        encoder, notes = RowEncoder(self.encoding, unseen), list[str]()
        total = 0.0
        all_scores: list[Array] = []
        all_targets: list[Array] = []
        blocks = self._blocks(X, encoder, reading, labelled=True, targets=targets)
        for features, y in labelled_rows(blocks, self.target, notes):
            design = self._scorer.design(features)
            total += self._scorer.mean_loss(design, y) * len(y)
            all_scores.append(self._scorer.scores(design))
            all_targets.append(y)
        if not all_scores:
            raise _no_rows(X)
        scores, y = np.concatenate(all_scores), np.concatenate(all_targets)
        classes = len(self.description.classes)
        if self.description.target_scale is not None:
            scores = self.description.target_scale.original(scores)
        said = (*encoder.notes, *notes)
        found = evaluation(self.model, scores, y, classes, total / len(y), said, threshold)
        return with_baseline(found, self.model, y, self.description)

    def _require_threshold(self, threshold: float | None) -> None:
        if threshold is not None:
            require_threshold(threshold, self.model, self.description.classes)

    def _all_scores(
        self, X: Any, encoder: RowEncoder, reading: Mapping[str, Any] | None = None
    ) -> Array:
        model = self._scorer
        blocks = self._blocks(X, encoder, reading)
        scores = [model.scores(model.design(features)) for features, _ in blocks]
        if not scores:
            raise _no_rows(X)
        return np.concatenate(scores)

    def _blocks(
        self,
        X: Any,
        encoder: RowEncoder,
        reading: Mapping[str, Any] | None,
        *,
        labelled: bool = False,
        targets: str | Path | None = None,
    ) -> Blocks:
        """The rows of X in blocks.

        labelled: whether the blocks have targets. The other arguments are those of `evaluate`.
        """
        if isinstance(X, str | Path):
            return new_blocks(
                X,
                encoder,
                self.target,
                labelled=labelled,
                targets=targets,
                reading=self.description.reading,
                asked=reading or {},
            )
        if reading or targets is not None:
            name = "reading" if reading else "targets"
            what = f"data of the type {type(X).__name__} are not read from a file"
            raise DataError(what, where=Parameter(name), hint=f"leave out `{name}`")
        if isinstance(X, Mapping) or hasattr(X, "columns"):
            return column_blocks(X, encoder, self.target if labelled else None)
        if labelled:
            raise DataError(
                f"features of the type {type(X).__name__} have no targets",
                where="X",
                hint=f"give a file, or columns by name with the target {self.target.name}",
            )
        return array_blocks(X, encoder)

    def _from_scores(
        self, scores: Array, notes: tuple[str, ...], threshold: float | None
    ) -> Predictions:
        if not self.model.classifies:
            scale = self.description.target_scale
            return Predictions(scores if scale is None else scale.original(scores), None, notes)
        codes = scores.argmax(axis=-1) if self.model.by_class else (scores > 0).astype(np.int64)
        probabilities = None
        if self.has_probabilities:
            probabilities = PROBABILITIES[self.model.loss.name](scores)
            codes = codes if threshold is None else codes_at(threshold, probabilities)
        return Predictions(self.classes[codes], probabilities, notes)


def _no_rows(X: Any) -> DataError:
    return DataError("there are no rows", where=place_of(X))


def model_of(
    description: ModelDescription, weights: Mapping[str, Array], file: Path | None
) -> TrainedModel:
    """The model with this description and weights. file: their file, for errors; None without one.

    Raises RecordError if the description does not fit the weights.
    """
    where = str(file) if file else None
    try:
        return TrainedModel(description, weights)
    except RecordError as error:
        hint = error.problems[0].hint
        if isinstance(error, DivergedWeightsError):
            hint = shows_cause(file.parent if file else None)
        raise RecordError(error.problems[0].what, where=where, hint=hint) from None
