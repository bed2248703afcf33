"""The view of what theory predicts for an experiment, and the same as a dict for JSON."""

from __future__ import annotations

import math
import shlex
from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.insight.assumptions import Assumption
from gdrun.insight.bounds import Bound
from gdrun.insight.minimum import MOST_PARAMETERS
from gdrun.insight.rates import Setting
from gdrun.insight.theory import Theory
from gdrun.methods.plugins import with_loaded_plugins
from gdrun.views.fitting import fitting, headings
from gdrun.views.numbers import MISSING, contrasted, quantity

NAMES = {"vanilla": "descent", "momentum": "heavy ball", "nesterov": "Nesterov"}
"""The names of the update rules in the field, by their names in a config."""


_VERDICTS = {
    True: Text("holds", style="green"),
    False: Text("fails", style="yellow"),
    None: Text("unknown", style="dim"),
}

PROPERTIES = {
    "smooth": "the objective is smooth",
    "strongly convex": "the objective is strongly convex",
    "attained": "the minimum is attained",
}
"""What a change of the config achieves, by the name of the assumption about the objective."""


def theory_view(theory: Theory) -> RenderableType:
    """The constants, the best settings, the bounds and the assumptions of an experiment."""
    parts: list[RenderableType] = [_title(theory), "", _constants_table(theory)]
    if theory.best:
        parts += ["", _settings_table(theory)]
    if theory.bounds:
        parts += ["", _bounds_table(theory)]
    parts += ["", *assumptions_views(theory.assumptions, theory)]
    return Group(*parts)


def _title(theory: Theory) -> Text:
    problem = theory.problem
    size = f"{problem.model.layout.size:,} parameters"
    if problem.cohort.surface is None:
        size = f"{problem.rows:,} training rows, {size}"
    return Text.assemble((problem.experiment.name, "bold"), f": {size}")


def _constants_table(theory: Theory) -> Table:
    constants, minimum = theory.constants, theory.minimum
    table = plain_table("lrw", "", "", "")
    table.show_header = False
    table.add_row("smoothness L", quantity(constants.L), constants.L_is)
    table.add_row("convexity μ", quantity(constants.mu), constants.mu_is)
    known = constants.rate_range
    if theory.kappa is not None and constants.everywhere:
        table.add_row("condition κ", quantity(theory.kappa), "L/μ")
    if known is not None and not (constants.quadratic and theory.kappa is not None):
        where = "without zeros" if constants.mu == 0 else "estimate"
        where = where if constants.quadratic else "at the minimum"
        words = f"curvatures from {_range(known)} ({where})"
        table.add_row("condition κ", quantity(known[1] / known[0]), words)
    if constants.G is not None:
        table.add_row("slope G", quantity(constants.G), "upper bound of ‖g‖ for all subgradients g")
    table.add_row("limit 2/L", quantity(theory.limit), _limit_words(theory))
    if theory.problem.experiment.optimizer.name != "vanilla" and theory.own_limit is not None:
        value, form = theory.own_limit
        rule = theory.problem.experiment.optimizer.name
        words = f"{form}, the limit of {rule}"
        if constants.everywhere and not constants.quadratic:
            words = f"{form}: below it {rule} is stable near a minimum"
        table.add_row("own limit", quantity(value), words)
    if constants.everywhere and constants.L is not None:
        if theory.best_rate is None or not constants.quadratic:
            words = "1/L: each step of descent lowers f, from any start"
            table.add_row("safe rate", quantity(theory.safe_rate), words)
        if theory.best_rate is not None:
            table.add_row("best rate", quantity(theory.best_rate), _best_rate_words(theory))
    elif constants.G is not None and theory.best_rate is not None:
        words = f"‖w₀ − w*‖/(G√N), for the least bound after N = {theory.steps:,} steps"
        table.add_row("best rate", quantity(theory.best_rate), words)
    if constants.differenced is not None:
        words = f"differences of the gradient: no derivative of {constants.differenced} is known"
        table.add_row("Hessian", "", words)
    table.add_row("minimum f*", quantity(theory.f_star, 6), _minimum_words(theory))
    table.add_row("f at the start", quantity(theory.initial, 6), "")
    if minimum is not None and theory.distance is not None:
        table.add_row("distance", quantity(theory.distance), "‖w₀ − w*‖")
    return table


def _range(known: tuple[float, float]) -> str:
    return " to ".join(contrasted(*known))


def _limit_words(theory: Theory) -> str:
    if theory.constants.L is None and not theory.constants.kinked:
        return "unknown: it needs L"
    if theory.constants.L is None:
        return "none: at a constant rate f may stay above f*"
    if not theory.constants.everywhere:
        return "at the start only"
    if theory.constants.quadratic:
        return "gradient descent diverges above it"
    return "descent converges below it, and may converge above"


