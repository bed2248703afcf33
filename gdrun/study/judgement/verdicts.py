"""Verdicts: one word for each candidate of a sweep, such as good, slow or diverged.

Verdicts compare the candidates of one sweep, so no verdict depends on the scale of the loss or the
rate. They depend on the progress p of a candidate's median final value. p is the share of the best
improvement of the metric that ranks the sweep (`progress.py`). The default target is the value with
p = 0.95. The words and their rules are in `verdict_rules.py`, and `gdrun list verdicts` shows them.

Whether a rate is too small, too large or unstable is decided among candidates that differ only in
the rate. Their progress is the share of the best improvement of these candidates alone; it uses
logarithms if p does. Stability is judged by the training losses at the evaluations: L₀ at the
start, Lₖ at the end, and L* the lowest of these candidates after as many steps. A rate above that
of the lowest training loss is unstable if (L₀ − Lₖ) / (L₀ − L*) < 0.95. With full-batch gradients
it is not if the peaks of the loss fall (`peaks_fall`): with momentum the loss oscillates at stable
rates, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gdrun.config.key_paths import RATE
from gdrun.study.design.trials import Candidate, label
from gdrun.study.judgement.comparable import one_model
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.progress import Improvement
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.statistics import quantile
from gdrun.study.judgement.training_losses import TRAIN_LOSS, by_training_loss, drop_of
from gdrun.study.judgement.usual_target import best_improvement, usual_target
from gdrun.study.judgement.verdict_rules import RULES, Facts, Word


@dataclass(frozen=True)
class Verdict:
    """A verdict on one candidate of a sweep.

    moment: when a candidate diverged or was dropped, such as `at step 12`. The step is the
    median over the seeds that diverged; the epoch is that of the drop. Empty for other words.
    stable: whether the steps at the candidate's rate were stable. It depends only on the training
    losses, so that a rate may be good by the metric and not stable.
    """

    word: Word
    moment: str = ""
    stable: bool = True

    @property
    def text(self) -> str:
        """The word, and the moment if there is one, such as `diverged at step 12`."""
        return f"{self.word} {self.moment}".rstrip()


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
    early = _early(found, metric, target) if ranked else set()
    groups: dict[str, list[Standing]] = {}
    for standing in found:
        groups.setdefault(others(standing.candidate), []).append(standing)
    overall = best_improvement(found, metric)
    trained = best_improvement(by_training_loss(found), TRAIN_LOSS)
    alike = one_model([standing.candidate.experiment for standing in found])
    by_metric = judged_by_metric(found, metric)
    words: dict[str, Verdict] = {}
    for group in groups.values():
        losses = {each.candidate.name: each for each in by_training_loss(group)}
        # The training losses of different models may be different losses.
        total_loss, own_loss = _scales(
            trained, list(losses.values()), TRAIN_LOSS, shared=ranked and alike
        )
        total, own = _scales(overall, group, metric, shared=ranked)
        courses = group if by_metric else list(losses.values())
        whole, part = (total, own) if by_metric else (total_loss, own_loss)
        # A dropped run had no time to lower its loss as far as the others.
        trained_on = [each for each in losses.values() if each.dropped is None]
        lowest, best = _best_rate(trained_on), _best_rate(courses)
        for standing, course in zip(group, courses, strict=True):
            loss = losses[standing.candidate.name].spread.median
            facts = Facts(
                standing=standing,
                progress=_share(total if own else None, standing.spread.median),
                highest=_share(total, _best_score(standing, metric)),
                trained=_share(total_loss if alike or len(group) > 1 else None, loss),
                course=_share(whole if part else None, course.spread.median),
                own=_share(part, course.spread.median),
                best_rate=_share(whole, part.best) if part else -math.inf,
                side=_side(standing, best),
                loss=drop_of(standing, trained_on),
                fell=_share(own_loss, loss),
                beyond=_side(standing, lowest) == 1,
                early=standing.candidate.name in early,
                comparable=ranked or len(group) > 1,
                first=ranked and standing.rank == 1,
            )
            words[standing.candidate.name] = _verdict(facts)
    return [words[standing.candidate.name] for standing in found]


def judged_by_metric(found: Sequence[Standing], metric: Metric) -> bool:
    """Whether q in the verdict rules is p, the progress by the metric that ranks the candidates.

    Otherwise q is the progress of the training loss: for a metric that is not the loss, if all
    candidates have the same model and loss. found: all candidates. metric: ranks them.
    """
    return metric.is_loss or not one_model([each.candidate.experiment for each in found])


def _scales(
    overall: Improvement | None, group: Sequence[Standing], metric: Metric, *, shared: bool
) -> tuple[Improvement | None, Improvement | None]:
    """The best improvements by which a group is judged: of all candidates, and its own.

    overall: that of all candidates. shared: whether all candidates can be compared; if not, both
    improvements are that of the group.
    """
    own = best_improvement(group, metric)
    if not shared:
        return own, own
    return overall, replace(overall, best=own.best) if own and overall else own


def _share(improvement: Improvement | None, score: float) -> float:
    """The progress p of a score; −∞ if no improvement is known, or the score is infinite."""
    if improvement is None or not math.isfinite(score):
        return -math.inf
    return improvement.share(score)


def _best_score(standing: Standing, metric: Metric) -> float:
    """The best score of a run at any of its evaluations, the median over the runs."""
    scores = [metric.sign * each.evals.get(metric.name, np.empty(0)) for each in standing.results]
    return quantile([float(np.min(each, initial=math.inf)) for each in scores], 0.5)


def _early(found: Sequence[Standing], metric: Metric, target: Target | None) -> set[str]:
    """The names of the candidates that are not slow: they were good before their runs ended.

    Their median run reached p = GOOD at some evaluation, or reached the user's target no later than
    the candidates with the rank 1. target: the user's; None without it.
    """
    latest: dict[Target, float] = {}
    best = [each for each in found if each.rank == 1]
    if target is not None and best:
        latest[target] = max(_median_epochs(each, target) for each in best)
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
    return Verdict(word, moment, facts.stable)


def _best_rate(group: Sequence[Standing]) -> float | None:
    """The rate with the best median in a group, the smallest of several; None if none can be it."""
    rates = [
        (standing.spread.median, float(standing.candidate.settings[RATE]))
        for standing in group
        if RATE in standing.candidate.settings and standing.eligible
    ]
    return min(rates)[1] if rates else None


def _side(standing: Standing, best: float | None) -> int | None:
    """−1 if a candidate's rate is below the best rate of its group, 0 if equal, 1 if above.

    best: the best rate of the group, which are candidates that differ only in the rate. None
    without a rate.
    """
    rate = standing.candidate.settings.get(RATE)
    return None if rate is None or best is None else int(np.sign(rate - best))
