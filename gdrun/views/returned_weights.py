"""The note on the evaluations whose weights the runs of a study return, and what chose these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gdrun.methods.stopping import position
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.statistics import quantile
from gdrun.study.storage.results import Result

MOST_NAMES = 4
"""The most settings of which the note has each epoch; of more it has the first and the last."""

LAST = ""
"""In place of the metric that chose the weights of a run: it returns its last ones."""


def weights_notes(standings: Iterable[Standing], metric: Metric) -> list[tuple[str, str]]:
    """The note on the weights that the runs return, as (label, text).

    Empty if all runs return their last weights, or all return those with the best value of the
    metric that ranks. Otherwise the final results are those of evaluations that another metric
    chose, or that different metrics chose. They may be long before the end, so that the note has
    their epochs, as medians over the seeds. metric: the one that ranks.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for standing in standings:
        for result in standing.trained:
            if not result.diverged:
                name, epoch = _chosen(result)
                found.setdefault(name, {}).setdefault(standing.name, []).append(epoch)
    if len(found) < 2 and found.keys() <= {LAST, metric.name}:
        return []
    texts = [_last(rows) if name == LAST else _best(name, rows) for name, rows in found.items()]
    final = f"the final {metric.words} is that of these weights, and may not be the best of the run"
    return [("weights", "; ".join([*texts, final]))]


def _chosen(result: Result) -> tuple[str, float]:
    """The metric that chose the weights that a run returns, or LAST, and their epoch."""
    best = result.summary.get("best")
    if best is None or result.summary.get("weights") != "best":
        return LAST, float(result.record["stop"]["epoch"])
    loss = "validation_loss" if "validation_loss" in best else "train_loss"
    return f"validation_{best['metric']}" if "metric" in best else loss, float(best["epoch"])


def _last(rows: Mapping[str, Sequence[float]]) -> str:
    """The words on settings whose runs return their last weights."""
    return f"{_names(list(rows))}: those at the end"


def _best(name: str, rows: Mapping[str, Sequence[float]]) -> str:
    """The words on settings whose runs return weights that a metric chose.

    name: the metric. rows: the epochs of these weights in each run, by the name of the setting.
    """
    medians = {setting: quantile(epochs, 0.5) for setting, epochs in rows.items()}
    several = any(len(epochs) > 1 for epochs in rows.values())
    lowest, highest = min(medians.values()), max(medians.values())
    if lowest == highest:
        median = " (median)" if several else ""
        when = f"{_names(list(rows))}: those of epoch {position(lowest)}{median}"
    elif len(rows) > MOST_NAMES:
        median = " (medians)" if several else ""
        span = f"{position(lowest)} to {position(highest)}"
        when = f"{_names(list(rows))}: those of epochs {span}{median}"
    else:
        each = [f"{position(epoch)} ({setting})" for setting, epoch in medians.items()]
        when = f"those of {'median ' * several}epochs {', '.join(each)}"
    return f"{when}, which the best {Metric(name).words} chose"


def _names(names: Sequence[str]) -> str:
    """The names of settings, or their number if there are many."""
    return ", ".join(names) if len(names) <= MOST_NAMES else f"{len(names)} settings"