def _best_rate_words(theory: Theory) -> str:
    if not theory.constants.quadratic:
        return "descent near the minimum: 2/(λmin + λmax)"
    if theory.constants.mu:
        return "2/(L + μ)"
    return "2/(L + λ), where λ is the smallest curvature above 0"


def _minimum_words(theory: Theory) -> str:
    minimum = theory.minimum
    if minimum is None:
        return "unknown"
    if theory.problem.cohort.surface is not None:
        return "the lowest of the known minima"
    if minimum.weights is None:
        return "a limit that no weights attain"
    kinks = theory.constants.L is None
    method = "the interior-point method" if kinks else "Newton's method"
    if not minimum.converged:
        return f"upper bound: {method} has not converged (f − f* ≈ {quantity(minimum.error, 2)})"
    if kinks:
        return f"by {method}, exact up to rounding"
    small = theory.problem.model.layout.size <= MOST_PARAMETERS
    closed = theory.constants.quadratic and small
    return "by the normal equations" if closed else "by Newton's method, exact up to rounding"


def _settings_table(theory: Theory) -> RenderableType:
    where = "everywhere" if theory.constants.quadratic else "near the minimum"
    table = plain_table("lrrrr", "setting", "lr", "beta", "ρ", "steps")
    for setting in theory.best:
        table.add_row(NAMES[setting.rule], *_setting_cells(setting, theory.tolerance))
    if theory.own is not None:
        table.add_row("this config", *_setting_cells(theory.own, theory.tolerance))
    contraction = f"ρ: the factor by which a step multiplies the error, for full gradients, {where}"
    about = "" if theory.constants.quadratic else "about "
    steps = f"steps: {about}how many until f − f* stays ≤ {theory.tolerance:g} (f(w₀) − f*)"
    if theory.constants.quadratic or theory.limit is None:
        steps += ", from any start"
    else:
        steps += ", from a start near the minimum; from other starts, descent may diverge with "
        steps += f"rates above {quantity(theory.limit, 3)}"

    def legend(shown: Table) -> Text:
        known = [contraction, steps] if "ρ" in headings(shown) else [steps]
        return Text("; ".join(known), style="dim")

    return fitting(table, ("ρ", "beta"), legend)


def _setting_cells(setting: Setting, tolerance: float) -> tuple[str, ...]:
    steps = setting.steps(tolerance)
    digits = _digits(setting, steps, tolerance)
    return (
        quantity(setting.lr, digits),
        quantity(setting.beta, digits),
        contraction_text(setting.contraction),
        "diverges" if steps is None and setting.contraction > 1 else _count(steps),
    )


def _digits(setting: Setting, steps: int | None, tolerance: float) -> int:
    """The fewest digits of the rate and the momentum that keep ρ and the number of steps.

    At the best pair of heavy ball ρ changes by the root of a change of the pair, so that with four
    digits another ρ is reached than that of the table.
    """
    rho = contraction_text(setting.contraction)
    for digits in range(4, 17):
        beta = setting.beta if setting.beta is None else float(f"{setting.beta:.{digits}g}")
        typed = setting.with_values(float(f"{setting.lr:.{digits}g}"), beta)
        if contraction_text(typed.contraction) == rho and typed.steps(tolerance) == steps:
            return digits
    return 17


def contraction_text(rho: float) -> str:
    """ρ as text, with as many digits as tell it from 1."""
    left = abs(1 - rho)
    return quantity(rho, 4 if left > 1e-4 or not left else 1 - math.floor(math.log10(left)))


def _bounds_table(theory: Theory) -> RenderableType:
    excess = theory.initial - (theory.f_star or 0.0)
    table = plain_table("lrrw", "bound", f"N = {theory.steps:,}", "steps", "needs")
    formulas = []
    for bound in theory.bounds:
        level = theory.tolerance * excess if "f - f*" in bound.quantity else None
        table.add_row(
            bound.name,
            quantity(float(bound.at(theory.steps))) if bound.applies else MISSING,
            MISSING if level is None else _count(bound.steps_to(level)),
            bound.needs if bound.applies else Text(f"{bound.needs}: no", style="yellow"),
        )
        formulas.append(f"{bound.name}: {_quantity_words(bound)} ≤ {bound.formula}")
    alpha = float(theory.problem.cohort.numbers.lr[0])
    where = "" if theory.constants.everywhere else ", with L at the start"
    # The column `needs` shows what the bounds need of the rate.
    failing = (each for each in theory.assumptions if each.of_run and each.holds is False)
    why = "; ".join(each.why for each in failing if each.name not in ("stable rate", "small rate"))
    but = f"; they do not apply to this config: {why}" if why else ""
    note = f"for gradient descent with α = {alpha:g}{where}{but}\n" + "\n".join(formulas)
    return Group(table, Text(note, style="dim"))


