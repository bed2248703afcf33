"""The constant prediction with which the best setting of a study is compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.statistics import quantile


@dataclass(frozen=True)
class ConstantPrediction:
    """The most frequent class, or the mean target, of the training part as the only prediction.

    score: its score, the median over seeds: lower is better. prediction: the class or the number;
    None if the training parts of the seeds have different ones. beaten: whether the best setting
    has a better median; None without a best setting.
    """

    score: float
    prediction: str | float | None
    beaten: bool | None


def constant_prediction(ranking: Sequence[Standing], metric: Metric) -> ConstantPrediction | None:
    """The constant prediction, judged by the metric of a study; None if this was not measured.

    ranking: the settings, the best first.
    """
    part, _, name = metric.name.partition("_")
    for standing in ranking:
        known = [each for each in (run.summary.get("baseline") for run in standing.results) if each]
        values = [
            each["loss"].get(part) if metric.is_loss else each["metrics"].get(part, {}).get(name)
            for each in known
        ]
        scores = [metric.sign * value for value in values if value is not None]
        if not scores or not all(map(math.isfinite, scores)):
            continue
        score = quantile(scores, 0.5)
        predictions = {each["prediction"] for each in known}
        best = ranking[0]
        beaten = best.median < score if best.eligible else None
        return ConstantPrediction(
            score, predictions.pop() if len(predictions) == 1 else None, beaten
        )
    return None
