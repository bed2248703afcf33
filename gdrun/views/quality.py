"""How good a run is: a table of its metrics by part, and how it compares with its baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.errors import abridged
from gdrun.methods.stability_limits import limit_formula
from gdrun.problems.metrics import METRICS, Metric
from gdrun.runs.record import RunRecord
from gdrun.runs.run import Run
from gdrun.runs.summary import RunSummary, number_in
from gdrun.symptoms.scales import LARGE_LOSS
from gdrun.views.data_line import target_is_standardised
from gdrun.views.fitting import FirstThatFits
from gdrun.views.numbers import contrasted, percent, quantity

MOST_CLASSES = 10
"""The most classes of a confusion matrix that is shown; run.json has it for any number."""

_LONGEST_LABEL = 20

_MOST_ERRORS = 10
"""The most pairs of classes that are shown in place of a confusion matrix."""


def metrics_table(summary: RunSummary, record: RunRecord) -> RenderableType:
    """A table of loss and metrics: a row for each part of the data, and one for the baseline.

    The baseline is measured on the last part. If not all metrics fit the terminal, the last ones
    are left out.
    """
    names = list(next(iter(summary["metrics"].values()), ()))
    views = (_rows(summary, record, names[:count]) for count in range(len(names), -1, -1))
    return FirstThatFits(*views)


def _rows(summary: RunSummary, record: RunRecord, names: Sequence[str]) -> Table:
    metrics, classes = summary["metrics"], record["data"]["classes"]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", style="dim", no_wrap=True)
    for heading in ("loss", *(metric_heading(name, classes) for name in names)):
        table.add_column(Text(heading), justify="right", no_wrap=True)
    for part, values in metrics.items():
        loss = quantity(number_in(summary, f"{part}_loss"))
        table.add_row(part, loss, *(shown(name, values.get(name)) for name in names))
    part, baseline = judged_part(summary), summary["baseline"]
    values = baseline["metrics"].get(part, {})
    cells = [shown(name, values.get(name)) for name in names]
    table.add_row("baseline", quantity(baseline["loss"].get(part)), *cells, style="dim")
    return table


def has_metrics(summary: RunSummary) -> bool:
    """Whether the summary has metrics of at least one part, and of the baseline."""
    return bool(summary.get("metrics")) and "baseline" in summary


def judged_part(summary: RunSummary) -> str:
    """The part whose baseline is shown: the test part, or the last one that there is."""
    return list(summary["metrics"])[-1]


def baseline_lines(summary: RunSummary) -> Iterator[tuple[str, str]]:
    """What the baseline is, and whether the model is no better than it, as (label, text)."""
    part, always = judged_part(summary), summary["baseline"]["prediction"]
    yield "baseline", f"always {constant_words(always)}; on the {part} part"
    for sentence in _no_better(summary):
        yield "note", sentence


def constant_words(always: str | float) -> str:
    """What the baseline always predicts: a class, or a number."""
    if isinstance(always, str):
        return f"{abridged(always, _LONGEST_LABEL)}, the most frequent training class"
    return f"{quantity(always)}, the mean training target"


def _no_better(summary: RunSummary) -> Iterator[str]:
    """A sentence for each held-out part on which the model is no better than the baseline.

    The two are compared by the first metric on which a good model differs from a constant
    prediction. Without a held-out part, the training part is used.
    """
    metrics, baseline = summary["metrics"], summary["baseline"]["metrics"]
    held_out = [part for part in metrics if part != "train"] or list(metrics)
    for part in held_out:
        judging = (name for name in metrics[part] if name in METRICS and METRICS[name].judges)
        name = next(judging, "")
        metric, own = METRICS.get(name), metrics[part].get(name)
        other = baseline.get(part, {}).get(name)
        if metric is None or own is None or other is None:
            continue
        if own <= other if metric.larger else own >= other:
            texts = map(percent, (own, other)) if metric.share else contrasted(own, other)
            mine, constant = texts
            yield f"{part} {metric.words} {mine} is no better than the baseline's {constant}"


def target_advice(run: Run) -> Iterator[str]:
    """A sentence on the scale of the target, if it explains why a regression has failed.

    It is given if the target was not standardised, the initial loss is above LARGE_LOSS, and the
    run diverged or is no better than its baseline. For a linear model with the squared error, the
    stability limit does not depend on the target. If the update rule has a known limit and nothing
    is clipped, the advice for a run that diverged is a smaller rate, and there is none for others.
    """
    config, losses = run.config, run.evals.get("train_loss")
    if "surface" in config or run.record["data"]["classes"] or losses is None or not len(losses):
        return
    if target_is_standardised(config):
        return
    failed = run.status == "diverged" or (has_metrics(run.summary) and any(_no_better(run.summary)))
    if not failed or losses[0] <= LARGE_LOSS:
        return
    if config["model"].get("loss") == "mse" and not config["model"].get("hidden"):
        limit = limit_formula(config["optimizer"])
        if limit is not None and not config.get("clip"):
            if run.status == "diverged":
                yield (
                    f"the learning rate {quantity(config['optimizer']['lr'])} is too large: use a "
                    f"smaller one; the limit {limit} of the rate does not depend on the scale of "
                    "the target, so a standardised target does not help"
                )
            return
    yield (
        f"the target is not standardised, so the loss begins at {quantity(float(losses[0]))}; "
        "with dataset.standardize.target=true the usual learning rates work"
    )


def confusion_table(summary: RunSummary, record: RunRecord) -> RenderableType | None:
    """The confusion matrix; None if there is none, or it has more than MOST_CLASSES classes."""
    classes = record["data"]["classes"]
    if "confusion" not in summary or len(classes) > MOST_CLASSES:
        return None
    found = summary["confusion"]
    return confusion_grid(classes, found["matrix"], f"{found['part']}: ")


def confusion_grid(
    classes: Sequence[str], matrix: Sequence[Sequence[int]], of: str = ""
) -> RenderableType:
    """A confusion matrix: a row for each true class, a column for each predicted one.

    A terminal that is too narrow for it shows the most frequent errors. of: the beginning of the
    heading, such as `test: `.
    """
    labels = [abridged(label, _LONGEST_LABEL // 2) for label in classes]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(f"{of}true ↓ predicted →", style="dim", no_wrap=True)
    for label in labels:
        table.add_column(Text(label), justify="right", no_wrap=True)
    for label, row in zip(labels, matrix, strict=False):
        table.add_row(Text(label), *map(str, row))
    return FirstThatFits(table, _errors(labels, matrix, of))


def _errors(labels: Sequence[str], matrix: Sequence[Sequence[int]], of: str) -> RenderableType:
    """A row for each of the most frequent pairs of a true class and another, predicted one."""
    # A damaged record may have another number of classes than of rows.
    pairs = [
        (number, true, predicted)
        for i, (true, row) in enumerate(zip(labels, matrix, strict=False))
        for j, (predicted, number) in enumerate(zip(labels, row, strict=False))
        if i != j and number
    ]
    if not pairs:
        return Text(f"{of}every prediction is right")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in (f"{of}true", "predicted", "rows"):
        table.add_column(heading, justify="right" if heading == "rows" else "left", no_wrap=True)
    for number, true, predicted in sorted(pairs, key=lambda pair: -pair[0])[:_MOST_ERRORS]:
        table.add_row(Text(true), Text(predicted), str(number))
    return table


def shown(name: str, value: float | None) -> str:
    """The value of a metric: in percent if it is a share, else with four digits."""
    return percent(value) if name in METRICS and METRICS[name].share else quantity(value)


def metric_heading(name: str, classes: Sequence[str]) -> str:
    """The heading for a metric; F1, precision and recall of two classes also name a class."""
    known: Mapping[str, Metric] = METRICS
    if name not in known:  # of a newer version
        return name
    words = known[name].words
    if not known[name].by_class:
        return words
    return f"{words} ({abridged(classes[1], 12)})" if len(classes) == 2 else f"macro {words}"