def _quantity_words(bound: Bound) -> str:
    words = {"f - f*": "f(w_N) − f*", "min f - f*": "min f − f*"}
    return words.get(bound.quantity, bound.quantity)


def _count(steps: int | None) -> str:
    """A predicted number of steps as text, rounded if it is a million or more."""
    return quantity(steps) if steps is None or steps >= 1e6 else f"{steps:,}"


def assumptions_views(
    assumptions: tuple[Assumption, ...], theory: Theory, config: str | None = None
) -> list[RenderableType]:
    """A table of assumptions of a theory, and hints with what would make them hold.

    The hint on those about the run promises the bounds, so it needs bounds. config: the path of the
    config of a run, for this hint, which then has the whole command. None if there is no such file;
    the hint then has only the changes.
    """
    table = plain_table("llw", "assumption", "", "")
    for each in assumptions:
        table.add_row(each.name, _VERDICTS[each.holds], each.why)
    hints = [Text(f"hint: {hint}", style="cyan") for hint in filter(None, map(_hint, assumptions))]
    words = " ".join(each.change for each in assumptions if each.change and each.of_run)
    if words and theory.bounds:
        hints += bounded_hint(config, words, locally=not theory.constants.everywhere)
    return [table, "", *hints] if hints else [table]


def _hint(assumption: Assumption) -> str | None:
    """The change or the declaration that makes an assumption about the objective hold, as text."""
    if assumption.of_run or not assumption.change:
        return assumption.declaration
    return f"with {assumption.change} {PROPERTIES[assumption.name]}"


def bounded_hint(config: str | None, changes: str, *, locally: bool) -> list[Text]:
    """The hint that the bounds apply with these changes of a config.

    config: the path of the config; the hint then has the whole command, on a line that is not
    wrapped. None if there is no such file; the hint then has only the changes. locally: whether the
    bounds use the curvature L at the start, which may be larger elsewhere.
    """
    while_true = " while no curvature exceeds L at the start" if locally else ""
    if config is None:
        return [Text(f"hint: with {changes} the bounds apply to the run{while_true}", style="cyan")]
    command = with_loaded_plugins(f"`gdrun train {shlex.quote(config)} {changes}`").strip("`")
    return [
        Text(f"to train a run to which the bounds apply{while_true}:", style="cyan"),
        Text(f"  {command}", no_wrap=True, style="cyan"),
    ]


def plain_table(columns: str, *headings: str) -> Table:
    """A table without borders.

    columns: a letter for each column: l is left-justified, r is right-justified, and w has words,
    which wrap if the screen is narrow.
    """
    table = Table(box=None, pad_edge=False, header_style="dim")
    for kind, heading in zip(columns, headings, strict=True):
        justify: Literal["left", "right"] = "right" if kind == "r" else "left"
        table.add_column(heading, justify=justify, no_wrap=kind != "w")
    return table


def theory_data(theory: Theory) -> dict[str, Any]:
    """The predictions as a dict that can be written as JSON."""
    constants, minimum = theory.constants, theory.minimum
    known = constants.rate_range
    return {
        "name": theory.problem.experiment.name,
        "L": constants.L,
        "L_is": constants.L_is,
        "mu": constants.mu,
        "mu_is": constants.mu_is,
        "G": constants.G,
        "everywhere": constants.everywhere,
        "differenced": constants.differenced,
        "kappa": theory.kappa,
        "curvatures": None if known is None else list(known),
        "limit": theory.limit,
        "own_limit": None if theory.own_limit is None else theory.own_limit[0],
        "safe_rate": theory.safe_rate,
        "best_rate": theory.best_rate,
        "f_star": theory.f_star,
        "f_star_attained": minimum is not None and minimum.weights is not None,
        "f_start": theory.initial,
        "distance": theory.distance,
        "tolerance": theory.tolerance,
        "settings": [_setting_data(each, theory.tolerance) for each in theory.best],
        "own": None if theory.own is None else _setting_data(theory.own, theory.tolerance),
        "assumptions": [
            {
                "name": each.name,
                "holds": each.holds,
                "why": each.why,
                "of": "run" if each.of_run else "objective",
                "change": each.change,
                "declaration": each.declaration,
            }
            for each in theory.assumptions
        ],
        "bounds": [
            {
                "name": bound.name,
                "quantity": bound.quantity,
                "formula": bound.formula,
                "needs": bound.needs,
                "applies": bound.applies,
                "steps": theory.steps,
                "value": float(bound.at(theory.steps)) if bound.applies else None,
            }
            for bound in theory.bounds
        ],
    }


def _setting_data(setting: Setting, tolerance: float) -> dict[str, Any]:
    return {
        "rule": setting.rule,
        "lr": setting.lr,
        "beta": setting.beta,
        "contraction": setting.contraction,
        "steps": setting.steps(tolerance),
    }
