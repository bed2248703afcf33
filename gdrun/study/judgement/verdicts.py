"""Verdicts: one word for each candidate of a sweep, such as good, slow or diverged.

Verdicts compare the candidates of one sweep, so no verdict depends on the scale of the loss or the
rate. They depend on the progress p of a candidate's median final value. p is the share of the best
improvement of the metric that ranks the sweep (`progress.py`). The default target is the value with
p = 0.95. The words and their rules are in `verdict_rules.py`, and `gdrun list verdicts` shows them.

Whether a rate is too small, too large or unstable is decided among candidates that differ only in
the rate. Their progress is the share of the best improvement of these candidates alone; it uses
logarithms if p does. Stability is judged by the training loss: L₀ at the start, Lₖ at the end, and
L* at the lowest end of these candidates. A rate above the best one is unstable if (L₀ − Lₖ) / (L₀ −
L*) < 0.95, else too large. With full-batch gradients it is too large rather than unstable if the
peaks of the loss fall (`peaks_fall`): with momentum the loss oscillates at stable rates, too.

A metric such as the balanced accuracy may be bad where the loss is smooth and low. So for a metric
that is no loss, the words on the course of training (BY_LOSS) are those by the training loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gdrun.study.design.trials import Candidate, label
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.progress import Improvement
from gdrun.study.judgement.ranking import (
    Standing,
    best_improvement,
    led_by,
    usual_target,
)
from gdrun.study.judgement.statistics import quantile, spread
from gdrun.study.judgement.training_losses import TRAIN_LOSS, drop_of, training_loss
from gdrun.study.judgement.verdict_rules import BY_LOSS, RULES, Facts, Word

RATE = "optimizer.lr"


@dataclass(frozen=True)
class Verdict:
    """A verdict on one candidate of a sweep.

    moment: when a candidate diverged or was dropped, such as `at step 12`. The step is the
    median over the seeds that diverged; the epoch is that of the drop. Empty for other words.
    """

    word: Word
    moment: str = ""

    @property
    def text(self) -> str:
        """The word, and the moment if there is one, such as `diverged at step 12`."""
        return f"{self.word} {self.moment}".rstrip()

    @property
    def stable(self) -> bool:
        """Whether the candidate's rate is stable: neither oscillating, unstable nor diverged."""
        return self.word not in ("oscillating", "unstable", "diverged")


def verdicts(
    found: Sequence[Standing],
    metric: Metric,
    target: Target | None = None,
    *,
    ranked: bool = True,
) -> list[Verdict]:
    """The verdict on each candidate.

    found: the standings (results, scores and ranks) of the candidates; the verdicts have the same
    order. metric: ranks the candidates. target: the one that the user gave; None without it.
    ranked: False if their data or losses differ; then only candidates that differ in nothing but
    the rate are compared.
    """
    own = _verdicts(found, metric, target, ranked=ranked)
    if metric.is_loss:
        return own
    by_loss = _verdicts(_by_training_loss(found), TRAIN_LOSS, None, ranked=ranked)
    worse = Verdict("worse")
    return [
        each if each.word not in BY_LOSS else shown if shown.word in BY_LOSS else worse
        for each, shown in zip(own, by_loss, strict=True)
    ]


def _by_training_loss(found: Sequence[Standing]) -> Sequence[Standing]:
    """The standings with the training loss as their score, and with ranks by it."""
    scores = [np.array([TRAIN_LOSS.score(result) for result in each.results]) for each in found]
    pairs = zip(found, scores, strict=True)
    return led_by([replace(each, scores=own, spread=spread(own)) for each, own in pairs], None)


