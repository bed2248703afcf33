"""Metrics, targets, ranks and verdicts, on results written by hand."""

import io
import math
import re

import numpy as np
import pytest
from rich.console import Console

import gdrun
from gdrun.config.loading import load
from gdrun.errors import GdrunError
from gdrun.problems.metrics import METRICS, Predictions
from gdrun.runs.strict_json import loads
from gdrun.study.design.axes import Axis, axes_of
from gdrun.study.judgement.metrics import Metric, Target, metric_called, parse_target, unlike
from gdrun.study.judgement.ranking import ranked, standings, usual_target
from gdrun.study.judgement.seed_values import values_by_seed
from gdrun.study.judgement.sweep_findings import judge_sweep
from gdrun.study.judgement.verdict_rules import RULES
from gdrun.study.judgement.verdicts import verdicts
from gdrun.study.storage.results import Result
from gdrun.study.storage.study_record import standing_record
from gdrun.study.study import Work
from gdrun.views.curve_scale import scale_of
from gdrun.views.sweeps import spread_cells, sweep_result
from gdrun.views.verdicts import meanings_of
from study.cases import LEAST_SQUARES, LOGISTIC, plan_and_results, planned, result

LOSS = Metric("validation_loss")


def standing_texts(rows, metric=LOSS):
    plan, results = plan_and_results(rows)
    found = standings(plan, results, metric)
    return found, [verdict.text for verdict in verdicts(found, metric)]


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


def test_a_nan_never_wins_and_a_diverged_run_never_counts_as_its_last_loss():
    found, _ = standing_texts(
        {
            0.1: [result([10, 5])],
            1.0: [result([10, math.nan])],
            # It diverged with a loss that is finite, and lower than all others.
            3.0: [result([10, 0.001], diverged=True)],
        }
    )
    assert [standing.rank for standing in found] == [1, None, None]
    assert ranked(found)[0].candidate.settings == {"optimizer.lr": 0.1}
    assert found[2].scores.tolist() == [math.inf]


def test_a_missing_run_leaves_its_own_place_empty():
    plan = planned({"lr": [0.1]}, seeds=3)
    identities = [trial.identity for trial in plan.trials]
    runs = {
        key: result([10, end], identity=key) for key, end in zip(identities, (1, 2, 3), strict=True)
    }
    del runs[identities[1]]
    found = standings(plan, runs, LOSS)
    np.testing.assert_array_equal(values_by_seed(plan, found, LOSS), [[1, np.nan, 3]])


def test_equal_medians_share_a_rank():
    found, _ = standing_texts(
        {0.1: [result([10, 3])], 0.2: [result([10, 1])], 0.3: [result([10, 1])]}
    )
    assert [standing.rank for standing in found] == [3, 1, 1]


def test_a_higher_accuracy_is_better():
    # Accuracy is 1 − loss here: 0.9 beats 0.8.
    found, _ = standing_texts(
        {0.1: [result([1, 0.2])], 0.3: [result([1, 0.1])]}, Metric("validation_accuracy")
    )
    assert [standing.rank for standing in found] == [2, 1]


def test_what_halving_dropped_ranks_below_what_went_on():
    early, late = (result([10, 0.5], rule="halving", epoch=e) for e in (1.0, 3.0))
    found, texts = standing_texts({0.1: [early], 0.2: [late], 0.3: [result([10, 2])]})
    assert [standing.rank for standing in found] == [3, 2, 1]
    assert texts == ["dropped at epoch 1", "dropped at epoch 3", "best"]


def test_a_target_is_reached_at_the_first_evaluation_that_meets_it():
    run = result([10, 4, 2, 3, 1])
    assert Target(LOSS, 2.0).reached(run, "epoch") == 2.0
    assert Target(LOSS, 2.0).reached(run, "step") == 20.0
    assert Target(LOSS, 0.5).reached(run, "epoch") == math.inf
    accuracy = Target(Metric("validation_accuracy"), 0.5)
    assert accuracy.reached(result([1.0, 0.6, 0.5, 0.1]), "epoch") == 2.0


PERFECT_CLASSES = Predictions(
    np.array([0, 1, 2]), np.array([0, 1, 2]), probabilities=np.eye(3), classes=3
)
PERFECT_NUMBERS = Predictions(np.array([0.5, 1.0, 3.0]), np.array([0.5, 1.0, 3.0]))


