"""The table of the columns of a trace, used by the training loop, the files and the help."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from gdrun.problems.metrics import METRICS

Value = TypeVar("Value")
Kind = Literal["step", "eval", "layer"]
Join = Literal["last", "max", "sum"]
When = Literal["always", "joined", "clip", "surface", "measured"]


@dataclass(frozen=True)
class TraceColumn:
    """One column of a trace.

    kinds: the records that have the column: steps, evaluations, or the readings of a layer in an
    evaluation, where the column is called layer1.NAME for the first layer. meaning: a sentence with
    the unit. shared: whether all lanes (the runs that train together) have the same number. whole:
    whether the column is int64, not float64. join: for a point that combines several steps, whether
    the value of the point is the last, the largest or the sum of the values of its steps. when:
    which lines of trace.jsonl have the column: all lines, points that combine several steps, or the
    lines of runs that clip gradients, that minimise a surface, or that measure the quantity.
    absent: the value for a line without the column: a number, or the name of the column with the
    same value; None if there is none.
    """

    name: str
    kinds: tuple[Kind, ...]
    meaning: str
    shared: bool = False
    whole: bool = False
    join: Join = "last"
    when: When = "always"
    absent: float | str | None = None


_BOTH: tuple[Kind, ...] = ("step", "eval")
_STEP: tuple[Kind, ...] = ("step",)
_EVAL: tuple[Kind, ...] = ("eval",)
_LAYER: tuple[Kind, ...] = ("layer",)

TRACE_COLUMNS = (
    TraceColumn("step", _BOTH, "The number of updates so far.", shared=True, whole=True),
    TraceColumn(
        "epoch", _BOTH, "The number of passes over the training examples so far.", shared=True
    ),
    TraceColumn(
        "gradients",
        _BOTH,
        "The number of per-example gradient evaluations so far.",
        shared=True,
        whole=True,
    ),
    TraceColumn("seconds", _BOTH, "The wall-clock seconds spent in updates so far.", shared=True),
    TraceColumn(
        "batch_size", _STEP, "The number of examples in the step's batch.", shared=True, whole=True
    ),
    TraceColumn("lr", _STEP, "The learning rate of the step."),
    TraceColumn("batch_loss", _STEP, "The loss on the step's batch, before the weights change."),
    TraceColumn(
        "grad_norm", _STEP, "The L2 norm of the gradient of batch_loss, before it is clipped."
    ),
    TraceColumn("update_norm", _STEP, "The L2 norm of the change of the weights in the step."),
    TraceColumn("weight_norm", _STEP, "The L2 norm of the weights after the step."),
    TraceColumn(
        "clipped",
        _STEP,
        "The number of steps with a clipped gradient, among the steps that the point combines.",
        join="sum",
        when="clip",
        absent=0.0,
    ),
    TraceColumn("x", _STEP, "The first weight after the step, on a surface.", when="surface"),
    TraceColumn("y", _STEP, "The second weight after the step, on a surface.", when="surface"),
    TraceColumn(
        "combined",
        _STEP,
        "The number of consecutive steps that the point combines.",
        shared=True,
        whole=True,
        join="sum",
        when="joined",
        absent=1,
    ),
    TraceColumn(
        "max_batch_loss",
        _STEP,
        "The largest batch_loss of the steps that the point combines.",
        join="max",
        when="joined",
        absent="batch_loss",
    ),
    TraceColumn(
        "max_grad_norm",
        _STEP,
        "The largest grad_norm of the steps that the point combines.",
        join="max",
        when="joined",
        absent="grad_norm",
    ),
    TraceColumn("train_loss", _EVAL, "The loss on the whole training part, with the l2 term."),
    TraceColumn(
        "train_accuracy",
        _EVAL,
        "The share, 0 to 1, of training examples that are classified correctly.",
        when="measured",
    ),
    TraceColumn(
        "validation_loss",
        _EVAL,
        "The loss on the validation part, without an l2 term.",
        when="measured",
    ),
    TraceColumn(
        "validation_accuracy",
        _EVAL,
        "The share, 0 to 1, of validation examples that are classified correctly.",
        when="measured",
    ),
    *(
        TraceColumn(
            f"validation_{name}",
            _EVAL,
            f"The {metric.words} on the validation part, if the config names this metric.",
            when="measured",
        )
        for name, metric in METRICS.items()
        if name != "accuracy"
    ),
    TraceColumn(
        "full_grad_norm", _EVAL, "The L2 norm of the gradient of train_loss.", when="measured"
    ),
    TraceColumn("grad_norm", _LAYER, "The L2 norm of the gradient of the layer's weights."),
    TraceColumn(
        "update_ratio",
        _LAYER,
        "The L2 norm of the last update, divided by the L2 norm of the weights.",
    ),
    TraceColumn(
        "dead",
        _LAYER,
        "The share, 0 to 1, of units whose activation has slope 0 for every example of a fixed "
        "sample of the training part.",
        when="measured",
    ),
    TraceColumn(
        "saturated",
        _LAYER,
        "The share, 0 to 1, of units with a mean slope above 0 and below a tenth of the "
        "activation's largest slope.",
        when="measured",
    ),
)
"""All columns, in the order of a line of trace.jsonl."""


def _of_kind(kind: Kind) -> dict[str, TraceColumn]:
    return {column.name: column for column in TRACE_COLUMNS if kind in column.kinds}


STEP_COLUMNS = _of_kind("step")
EVALUATION_COLUMNS = _of_kind("eval")
LAYER_COLUMNS = _of_kind("layer")


EARLIER_NAMES = {"steps": "combined"}
"""The names that columns had in traces of earlier versions, with their names now."""


def with_current_names(row: Mapping[str, Value]) -> dict[str, Value]:
    """A line of a trace, or its columns, with the current names of columns in place of old ones.

    >>> with_current_names({"step": 8, "steps": 2})
    {'step': 8, 'combined': 2}
    """
    return {EARLIER_NAMES.get(name, name): value for name, value in row.items()}


def described(columns: Iterable[TraceColumn], *, indent: str = "") -> str:
    """A text for a docstring, with a line for each column: its name and its meaning.

    indent: the start of each line.

    >>> print(described([STEP_COLUMNS["lr"]]))
    lr                   The learning rate of the step.
    """
    lines = (f"{column.name:<20} {column.meaning}" for column in columns)
    return textwrap.indent("\n".join(lines), indent)
