"""The verdict of each setting of a sweep, on results written by hand."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

import gdrun
from gdrun.config.loading import load
from gdrun.study.design.axes import axes_of
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.ranking import standings
from gdrun.study.judgement.sweep_findings import judge_sweep
from gdrun.study.judgement.usual_target import usual_target
from gdrun.study.judgement.verdict_rules import RULES
from gdrun.study.judgement.verdicts import verdicts
from gdrun.study.study import Work
from gdrun.symptoms import peaks
from gdrun.views.sweeps import sweep_result
from gdrun.views.verdicts import verdicts_page
from study.cases import LOGISTIC, LOSS, plan_and_results, planned, result, standing_texts


def test_a_standing_is_shown_on_one_line():
    plan = planned({"lr": [0.1]}, seeds=2)
    results = {t.identity: result([1, 0.5], identity=t.identity) for t in plan.trials}
    (standing,) = standings(plan, results, LOSS)
    shown = "<Standing name='lr=0.1', rank=1, median=0.5, runs=2, diverged=0>"
    assert repr(standing) == shown
    # What it names are attributes with these values.
    for name, text in re.findall(r"(\w+)=('[^']*'|[^,>]*)", shown):
        assert repr(getattr(standing, name)) == text


def test_every_verdict():
    # Losses start at 10 and the lowest end is 0, so an end of L is the progress p = 1 − L/10.
    found, texts = standing_texts(
        {
            0.001: [result([10, 9])],  # p = 0.1
            0.01: [result([10, 4])],  # p = 0.6
            0.1: [result([10, 0.4])],  # p = 0.96
            0.3: [result([10, 0])],
            1.0: [result([10, 0.1])],  # p = 0.99, above the best
            3.0: [result([10, 2])],  # p = 0.8, above the best
            10.0: [result([10, 12])],  # ends above its start
            30.0: [result([10, 50, 900], diverged=True)],
        }
    )
    assert texts == [
        "too small",
        "slow",
        "good",
        "best",
        "good",
        "unstable",
        "unstable",
        "diverged at step 20",
    ]
    assert [standing.rank for standing in found] == [6, 5, 3, 1, 2, 4, 7, None]


def test_a_setting_that_reached_the_target_early_is_not_slow():
    # The loss falls from 10 to 0 at best, so that the default target is 0.5.
    rows = {
        0.01: [result([10, 9, 6, 4])],  # slow all along
        0.02: [result([10, 0.4, 2, 4])],  # p = 0.96 at epoch 1, and 0.6 at the end
        0.03: [result([10, 0.4, 3, 5.2])],  # p = 0.48 at the end
        0.1: [result([10, 5, 1, 0])],
    }
    _, texts = standing_texts(rows)
    assert texts == ["slow", "worse", "worse", "best"]
    # With a target of 7, the second setting reaches it as early as the best one.
    plan, results = plan_and_results(
        {0.01: [result([10, 8, 6, 4])], 0.02: [result([10, 6, 5, 4])], 0.1: rows[0.1]}
    )
    found = standings(plan, results, LOSS)
    texts = [each.text for each in verdicts(found, LOSS, Target(LOSS, 7.0))]
    assert texts == ["slow", "worse", "best"]
    assert [each.text for each in verdicts(found, LOSS)] == ["slow", "slow", "best"]


@pytest.mark.parametrize(
    ("losses", "verdict"),
    [
        # Thirds of two: the last one's peak is 4, and was 5 before.
        ([10, 7, 5, 3, 4, 3], "too large"),
        ([10, 7, 3, 4, 5, 4.9], "unstable"),
        # Above its start and coming down, as momentum's first swing is.
        ([10, 40, 30, 25, 20, 12], "too large"),
        # The peak of the last third, 250, is below the 386 before, but after 130 came 239: no fall.
        (np.repeat([10, 161, 238, 196, 163, 130, 386, 250, 98, 225, 239], 10), "unstable"),
    ],
)
def test_a_full_batch_above_the_best_rate_is_unstable_when_its_loss_rises(losses, verdict):
    plan = planned({"lr": [0.1, 1.0]}, "variant=bgd")
    rows = [result([10, 5, 2, 1, 0.1, 0]), result(losses)]
    results = dict(zip((trial.identity for trial in plan.trials), rows, strict=True))
    assert [each.text for each in verdicts(standings(plan, results, LOSS), LOSS)] == [
        "best",
        verdict,
    ]


def test_the_first_rule_that_holds_gives_the_verdict():
    """Two rates with p < 0.95 at the end that were good before; one is above its best rate."""
    plan = planned({"batch_size": [1, 64], "lr": [0.1, 1.0]})
    ends = [result([10, 0, 0]), result([10, 0, 4]), result([10, 0, 2]), result([10, 9, 8])]
    results = dict(zip((trial.identity for trial in plan.trials), ends, strict=True))
    found = verdicts(standings(plan, results, LOSS), LOSS)
    # p = 1, 0.6, 0.8, 0.2. The third is the best rate of its batch size, so only worse holds.
    assert [each.word for each in found] == ["best", "unstable", "worse", "unstable"]
    # The training loss fell by 96 % of the best drop: not unstable, but too large before worse.
    ends[1].evals["train_loss"] = np.array([10, 0, 0.4])
    ends[1].summary["train_loss"] = 0.4
    found = verdicts(standings(plan, results, LOSS), LOSS)
    assert [each.word for each in found] == ["best", "too large", "worse", "unstable"]
    order = [rule.word for rule in RULES]
    assert order.index("unstable") < order.index("too large") < order.index("worse")


def test_a_rate_that_nothing_can_judge_is_not_slow():
    """In a random search, every setting may have its own values, so that no rate has a group."""
    plan = planned({"batch_size": [8, 16, 32, 64]})
    ends = [result([10, 5, 0]), result([10, 3, 4]), result([10, 7, 4]), result([10, 7, 4])]
    # Only the last one has learnt the training rows: to 0.3, which is 97 % of the best drop.
    ends[3].evals["train_loss"] = np.array([10, 2, 0.3])
    ends[3].summary["train_loss"] = 0.3
    results = dict(zip((trial.identity for trial in plan.trials), ends, strict=True))
    found = verdicts(standings(plan, results, LOSS), LOSS)
    # p = 1; 0.7 and then 0.6; 0.3 and then 0.6, twice.
    assert [each.word for each in found] == ["best", "worse", "slow", "worse"]


def test_a_rate_is_judged_by_the_measure_of_its_own_kind():
    # The second rule gets to 1 at best, a tenth less far than the first, under either rate.
    plan = planned({"optimizer": ["adam", "vanilla"], "lr": [0.1, 1.0]})
    rows = [result([10, end]) for end in (0, 4, 1, 1.1)]
    results = dict(zip((trial.identity for trial in plan.trials), rows, strict=True))
    texts = [each.text for each in verdicts(standings(plan, results, LOSS), LOSS)]
    assert texts == ["best", "unstable", "slow", "slow"]


def test_the_best_rate_of_a_poor_rule_is_not_too_small():
    # The second rule gets to 8 at best: p = 0.2 of the drop by 10, at its own best rate.
    plan = planned({"optimizer": ["adam", "vanilla"], "lr": [0.1, 1.0]})
    rows = [result([10, end]) for end in (4, 0, 9.5, 8)]
    results = dict(zip((trial.identity for trial in plan.trials), rows, strict=True))
    texts = [each.text for each in verdicts(standings(plan, results, LOSS), LOSS)]
    assert texts == ["slow", "best", "too small", "poor"]


def test_verdicts_agree_with_the_column_that_ranks():
    """The largest rates fit the training rows best, and the validation rows ever worse."""
    validation = {0.01: 6.0, 0.1: 2.0, 1.0: 2.2, 3.0: 5.0, 10.0: 11.0}
    training = {0.01: 6.0, 0.1: 2.0, 1.0: 0.5, 3.0: 0.1, 10.0: 0.0}
    rows = {rate: [result([10, training[rate]])] for rate in validation}
    for rate, value in validation.items():
        rows[rate][0].evals["validation_loss"] = np.array([10.0, value])
        rows[rate][0].summary["validation_loss"] = value
    # p = (10 − value) / 8: 0.5, 1, 0.975, 0.625 and −0.125; no training loss is near its start.
    assert standing_texts(rows)[1] == ["slow", "best", "good", "too large", "too large"]


def test_words_on_the_rate_are_for_what_the_loss_shows():
    """The accuracy falls where the loss is best: that says nothing on the rate."""
    accuracy = {0.001: 0.9, 0.01: 0.6, 0.1: 0.6, 1.0: 0.6, 10.0: 0.6}
    losses = {
        0.001: [10, 9.5, 9],  # best by the accuracy
        0.01: [10, 9, 8],  # its loss made 2/9 of the best drop, below half
        0.1: [10, 5, 1.05],  # good: (10 − 1.05) / 9 > 0.95
        1.0: [10, 3, 1],
        10.0: [10, 30, 20],  # ended above its start
    }
    rows = {rate: [result(losses[rate])] for rate in losses}
    for rate, value in accuracy.items():
        rows[rate][0].evals["validation_accuracy"] = np.array([0.5, 0.55, value])
        rows[rate][0].summary["validation_accuracy"] = value
    plan, results = plan_and_results(rows)
    metric = Metric("validation_accuracy")
    words = [each.word for each in verdicts(standings(plan, results, metric), metric)]
    assert words == ["best", "too small", "worse", "worse", "unstable"]


def test_a_rate_at_the_limit_oscillates_and_one_without_effect_is_too_small():
    # On ½(x² + 10 y²) the factor of y at rate 0.2 = 2/L is 1 − 0.2 · 10 = −1: it never falls.
    bowl = {"surface": {"name": "bowl", "condition": 10.0}, "stopping": {"steps": 50}}
    rates = [1e-300, 0.0001, 0.18, 0.2, 0.21]
    found = gdrun.sweep(bowl | {"optimizer": "vanilla"}, {"lr": rates})
    texts = [verdict.word for verdict in found.verdicts]
    assert texts == ["too small", "too small", "best", "oscillating", "unstable"]
    limit = found.limit
    assert (limit.smoothness, limit.predicted, limit.exact) == (10.0, pytest.approx(0.2), True)
    assert (limit.stable, limit.unstable) == (0.18, 0.2)


def test_a_loss_three_times_the_best_is_not_good():
    # From 100 to 3 is 97/99 of the best drop, but only ln(100/3) / ln(100) = 76 % of its decades.
    _, texts = standing_texts({0.1: [result([100, 3])], 0.3: [result([100, 1])]})
    assert texts == ["slow", "best"]


@pytest.mark.parametrize("ends", [(3, 1, 1.1, 1.3), (30, 10, 11, 14), (9, 0.01, 0.013, 0.5)])
def test_a_setting_is_good_if_its_median_reaches_the_default_target(ends):
    found, texts = standing_texts(
        {0.1 * place: [result([100, end])] for place, end in enumerate(ends, 1)}
    )
    target = usual_target(found, LOSS).value
    reached = [text in ("good", "best") for text in texts]
    assert reached == [end <= target for end in ends]


def test_rates_of_a_group_are_judged_on_the_scale_of_the_whole_sweep():
    # Over all, 100 falls to 1, so logarithms count. The second rule alone falls by a factor of 25.
    plan = planned({"optimizer": ["adam", "vanilla"], "lr": [0.01, 0.1, 1.0]})
    rows = [result([100, end]) for end in (90, 1, 2, 30, 10.5, 4)]
    results = dict(zip((trial.identity for trial in plan.trials), rows, strict=True))
    texts = [each.text for each in verdicts(standings(plan, results, LOSS), LOSS)]
    # p = ln(100/F) / ln 100: 0.02, 1, 0.85; 0.26, 0.49 and 0.70. The last rate is not poor, so a
    # lower one that is poor is too small. A training loss of 2 is 98/99 of its best drop.
    assert texts == ["too small", "best", "too large", "too small", "too small", "slow"]


def test_a_loss_that_bounces_oscillates_where_no_rate_is_swept():
    plan = planned({"batch_size": [1, 4, 64]})
    # Rises of 6 in all against a best drop of 9; then of 2.
    rows = [result([10, 7, 11, 5, 7, 6]), result([10, 4, 6, 4, 4, 4]), result([10, 3, 1, 1, 1, 1])]
    results = dict(zip((trial.identity for trial in plan.trials), rows, strict=True))
    found = verdicts(standings(plan, results, LOSS), LOSS)
    assert [verdict.word for verdict in found] == ["oscillating", "slow", "best"]


def test_verdicts_do_not_depend_on_scale():
    rows = {0.01: [10, 4], 0.1: [10, 0.4], 0.3: [10, 0], 3.0: [10, 2]}
    _, texts = standing_texts({rate: [result(losses)] for rate, losses in rows.items()})
    scaled = {
        1000 * rate: [result([1e-6 * loss for loss in losses])] for rate, losses in rows.items()
    }
    assert standing_texts(scaled)[1] == texts


def test_some_diverged_seeds_make_a_rate_unstable_and_half_of_them_diverged():
    fine, lost = result([10, 0]), result([10, 99], diverged=True)
    _, texts = standing_texts(
        {0.1: [fine, fine, fine], 1.0: [fine, fine, lost], 3.0: [fine, lost, lost]}
    )
    assert texts == ["best", "unstable", "diverged at step 10"]


def test_a_best_of_which_a_seed_diverged_comes_with_a_safer_one():
    fine, good, lost = result([10, 0]), result([10, 1]), result([10, 99], diverged=True)
    rows = {0.1: [good, good, good], 1.0: [fine, fine, lost], 3.0: [lost, lost, lost]}
    plan, results = plan_and_results(rows)
    axes = axes_of({"lr": list(rows)}, load(LOGISTIC))
    work = Work(9, 0, 1, 0.1)
    found = judge_sweep(plan, axes, results, LOSS, work)
    screen = Console(width=200, file=io.StringIO())
    screen.print(sweep_result(found))
    said = (
        "warning: 1 of 3 runs of the best setting diverged; "
        "lr=0.1 is the best setting without a diverged run\n"
    )
    assert said in screen.file.getvalue()


def test_the_page_of_verdicts_states_the_rule_on_falling_peaks():
    """By the rule on the page: of 90 losses, the last 60 are 6 parts of 10, whose peaks fall."""
    intro = " ".join(verdicts_page().renderables[0].split())
    assert "with 30 evaluations or more, the last two thirds are divided into 4 to 8" in intro
    assert "no part has a larger loss than the part before has" in intro
    falling = np.repeat([99.0, 98, 97, 9, 8, 7, 6, 5, 4], 10)
    assert peaks.fall(falling)
    for part in range(4, 9):
        risen = falling.copy()
        risen[10 * part] = falling[10 * part - 10] + 0.5
        assert not peaks.fall(risen)
    # With 29 evaluations only the thirds count: the first third, the middle and the last one.
    few = np.repeat([99.0, 9, 8, 7, 7.5], [9, 10, 1, 5, 4])
    assert len(few) == 29 and peaks.fall(few)