@pytest.mark.parametrize("name", [name for name, each in METRICS.items() if each.larger])
def test_a_target_above_the_value_of_perfect_predictions_is_refused(name):
    metric = METRICS[name]
    perfect = PERFECT_CLASSES if metric.task == "classification" else PERFECT_NUMBERS
    best = metric.value(perfect)
    config = {"dataset": "iris", "model": "softmax"}
    if metric.task == "regression":
        config = {"dataset": "diabetes", "model": "linear"}
    experiments = [load(config)]
    assert parse_target(f"{name}={best}", experiments).value == best
    with pytest.raises(GdrunError, match=f"must be ≤ 1, got 97\nhint: .* {name}=0.97"):
        parse_target(f"{name}=97", experiments)


def test_a_run_that_met_the_target_and_diverged_afterwards_never_got_there():
    run = result([10, 1, 900], diverged=True)
    assert Target(LOSS, 2.0).reached(run, "epoch") == math.inf


def test_the_spread_of_an_accuracy_is_ordered_where_a_seed_diverged():
    # Accuracies 0.9, 0.8 and a divergence, which is worse than any. The quartiles lie halfway: 0.85
    # above the median of 0.8, and −∞ below it.
    fine = [result([1, loss]) for loss in (0.1, 0.2)]
    metric = Metric("validation_accuracy")
    found, _ = standing_texts({0.1: [*fine, result([1, 99], diverged=True)]}, metric)
    record = standing_record(found[0], metric, None)
    assert record["median"] == pytest.approx(0.8)
    assert record["quartiles"] == [-math.inf, pytest.approx(0.85)]
    assert record["values"][2] == -math.inf
    assert spread_cells(found[0], metric)[1] == "−∞ … 0.85"


def test_the_usual_target_is_95_percent_of_the_way_to_the_best():
    found, _ = standing_texts({0.1: [result([10, 4])], 0.3: [result([10, 2])]})
    # 2 + 0.05 · (10 − 2)
    assert usual_target(found, LOSS).value == pytest.approx(2.4)


def test_the_usual_target_in_log_loss_where_losses_span_decades():
    # From 100 to 1e-6 are 8 decades; 5 % of them above the best is 1e-6 · 10^0.4.
    found, _ = standing_texts({0.1: [result([100, 1])], 0.3: [result([100, 1e-6])]})
    target = usual_target(found, LOSS)
    assert target.value == pytest.approx(10**-5.6)
    assert target.reason == "95 % of the best improvement of its logarithm"


def test_improvements_beyond_rounding_are_capped_and_the_cap_is_said():
    """Falls by 10²⁰ and 10¹³ both count as 10¹²; without a cap, the second has p = 13/20."""
    plan, results = plan_and_results(
        {0.1: [result([1, 1e-20])], 0.2: [result([1, 1e-13])], 0.3: [result([1, 1e-11])]}
    )
    found = judge_sweep(
        plan, (Axis("optimizer.lr", (0.1, 0.2, 0.3)),), results, LOSS, Work(3, 0, 1, 1.0)
    )
    assert [each.word for each in found.verdicts] == ["best", "good", "too large"]
    # ln 10⁻¹² · 0.95 = ln 10⁻¹¹·⁴
    assert found.target.value == pytest.approx(10**-11.4)
    cap = "an improvement by more than a factor of 10¹² counts as 10¹²"
    assert cap in found.target.reason
    assert cap in meanings_of(found, found.verdicts)


def test_a_cap_that_does_not_act_is_not_said():
    plan, results = plan_and_results({0.1: [result([1, 1e-11])], 0.2: [result([1, 1e-5])]})
    found = judge_sweep(
        plan, (Axis("optimizer.lr", (0.1, 0.2)),), results, LOSS, Work(3, 0, 1, 1.0)
    )
    assert "10¹²" not in found.target.reason + meanings_of(found, found.verdicts)


def test_curves_of_a_table_share_one_scale():
    # Losses of 16 and 4 at the start, 4 and 2 at the end: linear from 2 (▁) to 16 (█).
    found, _ = standing_texts({0.1: [result([16, 4])], 0.3: [result([4, 2])]})
    scale = scale_of(found)
    assert (scale.low, scale.high, scale.log) == (2.0, 16.0, False)
    assert [scale.curve(each) for each in found] == ["█▂", "▂▁"]
    # What rises above every start has no block; a diverged run does not widen the scale.
    found, _ = standing_texts({0.1: [result([16, 2])], 9: [result([16, 1e9], diverged=True)]})
    assert [scale_of(found).curve(each) for each in found] == ["█▁", "█↑"]


