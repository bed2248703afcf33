"""The view of a comparison: the cost of reaching the target, the final results, and notes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.study.design.trials import Candidate
from gdrun.study.judgement.comparison_findings import Comparison, Contender, Pair
from gdrun.study.judgement.statistics import FEWEST_SEEDS, enough_seeds
from gdrun.views.curve_scale import CurveScale, scale_of
from gdrun.views.fitting import Explained, FirstThatFits
from gdrun.views.numbers import MISSING, count, duration, percent, quantity, range_text
from gdrun.views.study_line import study_line
from gdrun.views.study_notes import (
    engine_notes,
    hardly_trained,
    lacking_notes,
    symptom_notes,
    work_line,
)
from gdrun.views.surface_runs import variant_notes
from gdrun.views.sweeps import (
    HEALTHY,
    NEVER,
    NOT_COMPARABLE,
    ONE_SEED,
    epochs_text,
    interval_level,
    shown_value,
    spread_cells,
    warning_lines,
)

Column = tuple[str, Callable[[Contender], str]]
"""The heading of a column, and a function that returns its cell for a contender."""

OPTIONAL = (
    "symptom",
    "quartiles",
    "batch",
    "gradients",
    "curve",
    "interval",
    "seconds",
    "updates",
    "loss rose",
)
"""The columns that a table leaves out on a narrow terminal; the first one is left out first."""

LOSS_ROSE = (
    "the share of the first steps that raised the full training loss, at a constant rate and with "
    "the first seed; 0 % is a smooth descent"
)

AT_EDGE = "(edge)"
"""The mark of a contender whose best setting is the smallest or the largest that was tried."""

UNEQUAL = 1.1
"""The work is called unequal if the most gradients exceed this many times the fewest."""

MOST_PAIRS = 10
"""If there are more pairs of contenders, only those with the best contender are shown."""


def comparison_result(comparison: Comparison, spell: Callable[[str], str] = str) -> RenderableType:
    """The view of a comparison: three tables with the best contender first, notes, and warnings.

    spell: a function that replaces the arguments that a note names by options of the command line;
    by default nothing is replaced.
    """
    parts: list[RenderableType] = [Text(study_line(comparison.plan)), ""]
    if comparison.target is not None:
        seeds = len(comparison.plan.seeds)
        over = f"medians over {seeds} seeds" if seeds > 1 else "one seed"
        work = f"work to reach {comparison.target.bound}, fewest updates first ({over})"
        rows = sorted(comparison.ranking, key=lambda row: row.to_target["updates"])
        parts += [Text(work, style="bold"), _table(comparison, _work_columns(comparison), rows), ""]
    heading = Text("final results", style="bold")
    parts += [heading, _table(comparison, _result_columns(comparison)), ""]
    scale = scale_of([row.standing for row in comparison.contenders])
    heading = Text("course of training", style="bold")
    parts += [heading, _table(comparison, _course_columns(scale)), ""]
    notes = [(label, spell(text)) for label, text in _notes(comparison)]
    warnings = [NOT_COMPARABLE[comparison.unlike]] if comparison.unlike else []
    warnings += [spell(text) for text in _unequal_work(comparison)]
    symptoms = symptom_notes(row.standing for row in comparison.ranking)
    return Group(Explained(parts, notes, OPTIONAL, symptoms), *warning_lines(warnings))


def _work_columns(comparison: Comparison) -> list[Column]:
    """The columns of the first table.

    A surface without noise has no columns that count examples.
    """
    seeds = len(comparison.plan.seeds)
    columns: list[Column] = [
        ("batch", lambda row: f"{row.batch:,}"),
        ("updates", lambda row: _amount(row.to_target["updates"])),
        ("gradients", lambda row: _amount(row.to_target["gradients"])),
        ("epochs", lambda row: epochs_text(row.to_target["epochs"])),
        ("seconds", lambda row: _seconds(row.to_target.get("seconds"))),
        ("reached", lambda row: f"{row.reached} of {seeds}"),
    ]
    without = ("batch", "gradients", "epochs") if comparison.plan.noiseless else ()
    return [column for column in columns if column[0] not in without]


def _result_columns(comparison: Comparison) -> list[Column]:
    metric = comparison.metric
    return [
        (metric.words, lambda row: spread_cells(row.standing, metric)[0]),
        ("quartiles", lambda row: spread_cells(row.standing, metric)[1]),
        ("interval", lambda row: spread_cells(row.standing, metric)[2]),
        ("diverged", lambda row: f"{row.standing.diverged} of {len(row.standing.results)}"),
        ("symptom", lambda row: row.standing.symptom_words or HEALTHY),
    ]


def _course_columns(scale: CurveScale | None) -> list[Column]:
    return [
        ("train loss", _median_loss),
        ("quartiles", _loss_quartiles),
        ("loss rose", lambda row: percent(row.rising)),
        ("curve", lambda row: scale.curve(row.standing) if scale else ""),
    ]


def _table(
    comparison: Comparison, columns: Sequence[Column], rows: Sequence[Contender] = ()
) -> FirstThatFits:
    """A table with a row for each contender, and as many of the columns as fit the terminal.

    rows: the contenders in the order of the rows; empty for the order of the ranking.
    """
    rows = rows or comparison.ranking
    seeds = len(comparison.plan.seeds)
    left_out = {"quartiles"} if seeds == 1 else set()
    left_out |= {"interval"} if seeds < FEWEST_SEEDS else set()
    views = []
    # The first view leaves out no optional column, each further view one more.
    for heading in ("", *OPTIONAL):
        left_out |= {heading}
        views.append(_rows(rows, [each for each in columns if each[0] not in left_out]))
    return FirstThatFits(*views)


def _rows(rows: Sequence[Contender], columns: Sequence[Column]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("contender", overflow="fold")
    for heading, _ in columns:
        justify: JustifyMethod = "left" if heading in ("symptom", "curve") else "right"
        table.add_column(heading, justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(_marked_name(row), *(cell(row) for _, cell in columns))
    return table


def _marked_name(row: Contender) -> str:
    """The name of a contender, with a mark if its tuning ended at the edge of the values tried."""
    return f"{row.name} {AT_EDGE}" if row.tuning and row.tuning.at_edge else row.name


def _notes(comparison: Comparison) -> list[tuple[str, str]]:
    """The notes below the tables, as (label, text)."""
    notes = []
    if comparison.target is not None and comparison.target.reason:
        notes.append(("target", comparison.target.sentence))
    notes += lacking_notes(comparison.plan)
    notes += variant_notes(comparison.plan)
    notes += _seed_notes(comparison)
    notes += [("contenders", text) for text in _ambiguous(comparison.plan.candidates)]
    notes += [("duplicates", text) for text in _duplicates(comparison.plan.candidates)]
    notes += [("tuning", _tuning(row)) for row in comparison.contenders if row.tuning is not None]
    notes += [("tuning", text) for text in _not_tuned(comparison)]
    notes += [("tuning", text) for text in _unequal_tuning(comparison)]
    if comparison.tuning_work is None:
        text = 'none: contenders keep their settings; `tune="lr"` finds the best rate of each'
        notes.append(("tuning", text))
    notes.append(("loss rose", LOSS_ROSE))
    if scale := scale_of([row.standing for row in comparison.contenders]):
        notes.append(("curve", scale.legend))
    text = f"time of updates only; each contender is timed alone{_engines(comparison)}"
    notes.append(("seconds", text))
    if comparison.tuning_work is not None:
        notes.append(("tuning work", work_line(comparison.tuning_work)))
    notes.append(("work", work_line(comparison.work)))
    return notes + engine_notes(row.standing for row in comparison.contenders)


def _seed_notes(comparison: Comparison) -> list[tuple[str, str]]:
    """The notes on what the seeds show, as (label, text): the interval, and each pair."""
    seeds = len(comparison.plan.seeds)
    if comparison.plan.deterministic:
        return [("seeds", ONE_SEED)]
    pairs = comparison.pairs
    enough = enough_seeds(max(len(pairs), 1))
    if seeds == 1:
        text = f"unknown with one seed: `seeds={enough}` runs every contender under {enough} seeds"
        return [("significance", text)]
    notes = []
    if comparison.baseline is not None:
        text = f"{comparison.baseline}, with which every other contender is compared"
        notes.append(("baseline", text))
    elif len(pairs) > MOST_PAIRS:
        pairs = [pair for pair in pairs if pair.first == comparison.ranking[0].name]
    notes += [("pairs", _pair(pair)) for pair in pairs]
    if pairs:
        notes.append(("p", "two-sided sign test over shared seeds, Holm-adjusted for the pairs"))
    identical = [row.name for row in comparison.ranking if row.standing.identical]
    if identical:
        text = (
            f"{', '.join(identical)}: every seed gives the same run, so that there is no interval"
        )
        notes.append(("seeds", text))
    if seeds < enough and len(identical) < len(comparison.contenders):
        needed = "an interval and p < 0.05 need" if seeds < FEWEST_SEEDS else "p < 0.05 needs"
        notes.append(("seeds", f"{seeds} are too few: {needed} {enough} or more, `seeds={enough}`"))
    intervals = filter(None, (row.standing.spread.interval for row in comparison.contenders))
    return notes + [("interval", interval_level(each)) for each in islice(intervals, 1)]


def _pair(pair: Pair) -> str:
    """A sentence on two contenders: mbgd is better than bgd under 8 of 8 seeds, p = 0.023.

    The median may favour a contender that is better under half of the seeds or fewer.
    """
    tied = f", {pair.ties} tied" if pair.ties else ""
    p = f"p = {quantity(pair.p, 2)}"
    if pair.wins > pair.losses:
        seeds = f"{pair.wins} of {pair.seeds} seeds{tied}"
        return f"{pair.first} is better than {pair.second} under {seeds}, {p}"
    counts = f"{pair.first} is better under {pair.wins} seeds, {pair.second} under {pair.losses}"
    return f"no difference shown: {counts}{tied}, {p}"


def _unequal_work(comparison: Comparison) -> list[str]:
    """A warning if the budgets allow contenders different numbers of gradients; else empty."""
    finished = {
        row.name: row.gradients for row in comparison.contenders if row.gradients is not None
    }
    if not finished or max(finished.values()) <= UNEQUAL * min(finished.values()):
        return []
    listed = ", ".join(f"{name} {amount:,.0f}" for name, amount in finished.items())
    same = "`budget=gradients` gives all the same number"
    return [f"the budgets differ in work, counted in gradients of examples: {listed}; {same}"]


def _engines(comparison: Comparison) -> str:
    """A text with the engine of each contender; empty if all used the same engine."""
    used = {row.name: row.standing.results[0].record["engine"] for row in comparison.contenders}
    if len(set(used.values())) < 2:
        return ""
    return f"; the engines differ: {', '.join(f'{name} {used[name]}' for name in used)}"


def _duplicates(candidates: Sequence[Candidate]) -> Iterator[str]:
    """A sentence for each pair of contenders that are the same experiment.

    For example, adam is the same as mbgd if the config already uses adam and mbgd.
    """
    for place, one in enumerate(candidates):
        for other in candidates[place + 1 :]:
            if one.experiment == other.experiment:
                yield f"{one.name} and {other.name} are the same experiment"


def _ambiguous(candidates: Sequence[Candidate]) -> Iterator[str]:
    """A sentence for sgd among optimizers: in gdrun it is the variant, elsewhere an optimizer."""
    if not any("optimizer" in each.settings for each in candidates):
        return
    for each in candidates:
        optimizer = each.experiment.optimizer.name
        if each.settings.get("variant") == "sgd" and "optimizer" not in each.settings:
            yield (
                f"{each.name} is the variant (batches of 1 example), with optimizer {optimizer}; "
                "vanilla is the optimizer without momentum"
            )


def _tuning(row: Contender) -> str:
    """A sentence on the result of tuning a contender, and on how many runs that took."""
    tuning = row.tuning
    assert tuning is not None
    if not tuning.settings:
        return f"{row.name}: its own settings, because it has none of the keys"
    budget = f"{tuning.settings} settings × {count(tuning.seeds, 'tuning seed')}"
    if not tuning.chosen:
        return f"{row.name}: every run of {budget} failed; its own settings are kept"
    chosen = ", ".join(f"{key} {shown_value(value)}" for key, value in tuning.chosen.items())
    keys = " and ".join(tuning.at_edge)
    edge = (
        f"; {AT_EDGE}: the value of {keys} is the smallest or largest that was tried, and a wider "
        "range may have a better one"
        if keys
        else ""
    )
    return f"{row.name}: {chosen}, the best of {budget}{edge}{hardly_trained(tuning.progress)}"


def _unequal_tuning(comparison: Comparison) -> list[str]:
    """A note if tuning tried more settings for some contenders than for others; else empty."""
    runs = {row.name: row.tuning.runs for row in comparison.contenders if row.tuning is not None}
    if len(set(runs.values())) < 2:
        return []
    listed = ", ".join(f"{name} {count(amount, 'run')}" for name, amount in runs.items())
    if _not_tuned(comparison):
        return [f"the budgets differ: {listed}, because not all contenders have the same keys"]
    why = "a default range is widened while its best value is at an edge"
    same = 'values of your own, such as `tune="lr=0.001,0.01,0.1"`, give all the same number'
    return [f"the budgets differ: {listed}, because {why}; {same}"]


def _not_tuned(comparison: Comparison) -> list[str]:
    """A sentence for each key that some contenders do not have, so that it was not tuned there.

    A contender of which every run failed has no best setting, and is left out.
    """
    tuned = {
        row.name: row.tuning.chosen
        for row in comparison.contenders
        if row.tuning is not None and (row.tuning.chosen or not row.tuning.settings)
    }
    keys = dict.fromkeys(key for chosen in tuned.values() for key in chosen)
    lacking = {key: [name for name in tuned if key not in tuned[name]] for key in keys}
    return [
        f"{key} was not tuned for {', '.join(names)}: no such option"
        for key, names in lacking.items()
        if names
    ]


def _amount(amount: float) -> str:
    return f"{amount:,.0f}" if math.isfinite(amount) else NEVER


def _seconds(seconds: float | None) -> str:
    return NEVER if seconds is not None and math.isinf(seconds) else duration(seconds)


def _loss_quartiles(row: Contender) -> str:
    """The quartiles over seeds of the final training loss, in which a diverged run counts as ∞."""
    lower, upper = (row.standing.quantile_of("train_loss", share) for share in (0.25, 0.75))
    if math.isinf(lower):
        return MISSING
    return range_text(lower, upper, row.standing.quantile_of("train_loss", 0.5))


def _median_loss(row: Contender) -> str:
    """The median over seeds of the final training loss; MISSING if half of the runs diverged."""
    value = row.standing.quantile_of("train_loss", 0.5)
    return quantity(value) if math.isfinite(value) else MISSING
