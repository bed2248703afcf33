"""The data of the figures of a diagnosis: the evidence of each symptom as curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gdrun.array_types import Array
from gdrun.errors import abridged
from gdrun.insight.remedies import traced
from gdrun.runs.run import Run
from gdrun.symptoms.facts import Symptom, Traced
from gdrun.symptoms.registry import diagnose
from gdrun.symptoms.result_rules import class_recalls
from gdrun.views.curves import Chart, Curve, needs_log

EVERY_LAYER = 12
"""The most layers of a network that are drawn; of more layers, evenly spaced ones are drawn."""


def diagnosis_charts(run: Run) -> list[Chart]:
    """The charts of the evidence of each symptom of a run.

    Raises RecordError if the run has not ended, or has no evaluation.
    """
    return evidence_charts(traced(run), str(run.record["name"]))


def evidence_charts(facts: Traced, name: str) -> list[Chart]:
    """The charts of the evidence of each symptom, the gravest first, with the evidence as titles.

    A symptom with several charts has its title on the first one. A healthy run has one chart, of
    its losses. name: of the run.
    """
    found = diagnose(facts)
    if not found:
        return [_losses(facts, f"{name}: no symptom")]
    charts: list[Chart] = []
    for symptom in found:
        title = f"{symptom.name} (confidence {symptom.confidence:.2f}): {symptom.evidence}"
        charts += DRAWN[symptom.name](facts, symptom, title)
    return charts


def _exploding(run: Traced, symptom: Symptom, title: str) -> list[Chart]:
    """The batch loss and the gradient norm over the steps; the rate and its limit, if known."""
    steps = run.steps
    if len(steps.get("step", ())) < 2:
        return _only_losses(run, symptom, title)
    charts = [
        _chart(title if place == 0 else "", words, [Curve("", steps["step"], steps[name])], "step")
        for place, (name, words) in enumerate(
            (("max_batch_loss", "batch loss"), ("max_grad_norm", "gradient norm"))
        )
        if name in steps
    ]
    if run.limit is not None:
        rate = Curve("learning rate", steps["step"], steps["lr"])
        limit = _level(run.limit.form, run.limit.value, rate.x)
        charts.append(_chart("", "learning rate", [rate, limit], "step"))
    return charts


def _vanishing(run: Traced, symptom: Symptom, title: str) -> list[Chart]:
    """The gradient norm of each layer: those of the first layers are far below the last one's."""
    return [_chart(title, "gradient norm", _layers(run, "grad_norm"))]


def _dead_units(run: Traced, symptom: Symptom, title: str) -> list[Chart]:
    """The share of units of each layer that are dead or saturated, whichever the evidence names."""
    kind = "saturated" if "saturated" in symptom.evidence else "dead"
    return [_chart(title, f"share of {kind} units", _layers(run, kind), log=False)]


def _stuck(run: Traced, symptom: Symptom, title: str) -> list[Chart]:
    """The training loss above its lower bound, and the gradient norm."""
    loss = Curve("training loss", run.epochs, run.loss)
    bound = _level("lower bound", run.floor, run.epochs)
    charts = [_chart(title, "loss", [loss, bound], log=False)]
    if len(run.steps.get("grad_norm", ())) > 1:
        norm = Curve("", run.steps["epoch"], run.steps["grad_norm"])
        charts.append(_chart("", "gradient norm", [norm]))
    return charts


def _overfitting(run: Traced, symptom: Symptom, title: str) -> list[Chart]:
    """Both losses, with a mark at the lowest validation loss."""
    validation = run.evals["validation_loss"]
    least = int(np.argmin(validation))
    lowest = _only_at(validation, np.arange(len(validation)) == least)
    return [
        _chart(
            title,
            "loss",
            [
                Curve("training", run.epochs, run.loss),
                Curve("validation", run.epochs, validation),
                Curve("lowest validation loss", run.epochs, lowest, marked=True),
            ],
        )
    ]