def test_curves_show_the_finite_losses_if_every_run_diverged():
    # From 1 (▁) to 16 (█): 4 is at 3/15 of the height, which is the second of eight blocks.
    runs = {0.1: [result([16, 4, np.nan], diverged=True)], 9: [result([8, 1], diverged=True)]}
    found, _ = standing_texts(runs)
    scale = scale_of(found)
    assert (scale.low, scale.high) == (1.0, 16.0)
    assert [scale.curve(each)[0] for each in found] == ["█", "▄"]
    assert scale.curve(found[0])[1] == "▂" and scale.curve(found[1])[1] == "▁"


def test_a_single_finite_loss_is_no_scale():
    found, _ = standing_texts({0.1: [result([16, np.inf], diverged=True)]})
    assert scale_of(found).legend == ("training loss of the median run: every finite loss is 16")


def test_a_curve_is_that_of_the_run_with_the_median_score():
    """The first seed of the larger rate failed; the other two, and the median, are good."""
    good, failed, best = result([16, 2.5]), result([16, 99]), result([16, 2])
    found, texts = standing_texts({0.1: [best, good, best], 0.3: [failed, good, best]})
    assert texts == ["best", "good"]
    assert [each.median_result.evals["train_loss"][-1] for each in found] == [2, 2.5]
    assert [scale_of(found).curve(each) for each in found] == ["█▁", "█▁"]
    diverged = result([16, 1e9], diverged=True)
    found, _ = standing_texts({0.1: [diverged, good], 0.3: [best, best]})
    assert [scale_of(found).curve(each) for each in found] == ["█▁", "█▁"]


def test_no_target_where_everything_failed():
    found, texts = standing_texts(
        {0.1: [result([10, 99], diverged=True)], 0.3: [result([1, 9], diverged=True)]}
    )
    assert usual_target(found, LOSS) is None
    assert texts == ["diverged at step 10", "diverged at step 10"]


def test_a_metric_by_its_name():
    base = load(LOGISTIC)
    names = {None: "validation_loss", "loss": "validation_loss", "accuracy": "validation_accuracy"}
    for given, name in {**names, "train_loss": "train_loss"}.items():
        assert metric_called(given, [base]).name == name
    assert metric_called(None, [load(LEAST_SQUARES)]).name == "train_loss"
    for wrong, where in (("accuracy", LEAST_SQUARES), ("validation_loss", LEAST_SQUARES)):
        with pytest.raises(GdrunError, match="has no metric"):
            metric_called(wrong, [load(where)])


def test_suboptimality_leads_to_a_metric_of_the_same_order():
    for ask in (metric_called, lambda name, bases: parse_target(f"{name}=1e-6", bases)):
        with pytest.raises(GdrunError, match="use train_loss, which ranks runs in the same order"):
            ask("suboptimality", [load(LEAST_SQUARES)])
    assert metric_called("train_loss", [load(LEAST_SQUARES)]).name == "train_loss"


@pytest.mark.parametrize(
    # The minima as the papers give them; that of the saddle's valleys is −1/4.
    ("surface", "minimum"),
    [("bowl", 0.0), ("rosenbrock", 0.0), ("himmelblau", 0.0), ("saddle", -0.25), ("plateau", 0.0)],
)
def test_a_target_of_the_suboptimality_of_a_surface(surface, minimum):
    target = parse_target("suboptimality=1e-3", [load({"surface": surface})])
    assert target.metric.name == "train_loss"
    assert target.value == pytest.approx(minimum + 1e-3, abs=1e-12)
    assert "f − f* ≤ 0.001" in target.sentence
    for wrong, what in (("suboptimality=-1", "must be ≥ 0"), ("loss:0.1", "write it as loss=0.1")):
        with pytest.raises(GdrunError, match=what):
            parse_target(wrong, [load({"surface": surface})])


def test_the_experiment_that_lacks_a_metric_is_named():
    both = [load(LOGISTIC, ["name=first"]), load(LEAST_SQUARES, ["name=second"])]
    with pytest.raises(GdrunError, match="error: metric: second has no metric 'accuracy'"):
        metric_called("accuracy", both)


def test_a_target_from_a_text():
    assert parse_target("loss=0.1", [load(LOGISTIC)]).sentence == "val loss ≤ 0.1"
    assert parse_target("accuracy=0.9", [load(LOGISTIC)]).sentence == "val acc ≥ 0.9"
    for wrong in ("loss", "loss=low", "0.1"):
        with pytest.raises(GdrunError):
            parse_target(wrong, [load(LOGISTIC)])


IRIS = {"dataset": "iris", "variant": {"batch_size": 16, "name": "mbgd"}}
DIABETES = {"dataset": "diabetes"}