def _verdicts(
    found: Sequence[Standing], metric: Metric, target: Target | None, *, ranked: bool
) -> list[Verdict]:
    """The verdicts by one metric alone. The arguments are those of `verdicts`."""
    early = _early(found, metric, target) if ranked else set()
    groups: dict[str, list[Standing]] = {}
    for standing in found:
        groups.setdefault(others(standing.candidate), []).append(standing)
    overall, trained = best_improvement(found, metric), _best_training(found)
    best_rates = _best_rates(found)
    words: dict[str, Verdict] = {}
    for group, members in groups.items():
        own = best_improvement(members, metric)
        if ranked and own and overall:
            own = replace(overall, best=own.best)
        total = overall if ranked else own
        lowest = min(map(training_loss, members))
        for standing in members:
            name = standing.candidate.name
            score = standing.spread.median if own else math.inf
            facts = Facts(
                standing=standing,
                progress=_share(total, score),
                own=_share(own, score),
                best_rate=_share(total, own.best) if own else -math.inf,
                highest=_share(total, _best_score(standing, metric)),
                trained=_share(
                    trained if ranked else _best_training(members), training_loss(standing)
                ),
                loss=drop_of(standing, lowest),
                side=_side(standing, best_rates.get(group)),
                early=name in early,
                comparable=ranked or len(members) > 1,
                first=ranked and standing.rank == 1,
            )
            words[name] = _verdict(facts)
    return [words[standing.candidate.name] for standing in found]


def _share(improvement: Improvement | None, score: float) -> float:
    """The progress p of a score; −∞ if no improvement is known, or the score is infinite."""
    if improvement is None or not math.isfinite(score):
        return -math.inf
    return improvement.share(score)


def _best_training(found: Sequence[Standing]) -> Improvement | None:
    """The best improvement of the training loss of these candidates."""
    return best_improvement(_by_training_loss(found), TRAIN_LOSS)


def _best_score(standing: Standing, metric: Metric) -> float:
    """The best score of a run at any of its evaluations, the median over the runs."""
    scores = [metric.sign * each.evals.get(metric.name, np.empty(0)) for each in standing.results]
    return quantile([float(np.min(each, initial=math.inf)) for each in scores], 0.5)


def _early(found: Sequence[Standing], metric: Metric, target: Target | None) -> set[str]:
    """The names of the candidates that are not slow: they were good before their runs ended.

    Their median run reached p = GOOD at some evaluation, or reached the user's target no later than
    the candidate with the rank 1. target: the user's; None without it.
    """
    latest: dict[Target, float] = {}
    best = next((each for each in found if each.rank == 1), None)
    if target is not None and best is not None:
        latest[target] = _median_epochs(best, target)
    # Last, because a record has the default target in the place of the user's.
    if (usual := usual_target(found, metric)) is not None:
        latest[usual] = math.inf
    return {
        each.candidate.name
        for each in found
        for goal, most in latest.items()
        if math.isfinite(epochs := _median_epochs(each, goal)) and epochs <= most
    }


def _median_epochs(standing: Standing, target: Target) -> float:
    """The epochs until the target was reached, the median over the runs; +∞ if most did not."""
    return quantile(standing.to_target(target, "epoch"), 0.5)


def others(candidate: Candidate) -> str:
    """The label of a candidate's settings without the learning rate, as a short text.

    Candidates with equal labels form a group: they differ only in the rate.
    """
    return label({key: value for key, value in candidate.settings.items() if key != RATE})


def _verdict(facts: Facts) -> Verdict:
    """The first word whose rule holds, with the moment of a divergence or a drop."""
    word = next(rule.word for rule in RULES if rule.holds(facts))
    standing, moment = facts.standing, ""
    if word == "diverged":
        steps = [each.record["stop"]["step"] for each in standing.results if each.diverged]
        moment = f"at step {quantile(steps, 0.5):,.0f}"
    if word == "dropped":
        moment = f"at epoch {standing.dropped:.4g}"
    return Verdict(word, moment)


def _best_rates(found: Sequence[Standing]) -> dict[str, float]:
    """The best rate of each group of candidates that differ only in the rate.

    The keys of the result are the labels of the other settings.
    """
    best: dict[str, tuple[float, float]] = {}
    for standing in found:
        if RATE in standing.candidate.settings and standing.eligible:
            rate, own = float(standing.candidate.settings[RATE]), others(standing.candidate)
            best[own] = min(best.get(own, (math.inf, rate)), (standing.spread.median, rate))
    return {own: rate for own, (_, rate) in best.items()}


def _side(standing: Standing, best: float | None) -> int | None:
    """−1 if a candidate's rate is below the best rate of its group, 0 if equal, 1 if above.

    best: the best rate of the group, which are candidates that differ only in the rate. None
    without a rate.
    """
    rate = standing.candidate.settings.get(RATE)
    return None if rate is None or best is None else int(np.sign(rate - best))
