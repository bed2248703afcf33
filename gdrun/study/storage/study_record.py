"""The findings of a study as the entries of study.json: ranking, statistics, target, limits."""

from __future__ import annotations

from collections.abc import Sequence

from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import StudyPlan
from gdrun.study.judgement.comparison_findings import Comparison, Contender
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.pairs import Pair
from gdrun.study.judgement.ranking import Standing, in_order_of_values, ranked
from gdrun.study.judgement.rungs import Rung
from gdrun.study.judgement.stability import StabilityLimit
from gdrun.study.judgement.statistics import quantile
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.study.storage.records import (
    ComparisonFindings,
    SweepFindings,
    TargetRecord,
    TuningFindings,
    WorkRecord,
)
from gdrun.study.storage.row_records import (
    AxisRecord,
    ContenderRow,
    PairRecord,
    RungRecord,
    StabilityRecord,
    StandingRow,
    SweepRow,
    TuningRecord,
)
from gdrun.study.study import Work
from gdrun.study.tuning import Tuning

UNITS = {"epoch": "epochs", "step": "steps", "gradients": "gradients"}
"""The units of `to_target` in study.json, by the column of the trace that counts them."""


def sweep_record(sweep: Sweep) -> SweepFindings:
    """The findings of a sweep, as entries of study.json.

    The median cost of reaching the target is ∞ if at least half of the runs did not reach it.
    """
    # By id, because a standing holds arrays and cannot be hashed.
    verdicts = {id(s): v for s, v in zip(sweep.standings, sweep.verdicts, strict=True)}
    rows: list[SweepRow] = [
        {
            **standing_record(standing, sweep.metric, sweep.target),
            "verdict": verdicts[id(standing)].text,
        }
        for standing in sweep.ranking
    ]
    return {
        "status": "complete" if sweep.complete else "interrupted",
        "metric": sweep.metric.name,
        "unlike": sweep.unlike,
        "target": target_record(sweep.target),
        "best": sweep.best.name if sweep.best else None,
        "ranking": rows,
        "stability": _stability(sweep.limit) if sweep.limit else None,
        "stability_of": {own: _stability(limit) for own, limit in sweep.limits.items() if own},
        "at_edge": [edge.axis.key for edge in sweep.at_edge],
        "rungs": [rung_record(rung) for rung in sweep.rungs],
        "work": _work(sweep.work),
    }


def tuning_record(plan: StudyPlan, found: Sequence[Standing], metric: Metric) -> TuningFindings:
    """The ranking of all settings that tuning tried, as entries of study.json.

    found: the standings (results, scores and ranks) of the settings.
    """
    ended = sum(len(standing.results) for standing in found)
    return {
        "status": "complete" if ended == len(plan.trials) else "interrupted",
        "metric": metric.name,
        "ranking": [
            standing_record(standing, metric, None)
            for standing in ranked(in_order_of_values(found))
        ],
    }


def standing_record(standing: Standing, metric: Metric, target: Target | None) -> StandingRow:
    """A candidate with the statistics of its runs, as values of the metric, for study.json."""
    spread, value = standing.spread, metric.value
    interval = spread.interval
    reached = {
        unit: quantile(standing.to_target(target, column), 0.5)
        for column, unit in UNITS.items()
        if target is not None
    }
    return {
        "rank": standing.rank,
        "name": standing.candidate.name,
        "settings": dict(standing.candidate.settings),
        "runs": standing.runs,
        "diverged": standing.diverged,
        "median": value(spread.median),
        # Sorted, because for an accuracy the lower score is the higher value.
        "quartiles": sorted((value(spread.lower), value(spread.upper))),
        "interval": None
        if interval is None
        else sorted((value(interval.low), value(interval.high))),
        "interval_level": None if interval is None else interval.level,
        "values": [value(float(score)) for score in standing.scores],
        "symptom": standing.symptom,
        "rose": standing.rose,
        "to_target": reached,
        "reached_target": _reached(standing, target),
    }


def target_record(target: Target | None) -> TargetRecord | None:
    """A target as an entry of study.json; None without a target."""
    if target is None:
        return None
    return {"metric": target.metric.name, "value": target.value, "reason": target.reason}


def _reached(standing: Standing, target: Target | None) -> int | None:
    """The number of runs that reached the target; None without a target."""
    if target is None:
        return None
    return standing.reached(target)


def comparison_record(comparison: Comparison) -> ComparisonFindings:
    """The findings of a comparison, as entries of study.json.

    The median cost of reaching the target is ∞ if at least half of the runs did not reach it.
    """
    return {
        "status": "complete" if comparison.complete else "interrupted",
        "metric": comparison.metric.name,
        "unlike": comparison.unlike,
        "target": target_record(comparison.target),
        "best": comparison.best.name if comparison.best else None,
        "ranking": [_contender(each, comparison) for each in comparison.ranking],
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "work": _work(comparison.work),
        "tuning_work": _work(comparison.tuning_work) if comparison.tuning_work else None,
    }


def _contender(contender: Contender, comparison: Comparison) -> ContenderRow:
    standing, first = contender.standing, contender.first_rises
    train = [standing.quantile_of("train_loss", share) for share in (0.5, 0.25, 0.75)]
    return {
        **standing_record(standing, comparison.metric, comparison.target),
        "batch": contender.batch,
        "to_target": contender.to_target,
        "train_loss": {"median": train[0], "quartiles": train[1:]},
        "rising_share": contender.rising,
        "rising_epochs": first.epochs if first else None,
        "seconds_per_step": contender.pace,
        "tuning": _tuning(contender.tuning) if contender.tuning else None,
    }


def axis_record(axis: Axis) -> AxisRecord:
    """A key of a sweep with the values that were asked for, as an entry of study.json."""
    return {
        "key": axis.key,
        "values": list(axis.values),
        "spacing": axis.spacing,
        "drawn": axis.drawn,
    }


def read_axis(written: AxisRecord) -> Axis:
    """The key of a sweep that an entry of study.json describes."""
    return Axis(written["key"], tuple(written["values"]), written["spacing"], written["drawn"])


def rung_record(rung: Rung) -> RungRecord:
    """A rung of successive halving, as an entry of study.json."""
    return {"epoch": rung.epoch, "kept": list(rung.kept), "dropped": list(rung.dropped)}


def read_rung(written: RungRecord) -> Rung:
    """The rung of successive halving that an entry of study.json describes."""
    return Rung(written["epoch"], tuple(written["kept"]), tuple(written["dropped"]))


def _work(work: Work) -> WorkRecord:
    return {
        "run": work.run,
        "found": work.found,
        "cohorts": work.cohorts,
        "seconds": work.seconds,
        "continued": work.continued,
    }


def _stability(limit: StabilityLimit) -> StabilityRecord:
    return {
        "smoothness": limit.smoothness,
        "predicted": limit.predicted,
        "form": limit.form,
        "exact": limit.exact,
        "stable": limit.stable,
        "unstable": limit.unstable,
        "steps_needed": limit.steps_needed,
        "unclear": limit.unclear,
        "is_bound": limit.is_bound,
    }


def _pair(pair: Pair) -> PairRecord:
    return {
        "first": pair.first,
        "second": pair.second,
        "wins": pair.wins,
        "losses": pair.losses,
        "ties": pair.ties,
        "p": pair.p,
    }


def _tuning(tuning: Tuning) -> TuningRecord:
    return {
        "settings": tuning.settings,
        "seeds": tuning.seeds,
        "chosen": dict(tuning.chosen),
        "at_edge": list(tuning.at_edge),
        "runs": tuning.runs,
        "progress": tuning.progress,
    }
