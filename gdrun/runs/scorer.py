"""A model with its weights, which gives rows their scores.

Predictions and the loss are functions of these scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gdrun.array_types import Array, Numbers
from gdrun.errors import DataError, GdrunError, RecordError
from gdrun.methods.definitions import AUTO
from gdrun.methods.plugins import entry_of
from gdrun.problems.linear import LinearModel
from gdrun.problems.losses import LOSSES
from gdrun.problems.models import MODELS
from gdrun.problems.network import Network
from gdrun.problems.objective import Objective
from gdrun.runs.model_file import ModelDescription


class DivergedWeightsError(RecordError):
    """The weights of a run are not finite. Why the run diverged, only its record says."""


@dataclass(frozen=True, eq=False)
class Scorer:
    """The model that a description and weights define.

    weights: by name, as in TrainedModel. Raises RecordError if the weights do not fit the model, or
    are not finite. Raises TypeError, ValueError, KeyError, IndexError or AttributeError if the
    description is damaged.
    """

    description: ModelDescription
    weights: Mapping[str, Array]

    def __post_init__(self) -> None:
        # Damaged weights are found now, not at the first prediction.
        _ = self.row, self.objective

    @cached_property
    def model(self) -> LinearModel | Network:
        """The model as training uses it, which computes scores and their loss."""
        options = dict(self.description.options)
        if options.get("loss", AUTO) != AUTO:
            try:
                entry_of(LOSSES, options["loss"])
            except GdrunError as error:  # It may be from a plugin.
                raise RecordError(error.problems) from None
        definition = MODELS[options.pop("name")]
        built = definition.build(
            self.description.encoding.features, len(self.description.classes), options
        )
        assert isinstance(built, LinearModel | Network)
        return built

    def design(self, features: Numbers) -> Array:
        """The input of the model for n rows of d features, filled, standardised and cast.

        features (n, d): as in the data, before missing values are replaced. Raises DataError if a
        value is outside the range of the model's dtype.
        """
        encoding = self.description.encoding
        with np.errstate(over="ignore"):
            X = encoding.prepared(features).astype(self.description.dtype)
        finite = np.isfinite(X).all(axis=0)
        if not finite.all():
            raise DataError(
                f"there are values outside the range of {self.description.dtype}",
                where=encoding.feature_names[int(finite.argmin())],
                hint="correct them"
                if self.description.dtype == "float64"
                else "correct them, or train with dtype: float64",
            )
        design: Array = self.model.design(X)
        return design

    def scores(self, design: Array) -> Array:
        """The scores (n,), or (n, C) with one for each of C classes, of the n rows of a design."""
        size = max(self.objective.rows_at_once(self.row[None], design), 1)
        parts = [
            self.objective.model.scores(self.row[None], design[start : start + size])[:, 0]
            for start in range(0, len(design), size)
        ]
        return np.concatenate(parts)

    def mean_loss(self, design: Array, y: Array) -> float:
        """The mean loss of the n rows of a design, without the l2 penalty.

        y (n,): class codes, or numbers in the target's own unit.
        """
        if not self.description.classes:
            scale = self.description.target_scale
            y = y if scale is None else scale.standardised(y)
            y = y.astype(self.description.dtype)
        loss, _ = self.objective.loss_and_accuracy(self.row[None], design, self.model.encode(y))
        return float(loss[0])

    @cached_property
    def objective(self) -> Objective:
        """The mean loss as a function of the weights, to compute losses and scores.

        For a network with batch_norm it has the running statistics of the training.
        """
        model = self.model
        if not isinstance(model, Network):
            return Objective(model)
        stats = np.empty(model.stats_layout.size, self.description.dtype)
        self._copy(model.stats_layout.named(stats))
        return Objective(model).with_running_stats(stats[None])

    @cached_property
    def row(self) -> Array:
        """The P weights as one row (P,).

        Raises RecordError if their shapes do not fit the model, DivergedWeightsError if they are
        not finite.
        """
        row = np.empty(self.model.layout.size, self.description.dtype)
        self._copy(self.model.layout.named(row))
        if not np.isfinite(row).all():
            raise DivergedWeightsError(
                "the run diverged: its weights are not finite, so it predicts nothing"
            )
        return row

    def _copy(self, views: Mapping[str, Array]) -> None:
        """Fill each view, an array to write to, with the weights of the same name."""
        for name, view in views.items():
            found = self.weights.get(name)
            if found is None or found.shape != view.shape or found.dtype.kind != "f":
                got = "nothing" if found is None else f"{found.dtype} {found.shape}"
                raise RecordError(
                    f"{name} must be floats of shape {view.shape}, got {got}",
                    hint="restore the file from a copy, or train the model again",
                )
            view[...] = found