@pytest.mark.parametrize(
    ("config", "models", "name"),
    [
        # What a network predicts is decided by the target: here a class.
        (IRIS, ["mlp"], "validation_loss"),
        # Both are the cross-entropy.
        (IRIS, ["mlp", "softmax"], "validation_loss"),
        (IRIS, ["mlp", "svm"], "validation_accuracy"),
        (IRIS, ["svm", "{name: svm, loss: squared_hinge}"], "validation_accuracy"),
        (DIABETES, ["mlp", "linear"], "validation_loss"),
        # Numbers have no accuracy.
        (DIABETES, ["linear", "{name: linear, loss: mae}"], "validation_loss"),
    ],
)
def test_the_metric_if_unsaid_means_the_same_for_all(config, models, name):
    assert metric_called(None, [load(config, [f"model={each}"]) for each in models]).name == name


def test_a_network_of_classes_has_an_accuracy_and_one_of_numbers_has_none():
    assert metric_called("accuracy", [load(IRIS, ["model=mlp"])]).name == "validation_accuracy"
    with pytest.raises(GdrunError, match=r"error: target: .* has no metric 'accuracy'"):
        parse_target("accuracy=0.9", [load(DIABETES, ["model=mlp"])])


def test_every_metric_of_the_registry_ranks_by_its_own_direction():
    experiments = {
        "classification": load(IRIS, ["model=softmax"]),
        "regression": load(DIABETES, ["model=linear"]),
    }
    smaller = {"log_loss", "rmse", "mae"}
    for name, metric in METRICS.items():
        for task, experiment in experiments.items():
            if task != metric.task:
                with pytest.raises(GdrunError, match=f"has no metric '{name}'"):
                    metric_called(name, [experiment])
                continue
            found = metric_called(name, [experiment])
            assert found.name == f"validation_{name}"
            assert found.sign == (1 if name in smaller else -1)


def test_why_an_experiment_lacks_a_metric():
    with pytest.raises(GdrunError, match="choose from"):
        metric_called("roc_auc", [load(IRIS, ["model=svm"])])
    with pytest.raises(GdrunError, match=r"dataset\.split\.validation=0\.2"):
        metric_called("f1", [load(IRIS, ["model=softmax", "dataset.split.validation=0"])])


def test_values_that_are_no_ranking_are_known():
    squared, absolute = (
        load(DIABETES, [f"model={{name: linear, loss: {loss}}}"]) for loss in ("mse", "mae")
    )
    assert unlike(LOSS, [squared, absolute]) == "loss"
    assert unlike(LOSS, [squared, load(DIABETES, ["model=linear", "lr=7"])]) is None
    hinge, softmax = (load(IRIS, [f"model={name}"]) for name in ("svm", "softmax"))
    assert unlike(LOSS, [hinge, softmax]) == "loss"
    assert unlike(Metric("validation_accuracy"), [hinge, softmax]) is None
    assert unlike(LOSS, [softmax, load({"dataset": "wine", "model": "softmax"})]) == "data"


def judged(axes, ends):
    """A sweep over the axes, whose runs start at 10 and end at these losses."""
    plan = planned(axes)
    identities = [trial.identity for trial in plan.trials]
    results = {key: result([10, end]) for key, end in zip(identities, ends, strict=True)}
    work = Work(len(ends), 0, 1, 0.1)
    return judge_sweep(plan, axes_of(axes, load(LOGISTIC)), results, LOSS, work)


def test_settings_with_other_data_are_not_ranked():
    seeds = [0, 1, 2]  # of the generated dataset
    found = judged({"dataset.seed": seeds}, [1, 2, 9])
    assert found.unlike == "data"
    assert [each.text for each in found.verdicts] == ["not ranked"] * 3
    assert (found.best, found.target) == (None, None)


def test_among_settings_that_are_not_ranked_rates_are_compared_on_the_same_data():
    found = judged({"dataset.seed": [0, 1], "lr": [0.1, 1.0]}, [4, 1, 8, 9.9])
    # From 10 to 4 is 6/9 of the drop to 1; from 10 to 9.9 is 0.1/2 of the drop to 8.
    assert [each.text for each in found.verdicts] == ["slow", "good", "good", "unstable"]


def test_a_result_reads_back_as_it_was_written():
    run = result([10, math.inf], diverged=True, identity="abc")
    label = {"trial": 1, "name": "lr=1", "settings": {}, "seed": 0}
    again = Result.read(*map(loads, run.lines(label)))
    assert again.identity == "abc"
    assert again.summary["train_loss"] == math.inf
    assert again.evals["step"].dtype == np.int64
    assert again.evals["train_loss"].tolist() == [10, math.inf]
