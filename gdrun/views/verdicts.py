"""The rules of the verdicts in a sweep: a page of all rules, and a note below a table."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table

from gdrun.config.key_paths import RATE
from gdrun.study.judgement.progress import CAP, LOG_FROM
from gdrun.study.judgement.statistics import quantile
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.study.judgement.usual_target import GOOD
from gdrun.study.judgement.verdict_rules import MEANINGS, RULES, Word
from gdrun.study.judgement.verdicts import Verdict, judged_by_metric
from gdrun.symptoms.peaks import FALLING
from gdrun.views.early_rises import MEANING

PLAIN: frozenset[Word] = frozenset(("best", "diverged", "dropped"))
"""Verdicts that need no explanation below the table."""


Q = "the progress of the training loss at the last evaluation"
"""What q means in the rules, for a metric that is no loss."""


def verdicts_page() -> RenderableType:
    """The words of the column `verdict`, each with its rule."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for word, meaning in MEANINGS.items():
        table.add_row(word, meaning)
    intro = (
        "p is the progress of a setting: the improvement of the metric that ranks the settings, "
        "divided by the best improvement. Both begin at the median start, which is the median of "
        "the first values of all runs; the best improvement ends at the best median of a setting. "
        f"If it is a drop by more than a factor of {LOG_FROM}, logarithms are used, and {CAP}, "
        "because rounding may make such differences. p is that of the weights which a run "
        "returns: the last ones, or the best ones with early stopping. q is p if the metric is the "
        "loss, or if the settings have different models. For another metric, such as the "
        f"accuracy, q is {Q}. "
        "The column `to target` has the first epoch at which a run reached the target. "
        f"The default target is the value with p = {GOOD:g}. "
        "The verdict is the first of the words below whose rule holds. The best rate has the "
        "highest q among the settings that differ in nothing but the rate. Rules on the training "
        "loss itself use all its evaluations, whichever weights the run returns. The peaks of a "
        f"loss were falling if {FALLING}. {MEANING}"
    )
    return Group(intro, "", table)


def meanings_of(sweep: Sweep, shown: Iterable[Verdict]) -> str:
    """A text that explains those verdicts of a sweep that are not clear by themselves; or empty.

    shown: the verdicts that the table shows. The rules on p and on the target are left out if no
    setting's median is better than the median start (see `no_target_notes`).
    """
    words = {verdict.word for verdict in shown} - PLAIN
    best = sweep.improvement
    one = judged_by_metric(sweep.standings, sweep.metric)
    texts = [f"{each.word}: {each.meaning_with(one=one)}" for each in RULES if each.word in words]
    if best is not None and not best.positive:  # no setting made any progress p
        texts = [text for text in texts if not re.search(r"\b(p|target)\b", text)]
    rules = "; ".join(texts)
    if len(texts) > 1:
        rules = f"the first that holds of {rules}"
    if re.search(r"\bthe best( rate)?, (which|[pq] <)", rules):
        rules += _best_rate_words(sweep, one)
    scale = ", in logarithms" if best is not None and best.logarithmic else ""
    if best is not None and best.capped:
        scale += f", where {CAP}"
    if sweep.unlike:
        scale = f", in logarithms if it is a drop by more than a factor of {LOG_FROM}"
    explained = f"p is the share of the best improvement of the {sweep.metric.words}{scale}"
    letters = [explained] * bool(re.search(r"\bp\b", rules))
    letters += [f"q is {Q}"] * bool(re.search(r"\bq\b", rules))
    return "; ".join([*letters, *[rules] * bool(rules)])


def _best_rate_words(sweep: Sweep, one: bool) -> str:
    """The end of the rules, on which rate is the best one; empty if that is clear.

    one: whether q is p, so that the best rate is that of the best median.
    """
    keys = _other_keys(sweep)
    best = "the best" if one else "that of the highest q"
    shared = f" with the same {keys}" if keys else ""
    return f"; the best rate is {best}{shared}" if keys or not one else ""


def missed(sweep: Sweep) -> str:
    """The end of a sentence on the target, if a good setting did not reach it; else empty.

    This is possible because a good setting only needs a median as good as the default target: half
    of its runs or more may still miss this target, or one that the user has set.
    """
    assert sweep.target is not None
    for standing, verdict in zip(sweep.standings, sweep.verdicts, strict=True):
        epochs = standing.to_target(sweep.target, "epoch")
        if verdict.word in ("best", "good") and np.isinf(quantile(epochs, 0.5)):
            runs = "half of the runs or more" if len(epochs) > 1 else "the run"
            return f"; never: {runs} did not reach it, although the median may be good"
    return ""


def _other_keys(sweep: Sweep) -> str:
    """The swept keys other than the learning rate, as text; empty if only the rate was swept."""
    leaves = [axis.leaf for axis in sweep.axes if axis.key != RATE]
    return " and ".join([", ".join(leaves[:-1]), leaves[-1]] if len(leaves) > 1 else leaves)