def _unsteady(run: Traced, symptom: Symptom, title: str) -> list[Chart]:
    """The training loss, with a mark at each evaluation of the second half where it had risen."""
    places = np.arange(len(run.loss))
    risen = np.concatenate([[False], np.diff(run.loss) > 0]) & (places > len(run.loss) // 2)
    return [
        _chart(
            title,
            "training loss",
            [
                Curve("training loss", run.epochs, run.loss),
                Curve("the loss had risen", run.epochs, _only_at(run.loss, risen), marked=True),
            ],
        )
    ]


def _falling(run: Traced, symptom: Symptom, title: str) -> list[Chart]:
    """The training loss, with a mark at the middle of the run, and its lower bound.

    If a schedule changes the rate, the middle is where half of the sum of the rates is used up.
    """
    words = "half of the sum of the rates" if run.decayed else "middle of the run"
    x, y = np.array([run.half_epoch]), np.array([run.middle])
    return [
        _chart(
            title,
            "training loss",
            [
                Curve("training loss", run.epochs, run.loss),
                Curve(words, x, y, marked=True),
                _level("lower bound", run.floor, run.epochs),
            ],
            log=False,
        )
    ]


def _baseline(run: Traced, symptom: Symptom, title: str) -> list[Chart]:
    """The losses, and the loss of the constant prediction on the part that the evidence names."""
    constants = run.summary["baseline"]["loss"]
    part = next(part for part in ("validation", "test", "train") if part in constants)
    chart = _losses(run, title)
    level = _level("constant prediction", float(constants[part]), run.epochs)
    return [_chart(title, "loss", [*chart.curves, level])]


MOST_BARS = 10
"""The most classes that a chart of recalls shows: those with the lowest recalls."""

LONGEST = 20
"""The most characters of the name of a class beside its bar."""


def _imbalance(run: Traced, symptom: Symptom, title: str) -> list[Chart]:
    """A bar for each class with its recall, the share of its examples that are found."""
    judged = sorted(class_recalls(run), key=lambda each: each.found / each.rows)[:MOST_BARS]
    recalls = np.array([each.found / each.rows for each in judged])
    names = tuple(
        f"{abridged(each.name, LONGEST)}: {each.found:,} of {each.rows:,}" for each in judged
    )
    curve = Curve("", recalls, np.arange(len(judged), dtype=float))
    words = "recall, the share of the examples of a class that are found"
    return [Chart(title, words, "class", (curve,), bars=names)]


def _only_losses(run: Traced, symptom: Symptom, title: str) -> list[Chart]:
    return [_losses(run, title)]


DRAWN: dict[str, Callable[[Traced, Symptom, str], list[Chart]]] = {
    "undefined update": _exploding,
    "exploding": _exploding,
    "early explosion": _exploding,
    "large initial weights": _only_losses,
    "vanishing": _vanishing,
    "dead units": _dead_units,
    "stuck": _stuck,
    "leak": _only_losses,
    "repeated rows": _only_losses,
    "overfitting": _overfitting,
    "oscillation": _unsteady,
    "noise floor": _unsteady,
    "slow convergence": _falling,
    "still falling": _falling,
    "unequal scales": _only_losses,
    "baseline": _baseline,
    "imbalance": _imbalance,
}
"""How the evidence of a symptom is drawn, by the symptom's name."""


def _losses(run: Traced, title: str) -> Chart:
    parts = {"train_loss": "training", "validation_loss": "validation"}
    curves = [
        Curve(words, run.epochs, run.evals[name])
        for name, words in parts.items()
        if name in run.evals
    ]
    return _chart(title, "loss", curves)


def _layers(run: Traced, kind: str) -> list[Curve]:
    """A curve for each layer; if there are more than EVERY_LAYER, for evenly spaced ones.

    kind: what is drawn, such as grad_norm: the end of the names of columns after the layer.
    """
    suffix = f".{kind}"
    names = [name for name in run.evals if name.endswith(suffix)]
    shown = np.unique(np.linspace(0, len(names) - 1, min(len(names), EVERY_LAYER)).round())
    return [
        Curve(names[k].removesuffix(suffix), run.epochs, run.evals[names[k]])
        for k in shown.astype(int).tolist()
    ]


def _level(name: str, value: float, x: Array) -> Curve:
    """A dashed horizontal line over the range of x (n,)."""
    ends = np.array([x[0], x[-1]], dtype=float)
    return Curve(name, ends, np.full(2, value), dashed=True)


def _only_at(y: Array, kept: Array) -> Array:
    """y (n,) where `kept` (n,) holds, and NaN, which is not drawn, elsewhere."""
    return np.where(kept, y, np.nan)


def _chart(
    title: str, words: str, curves: Sequence[Curve], x: str = "epoch", *, log: bool = True
) -> Chart:
    """A chart of these curves. words, x: the labels of the axes y and x.

    The axis y is logarithmic if `log` is true and the values suit it.
    """
    return Chart(title, x, words, tuple(curves), log_y=log and needs_log(curves))
