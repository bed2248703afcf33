"""The view of a run compared with the bounds of theory, and the same as a dict for JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.console import RenderableType
from rich.text import Text

from gdrun.array_types import Integers, Numbers
from gdrun.insight.bound_checks import BoundCheck, RunCheck
from gdrun.insight.observed_contraction import ObservedContraction
from gdrun.insight.step_positions import StepPositions
from gdrun.methods.plugins import with_loaded_plugins
from gdrun.runs.recorded_experiment import config_of
from gdrun.runs.run import Run
from gdrun.views.curves import Chart, Curve
from gdrun.views.fitting import fitting
from gdrun.views.numbers import MISSING, count, quantity, told_apart
from gdrun.views.terminal_plot import PlotView
from gdrun.views.theory import assumptions_views, contraction_text, plain_table, theory_data

MOST_ROWS = 8
"""The most steps that a table shows."""

HEIGHT = 10
"""The height of a plot, in characters."""


def run_check_views(check: RunCheck) -> list[RenderableType]:
    """For each quantity that theory bounds, a table and curves of what was observed and allowed.

    The table has a few steps. Below are a verdict on each bound, and notes.
    """
    parts: list[RenderableType] = [Text(check.run.id, style="bold")]
    for each in _observations(check):
        parts += ["", _table(each)]
        curves = _curves(each)
        if curves is not None:
            parts += ["", curves]
    if verdicts := [Text(note) for note in check.notes] + list(map(_verdict, check.checks)):
        parts += ["", *verdicts]
    if check.contraction is not None:
        parts += ["", _contraction(check.contraction)]
    if check.positions is not None:
        parts += ["", *_positions(check.positions, check.run)]
    if not check.checks:
        parts += ["", *_without_bounds(check)]
    return parts


@dataclass(frozen=True)
class _Observed:
    """A quantity that a run reached, (n,) at n steps, and the bounds at all steps but step 0.

    label: the name of the quantity, such as f − f*.
    """

    label: str
    steps: Integers
    values: Numbers
    bounds: tuple[BoundCheck, ...]


def _observations(check: RunCheck) -> list[_Observed]:
    """Every bounded quantity of a run, with its bounds.

    If min f − f* has no bound, the first quantity is f − f*, also if it has no bound either. If f*
    is not known, f takes the place of f − f*.
    """
    groups: dict[str, list[BoundCheck]] = {}
    for each in check.checks:
        groups.setdefault(each.bound.quantity, []).append(each)
    found = []
    if "min f - f*" not in groups:
        label = "f" if check.theory.f_star is None else "f − f*"
        bounds = tuple(groups.pop("f - f*", ()))
        found.append(_Observed(label, check.steps, check.excess, bounds))
    for quantity_name, bounds_of in groups.items():
        first = bounds_of[0]
        found.append(
            _Observed(_label(quantity_name), first.steps, first.observed, tuple(bounds_of))
        )
    return found


def _label(bounded: str) -> str:
    """The name of a bounded quantity as text."""
    return bounded.replace(" - ", " − ")


def _config(check: RunCheck) -> str | None:
    directory = check.run.directory
    return None if directory is None else str(directory / "config.yaml")


def _table(observed: _Observed) -> RenderableType:
    """The quantity and its bounds at a few steps. A narrow table has only small bounds."""
    names = [each.bound.name for each in observed.bounds]
    table = plain_table(f"rr{'r' * len(names)}l", "step", observed.label, *names, "")
    last = len(observed.steps) - 1
    # Closer together at the start, where most of the descent is.
    rows = np.unique(np.rint(np.geomspace(1, last + 1, MOST_ROWS)).astype(int) - 1)
    for row in rows.tolist():
        limits, verdict = [MISSING] * len(names), ""
        step, value = int(observed.steps[row]), float(observed.values[row])
        shown = quantity(value)
        if step and observed.bounds:
            places = [int(np.searchsorted(each.steps, step)) for each in observed.bounds]
            pairs = list(zip(observed.bounds, places, strict=True))
            allowed = [float(each.allowed[place]) for each, place in pairs]
            shown, *limits = told_apart((value, *allowed), 4)
            verdict = "holds" if all(each.held[place] for each, place in pairs) else "BROKEN"
        table.add_row(f"{step:,}", shown, *limits, verdict)
    highest_first = sorted(observed.bounds, key=lambda each: float(-each.allowed[-1]))
    return fitting(table, [each.bound.name for each in highest_first[:-1]])


def _curves(observed: _Observed) -> RenderableType | None:
    """The curve of the quantity and that of its smallest bound, with a logarithmic axis."""
    curves = [Curve(observed.label, observed.steps, observed.values)]
    if observed.bounds:
        smallest = np.min([each.allowed for each in observed.bounds], axis=0)
        curves.append(Curve("smallest bound", observed.bounds[0].steps, smallest))
    drawn = [np.isfinite(curve.y) & (curve.y > 0) for curve in curves]
    if len(curves[0].y) < 2 or not all(each.any() for each in drawn):
        return None
    chart = Chart("", "step", observed.label, tuple(curves), log_y=True)
    return PlotView(chart, height=HEIGHT)


def _verdict(check: BoundCheck) -> Text:
    """Whether a bound held, and how close the run came to it."""
    label = _label(check.bound.quantity)
    if check.all_held:
        share = quantity(check.tightest, 3)
        words = f"held at all {len(check.steps):,} points; {label} is at most {share} of the bound"
        style = "green"
    else:
        first = int(check.steps[int(np.argmin(check.held))])
        words, style = f"BROKEN first at step {first:,}", "bold red"
    formula = f"{check.bound.name}: {label} ≤ {check.bound.formula}"
    return Text.assemble(formula, "\n  ", (words, style))


def _without_bounds(check: RunCheck) -> list[RenderableType]:
    """Why no bound applies to the run, and the command of a run to which one does."""
    if check.theory.bounds and check.failing:
        words = "no bound applies to this run, because these assumptions fail:"
        views = assumptions_views(check.failing, check.theory, _config(check))
        return [Text(words, style="bold"), *views]
    words = "no bound is known for this objective"
    objective = (each for each in check.theory.assumptions if not each.of_run)
    missing = tuple(each for each in objective if not each.holds)
    if check.theory.bounds or not missing:
        return [Text(words, style="bold")]
    views = assumptions_views(missing, check.theory)
    return [Text(f"{words}, because not all of these assumptions hold:", style="bold"), *views]


def _contraction(found: ObservedContraction) -> Text:
    """The observed and the predicted factor of the error in one step."""
    observed, predicted = map(contraction_text, (found.observed, found.predicted))
    return Text(
        f"from step {found.first:,} to step {found.last:,} each step multiplied the error by "
        f"{observed}, the root of the factor of f − f*; theory predicts ρ = {predicted} after many "
        "steps"
    )


FEW_STEPS = 20
"""With fewer steps than this, their shares say nothing."""


def _positions(found: StepPositions, run: Run) -> list[RenderableType]:
    """The shares of the steps by their end on the parabola of f along the step.

    A step ends before the lowest point of its parabola, beyond it, or higher than it began, by more
    than the rounding error of f. With fewer than FEW_STEPS steps, there are no shares but the
    reason, and what gives more steps.
    """
    taken, combined = run.summary["steps"], len(run.steps["step"]) < run.summary["steps"]
    counted = (
        f"{len(found.steps):,} of {count(taken, 'step')} count: those that change f by more than "
        "its rounding error and after which f is in the trace"
    )
    if combined:
        counted += ", which combines neighbouring steps"
    if len(found.steps) < FEW_STEPS:
        text = f"too few steps to say where they end on the parabola of f along each: {counted}"
        if combined:
            command = with_loaded_plugins(f"`gdrun train {config_of(run)} log.points=all`")
            shown = Text(f"  {command.strip('`')}", no_wrap=True, style="cyan")
            return [Text(text), Text("to keep each step in the trace:", style="cyan"), shown]
        if taken < FEW_STEPS:
            text += f"; a run of {FEW_STEPS} steps or more may show it"
        return [Text(text)]
    before, beyond, higher = (f"{share:.0%}" for share in found.shares)
    median = quantity(float(np.median(found.positions)), 3)
    text = (
        f"on the parabola of f along each step, {before} of {count(len(found.steps), 'step')} end "
        f"before the lowest point, {beyond} beyond it, and {higher} higher than they began, "
        f"by more than rounding; the median position is {median}, where 0 is the lowest point and "
        f"1 as high as the start; {counted}"
    )
    return [Text(f"{text} (log.points=all keeps each)" if combined else text)]


def run_check_data(check: RunCheck) -> dict[str, Any]:
    """The comparison as a dict that can be written as JSON.

    It has the predictions of theory, f − f* of the run at each evaluation (f if f* is not known),
    and for each bound its values, the observed ones, and whether it held.
    """
    return theory_data(check.theory) | {
        "run": check.run.id,
        "observed": {"step": check.steps.tolist(), "excess": check.excess.tolist()},
        "checks": [
            {
                "name": each.bound.name,
                "quantity": each.bound.quantity,
                "held": each.all_held,
                "step": each.steps.tolist(),
                "bound": each.allowed.tolist(),
                "observed": each.observed.tolist(),
            }
            for each in check.checks
        ],
        "contraction": None if check.contraction is None else asdict(check.contraction),
        "positions": None
        if check.positions is None
        else {
            "step": check.positions.steps.tolist(),
            "position": check.positions.positions.tolist(),
            "higher": check.positions.higher.tolist(),
        },
        "notes": list(check.notes),
    }
