"""A study in which no median is better than the median start has no target, and says so."""

import pytest

from gdrun.config.loading import load
from gdrun.study.design.axes import axes_of
from gdrun.study.judgement.comparison_findings import judge_comparison
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.sweep_findings import judge_sweep
from gdrun.study.study import Work
from gdrun.views.comparisons import comparison_result
from gdrun.views.notebook import plain_text
from gdrun.views.sweeps import sweep_result
from study.cases import LOGISTIC, LOSS, plan_and_results, result

ACCURACY = Metric("validation_accuracy")
WORK = Work(2, 0, 1, 0.0)


def overfitted():
    """Two rates whose validation loss ends above its start, 0.5, while the training loss falls."""
    plan, results = plan_and_results(
        {0.1: [result([0.5, 0.4, 0.6])], 1.0: [result([0.5, 0.7, 0.9])]}
    )
    for each in results.values():
        each.evals["train_loss"] = each.evals["train_loss"][::-1].copy()
        each.record["engine"] = "numpy"
        each.record["summary"] |= {
            "initial_train_loss": 0.9,
            "train_loss": 0.5,
            "gradients": 200,
            "steps": 20,
        }
    return plan, results


def text_of_sweep(metric, target=None):
    plan, results = overfitted()
    axes = axes_of({"lr": [0.1, 1.0]}, load(LOGISTIC))
    found = judge_sweep(plan, axes, results, metric, WORK, target=target)
    return found, " ".join(plain_text(sweep_result(found)).split())


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        (LOSS, "none: no setting's median is below the median start 0.5"),
        # In these results the accuracy is 1 − loss, and begins at 0.5, too.
        (ACCURACY, "none: no setting's median is above the median start 0.5"),
    ],
)
def test_a_sweep_says_why_no_setting_has_a_target(metric, sentence):
    found, text = text_of_sweep(metric)
    assert found.target is None and found.best.name == "lr=0.1"
    assert f"to target {sentence}" in text
    # No setting made any progress p, and none could reach a target.
    assert "p is the share" not in text and "the target was reached" not in text


def test_a_target_of_the_user_is_named_as_ever():
    found, text = text_of_sweep(LOSS, Target(LOSS, 0.45))
    assert found.target.value == 0.45
    assert "until val loss ≤ 0.45" in text and "none: no setting" not in text


def test_a_comparison_says_why_it_has_no_target():
    plan, results = overfitted()
    found = judge_comparison(plan, results, LOSS, WORK)
    text = " ".join(plain_text(comparison_result(found)).split())
    assert found.target is None
    assert "target none: no contender's median is below the median start 0.5" in text
