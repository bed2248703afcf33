"""Contenders, budgets, tuning, and the findings of a comparison."""

import io
import json
import math
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import numpy as np
import pytest
from rich.console import Console

import gdrun
from gdrun.config.loading import load
from gdrun.config.writing import to_yaml
from gdrun.errors import ConfigError, GdrunError
from gdrun.study.design.budgets import parse_budget, with_budget
from gdrun.study.design.comparison_plan import plan_comparison
from gdrun.study.design.contenders import contenders_of, is_setting
from gdrun.study.design.tuning_plan import plan_tuning
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.metrics import Metric
from gdrun.study.run_studies import run_comparison
from gdrun.study.storage.study_directory import list_studies, read_study
from gdrun.study.study import StudyContext
from gdrun.views import comparisons
from gdrun.views.comparisons import comparison_result
from gdrun.views.sweeps import sweep_result
from study.cases import LEAST_SQUARES, LOGISTIC

BASE = load(LOGISTIC)


def named(*words, base=BASE):
    return [candidate.experiment for candidate in contenders_of(words, base)]


def test_a_name_changes_one_section_and_keeps_one_that_is_chosen_already():
    bgd, sgd, mbgd, adam, cosine = named("bgd", "sgd", "mbgd", "mbgd+adam", "cosine")
    assert [e.variant.name for e in (bgd, sgd, mbgd)] == ["bgd", "sgd", "mbgd"]
    assert mbgd.variant["batch_size"] == 32  # the config's own, not the default 64
    assert mbgd.optimizer == BASE.optimizer
    assert (adam.optimizer.name, adam.optimizer["lr"]) == ("adam", 0.001)
    assert cosine.schedule.name == "cosine"


def test_sgd_is_the_variant_and_gd_the_rule():
    variant, rule = named("sgd", "gd")
    assert (variant.variant.name, variant.optimizer.name) == ("sgd", "momentum")
    assert (rule.variant.name, rule.optimizer.name) == ("mbgd", "vanilla")


def test_settings_and_signs_within_numbers():
    small, large = named("mbgd+lr=1e-3", "mbgd+adam+lr=1e+3")
    assert small.optimizer["lr"] == 1e-3
    assert (large.optimizer.name, large.optimizer["lr"]) == ("adam", 1000.0)
    candidate, _ = contenders_of(["mbgd+adam+lr=1e+3", "bgd"], BASE)
    assert candidate.settings == {"optimizer": "adam", "optimizer.lr": 1000.0}
    assert is_setting("lr=1e+3")
    assert not is_setting("mbgd+lr=0.1")


def test_a_file_is_a_contender_under_the_same_seed(tmp_path):
    path = tmp_path / "tuned.yaml"
    path.write_text(to_yaml(LOGISTIC | {"optimizer": "lion", "seed": 99}), encoding="utf-8")
    contenders = contenders_of(["mbgd", str(path)], load(LOGISTIC, ["seed=3"]))
    assert [c.name for c in contenders] == ["mbgd", "tuned"]
    assert [c.experiment.seed for c in contenders] == [3, 3]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bgd", "sdg"], "no variant, optimizer, schedule or model is called 'sdg'"),
        (["bgd", "linear"], "linear is ambiguous: it is the name of a schedule and of a model"),
        (["bgd"], "needs at least two contenders"),
        (["bgd", "bgd"], "is listed twice"),
        (["bgd+sgd", "mbgd"], "bgd and sgd both set the variant"),
        # The config's own variant is no less named for being there already.
        (["bgd+mbgd", "sgd"], "bgd and mbgd both set the variant"),
        (["bgd+lr=1+lr=2", "mbgd"], "lr=1 and lr=2 both set the lr"),
        (["bgd", "mbgd+momentumm+lr=-1"], "momentumm"),
    ],
)
def test_a_bad_contender_says_what_next(words, message):
    with pytest.raises(ConfigError, match=message) as caught:
        contenders_of(words, BASE)
    assert all(problem.hint for problem in caught.value.problems)


def test_contenders_share_their_problem(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text(to_yaml(LOGISTIC | {"dataset": "breast-cancer"}), encoding="utf-8")
    with pytest.raises(ConfigError, match="has a different dataset from mbgd"):
        plan_comparison(contenders_of(["mbgd", str(path)], BASE), [0])


def test_budgets():
    # 6 epochs of 200 training rows are 1200 gradients.
    assert parse_budget("epochs", BASE, 200) == ("epochs", 6)
    assert parse_budget("gradients", BASE, 200) == ("gradients", 1200)
    assert parse_budget("seconds=2.5", BASE, 200) == ("seconds", 2.5)
    for wrong in ("epoch", "steps", "epochs=0", "epochs=many"):
        with pytest.raises(GdrunError):
            parse_budget(wrong, BASE, 200)


def test_a_budget_takes_the_place_of_every_other():
    (bgd, _) = contenders_of(["bgd", "mbgd"], load(LOGISTIC, ["stopping.steps=50"]))
    assert with_budget(bgd, ("gradients", 1000)).experiment.stopping.budgets == {"gradients": 1000}


def test_a_budget_of_seconds_needs_no_length():
    (cosine, _) = contenders_of(["cosine", "mbgd"], BASE)
    with pytest.raises(ConfigError, match="only seconds are given") as caught:
        with_budget(cosine, ("seconds", 1.0))
    assert "+constant" in caught.value.problems[0].hint


@pytest.fixture(scope="module")
def found():
    return gdrun.compare(
        ["bgd", "sgd", "mbgd", "mbgd+lr=1e6"], LOGISTIC, seeds=3, target="loss=0.5"
    )


def row(found, name):
    (match,) = [row for row in found.contenders if row.name == name]
    return match


def test_every_row_counts_what_it_says(found):
    # 200 rows: an epoch is 1 step of 200 gradients, 200 of 1, or 7 of at most 32.
    per_epoch = {"bgd": (200, 1), "sgd": (1, 200), "mbgd": (32, 7)}
    for name, (batch, steps) in per_epoch.items():
        contender = row(found, name)
        assert contender.batch == batch
        epochs = contender.to_target["epochs"]
        if math.isfinite(epochs):
            assert contender.to_target["updates"] == epochs * steps
            assert contender.to_target["gradients"] == epochs * 200


def test_seconds_are_updates_at_the_pace_of_a_run_alone(found):
    mbgd = row(found, "mbgd")
    assert mbgd.pace > 0
    assert mbgd.to_target["seconds"] == mbgd.to_target["updates"] * mbgd.pace


def test_a_diverged_contender_keeps_its_row_and_never_gets_there(found):
    lost = row(found, "mbgd+lr=1e6")
    assert (lost.standing.diverged, lost.standing.rank, lost.reached) == (3, None, 0)
    assert set(lost.to_target.values()) == {math.inf}
    assert found.ranking[-1] is lost
    assert np.isnan(found.results[3]).all()


def test_contenders_share_split_order_and_start(found):
    starts = {row.standing.results[0].evals["validation_loss"][0] for row in found.contenders}
    assert len(starts) == 1


def test_the_order_of_contenders_changes_nothing(found):
    again = gdrun.compare(["mbgd+lr=1e6", "mbgd", "sgd", "bgd"], LOGISTIC, seeds=3)
    assert [row.name for row in again.ranking] == [row.name for row in found.ranking]
    assert again.results[::-1] == pytest.approx(found.results, rel=1e-9, nan_ok=True)


def test_contenders_are_compared_seed_by_seed(found):
    # Four contenders make six pairs; their p-values are multiplied by six, the smallest first.
    names = [row.name for row in found.ranking]
    pairs = {(pair.first, pair.second): pair for pair in found.pairs}
    assert list(pairs) == list(combinations(names, 2))
    for (first, second), pair in pairs.items():
        own, other = (row(found, name).standing.scores for name in (first, second))
        assert pair.wins == sum(a < b for a, b in zip(own, other, strict=True))
        assert pair.losses == sum(a > b for a, b in zip(own, other, strict=True))
        assert pair.p == 1.0  # three seeds: at least 2/8 · 6, cut at 1


def test_a_noiseless_surface_is_run_once():
    bowl = {"surface": "bowl", "stopping": {"steps": 5}}
    found = gdrun.compare(["vanilla", "adam"], bowl, seeds=8)
    assert found.plan.seeds == (0,)
    assert found.pairs == []
    assert "every seed gives the same run" in shown(found)
    assert gdrun.compare(["vanilla", "adam"], bowl, "noise=1", seeds=3).plan.seeds == (0, 1, 2)
    assert gdrun.sweep(bowl, {"lr": [0.1, 0.2]}, seeds=3).plan.seeds == (0,)


def test_contenders_that_agree_in_four_digits_are_told_apart():
    """On a plateau the loss falls in the fifth digit, and only momentum reaches the target."""
    plateau = {"surface": {"name": "plateau", "start": [3, 3]}, "variant": "bgd"}
    words = ("lr=0.1", "epochs=30", "engine=numpy")
    found = gdrun.compare(["vanilla", "momentum"], plateau, *words)
    losses = [row.standing.spread.median for row in found.contenders]
    assert f"{losses[0]:.4g}" == f"{losses[1]:.4g}"
    lines = [line.split() for line in shown(found).splitlines()]
    texts = {
        line[1] for line in lines if line[:1] in (["vanilla"], ["momentum"]) and "0.99" in line[1]
    }
    assert len(texts) == 2
    (bound,) = [line[6] for line in lines if line[:3] == ["work", "to", "reach"]]
    # The printed target separates the printed losses.
    low, high = sorted(map(float, texts))
    assert low <= float(bound.rstrip(",")) < high


def test_variants_of_a_noiseless_surface_differ_only_in_their_steps():
    bowl = {"surface": "bowl", "stopping": {"epochs": 2}, "engine": "numpy"}
    # 100 examples: one step of all of them, 100 of one each, and two of at most 64.
    steps = "steps per epoch: 1 (bgd), 100 (sgd), 2 (mbgd of 64)."
    text = " ".join(shown(gdrun.compare(["bgd", "sgd", "mbgd"], bowl)).split())
    assert "without noise every batch has the same gradient" in text
    assert steps in text
    text = " ".join(shown(gdrun.sweep(bowl, {"variant": ["bgd", "sgd", "mbgd"]})).split())
    assert steps in text
    text = " ".join(shown(gdrun.sweep(bowl, {"batch_size": [1, 10, 100]})).split())
    assert "steps per epoch: 100 (mbgd of 1), 10 (mbgd of 10), 1 (mbgd of 100)." in text
    for found in (
        gdrun.compare(["bgd", "sgd"], bowl, "noise=1", seeds=1),
        gdrun.compare(["vanilla", "momentum"], bowl),
    ):
        assert "differ only in their steps" not in " ".join(shown(found).split())


def _under_each_seed(config, *overrides):
    """The training losses of two runs that differ in nothing but the seed."""
    overrides = (*overrides, "engine=numpy", "epochs=3", "evaluate.every=1")
    runs = [gdrun.train(config, *overrides, f"seed={seed}", out=None) for seed in (0, 1)]
    return [run.evals["train_loss"].tolist() for run in runs]


IRIS = {"dataset": "iris", "model": "softmax", "variant": "bgd"}


@pytest.mark.parametrize(
    ("config", "overrides"),
    [
        (IRIS, []),
        (IRIS, ["variant=sgd"]),
        (IRIS, ["variant=mbgd", "sampling=sequential"]),
        (IRIS, ["init=normal"]),
        (IRIS, ["model=mlp"]),
        (IRIS, ["model=mlp", "init=zeros"]),
        ({"surface": "bowl"}, ["variant=mbgd"]),
        ({"surface": "bowl"}, ["variant=sgd", "noise=1"]),
        ({"surface": "bowl"}, ["variant=bgd", "noise=1"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_experiment_is_deterministic_if_two_seeds_give_the_same_run(config, overrides):
    first, second = _under_each_seed(config, *overrides)
    assert load(config, overrides).deterministic == (first == second)


def test_dropout_and_a_budget_in_seconds_are_not_deterministic():
    masked = load(IRIS, ["model=mlp", "init=zeros", "dropout=0.5"])
    assert not masked.deterministic
    assert not load(IRIS, ["seconds=1"]).deterministic


def test_contenders_without_randomness_run_once():
    found = gdrun.compare(["adam+lr=0.1", "adamax+lr=0.1"], IRIS, "epochs=3", seeds=12)
    assert found.plan.seeds == (0,)
    text = shown(found)
    assert "every seed gives the same run" in text
    assert "p = " not in text
    assert "significance" not in text
    # One contender with a random order gives the seeds a meaning.
    assert len(gdrun.compare(["bgd", "mbgd"], IRIS, "epochs=1", seeds=2).plan.seeds) == 2


def test_identical_runs_have_no_interval_and_no_p_value():
    # One batch of all 120 rows: a seed changes only the order in which they are added.
    found = gdrun.compare(
        ["mbgd", "adam", "bgd", "sgd"], IRIS, "batch_size=120", "epochs=3", "engine=numpy", seeds=6
    )
    assert row(found, "mbgd").standing.candidate.experiment.variant.name == "mbgd"
    intervals = {each.name: each.interval for each in found.contenders}
    assert [name for name in intervals if intervals[name] is None] == ["mbgd", "adam", "bgd"]
    assert all("sgd" in (pair.first, pair.second) for pair in found.pairs)
    assert len(found.pairs) == 3
    assert "every seed gives the same run, so that there is no interval" in shown(found)


def test_runs_with_equal_accuracies_are_not_identical():
    # Batches in a random order: the losses differ, although every run may end with one accuracy.
    found = gdrun.compare(["mbgd", "sgd"], IRIS, "epochs=2", metric="validation_accuracy", seeds=6)
    assert all(each.standing.spread.interval is not None for each in found.contenders)
    assert len(found.pairs) == 1


def test_a_rising_loss_is_counted_by_steps():
    # Full-batch descent below 2/L never raises the loss; far above it every step does.
    found = gdrun.compare(
        ["bgd+lr=0.01", "bgd+lr=1.5"], LEAST_SQUARES, "epochs=20", seeds=1, metric="train_loss"
    )
    assert [row.rising for row in found.contenders] == [0.0, 1.0]


def test_seconds_of_unlike_engines_are_said_to_be():
    found = gdrun.compare(["mbgd", "sgd"], LOGISTIC, "epochs=1", seeds=1)
    assert "engine" not in shown(found)
    found.contenders[1].standing.results[0].record["engine"] = "compiled"
    assert "timed alone; the engines differ: mbgd numpy, sgd compiled" in shown(found)


def test_smaller_batches_raise_the_full_loss_more_often():
    # The lecture: full batches descend smoothly, mini-batches less so, single examples zigzag.
    # Two losses of different mini-batches would rise half of the time with any batch size.
    found = gdrun.compare(
        ["bgd", "mbgd", "sgd"],
        {"dataset": "breast-cancer", "model": "logistic"},
        "lr=0.1",
        "epochs=1",
        seeds=1,
    )
    whole, some, single = (row(found, name).rising for name in ("bgd", "mbgd", "sgd"))
    assert whole == 0.0
    assert 0.0 < some < 0.5 * single < 0.5


def test_a_step_that_diverges_raised_the_loss():
    # From a loss of 1, a rate of 1e9 is beyond the limit of divergence at the first step.
    found = gdrun.compare(["bgd", "bgd+lr=1e9"], LEAST_SQUARES, seeds=1, metric="train_loss")
    assert found.contenders[1].standing.results[0].summary["steps"] == 1
    assert found.contenders[1].rising == 1.0
    assert "100.0 %" in comparison_result_text(found, "bgd+lr=1e9")


def comparison_result_text(found, name):
    """What the last table on screen says of a contender."""
    return [line for line in shown(found).splitlines() if line.startswith(f"{name} ")][-1]


def shown(found):
    view = comparison_result if isinstance(found, Comparison) else sweep_result
    screen = Console(width=200, file=io.StringIO())
    screen.print(view(found))
    return screen.file.getvalue()


def test_every_contender_is_tuned_with_the_same_effort_on_seeds_of_its_own(tmp_path):
    found = gdrun.compare(
        ["mbgd+vanilla", "mbgd+adam"], LOGISTIC, tune="lr=0.001,0.1,10", seeds=2, out=tmp_path
    )
    for contender in found.contenders:
        assert (contender.tuning.settings, contender.tuning.seeds, contender.tuning.runs) == (
            3,
            2,
            6,
        )
        chosen = contender.tuning.chosen["optimizer.lr"]
        assert contender.standing.candidate.experiment.optimizer["lr"] == chosen
    assert found.tuning_work.run == 12
    assert found.plan.seeds == (0, 1)
    (tuning,) = tmp_path.glob("*/tuning")
    record = read_study(tuning)
    assert (record["seeds"], record["status"]) == ([2, 3], "complete")
    # The best of each contender's in the record of the tuning is what it was compared with.
    for contender in found.contenders:
        own = [row for row in record["ranking"] if row["name"].startswith(contender.name)]
        assert own[0]["settings"] == dict(contender.tuning.chosen)
        assert own[0]["median"] == min(row["median"] for row in own)


def test_unequal_effort_is_refused():
    # The usual values of a loss: two of margins; auto, cross-entropy and four of numbers.
    iris = {"dataset": "iris", "model": "svm"}
    contenders = [iris, iris | {"model": "mlp"}]
    with pytest.raises(
        ConfigError, match="different numbers of settings: contender 1 has 2, contender 2 has 6"
    ):
        gdrun.compare(contenders, iris, tune="model.loss", seeds=1)


def test_a_key_is_tuned_for_the_contenders_that_have_it():
    plan = plan_comparison(contenders_of(["adam", "momentum", "vanilla"], BASE), [0])
    keys = ["lr=0.1,0.2", "beta1=0.8,0.9", "beta=0.5,0.9,0.99"]
    tried = plan_tuning(plan, keys).tried
    values = {name: [dict(each.settings) for each in own] for name, own in tried.items()}
    assert values["adam"] == [
        {"optimizer.lr": lr, "optimizer.beta1": beta} for lr in (0.1, 0.2) for beta in (0.8, 0.9)
    ]
    assert len(values["momentum"]) == 6
    assert values["vanilla"] == [{"optimizer.lr": 0.1}, {"optimizer.lr": 0.2}]
    assert plan_tuning(plan, ["beta1"]).tried["vanilla"] == []
    with pytest.raises(ConfigError, match="unknown key 'beta7'"):
        plan_tuning(plan, ["lr", "beta7=1,2"])


def test_a_contender_without_the_tuned_keys_keeps_its_settings():
    found = gdrun.compare(["adam", "vanilla"], LOGISTIC, "epochs=2", tune="beta1=0.8,0.9", seeds=1)
    adam, vanilla = (row(found, name) for name in ("adam", "vanilla"))
    assert adam.tuning.chosen["optimizer.beta1"] in (0.8, 0.9)
    assert (vanilla.tuning.settings, dict(vanilla.tuning.chosen)) == (0, {})
    assert (
        vanilla.standing.candidate.experiment.optimizer
        == load(LOGISTIC, ["optimizer=vanilla"]).optimizer
    )
    text = shown(found)
    assert "optimizer.beta1 was not tuned for vanilla" in text
    assert "because not every contender has every tuned key" in text


def test_a_choice_at_the_edge_is_said():
    found = gdrun.compare(["vanilla", "adam"], LOGISTIC, tune="lr=1e-6,1e-5,1e-4", seeds=1)
    assert [row.tuning.at_edge for row in found.contenders] == [("optimizer.lr",)] * 2


def test_what_is_tuned_need_not_be_a_number():
    batches = "variant={name: mbgd, batch_size: 8},{name: mbgd, batch_size: 64},sgd"
    found = gdrun.compare(["vanilla", "adam"], LOGISTIC, "epochs=2", tune=batches, seeds=1)
    assert [row.tuning.at_edge for row in found.contenders] == [(), ()]


@pytest.mark.slow
def test_seconds_are_not_shared():
    contenders = [with_budget(c, ("seconds", 0.05)) for c in contenders_of(["bgd", "mbgd"], BASE)]
    plan, metric = plan_comparison(contenders, [0, 1]), Metric("validation_loss")
    found = run_comparison(plan, metric, StudyContext())
    assert {r.record["lanes"] for row in found.contenders for r in row.standing.results} == {1}
    tuned = run_comparison(plan, metric, StudyContext(), tuning=plan_tuning(plan, ["lr=0.1,0.2"]))
    # Four settings with two tuning seeds, each run trained alone.
    assert (tuned.tuning_work.run, tuned.tuning_work.cohorts) == (8, 8)


def test_parallel_runs_would_share_seconds():
    with pytest.raises(GdrunError, match="jobs: a budget in seconds needs one process"):
        gdrun.compare(["bgd", "mbgd"], LOGISTIC, budget="seconds=0.05", jobs=2)
    with ThreadPoolExecutor(2) as executor, pytest.raises(GdrunError, match="executor: "):
        contenders = ["bgd", "mbgd"]
        gdrun.compare(contenders, LOGISTIC, budget="seconds=0.05", executor=executor, jobs=2)


def test_unequal_work_is_said():
    # 50 steps are 50 gradients for sgd and 50 · 200 for bgd.
    found = gdrun.compare(["bgd", "sgd"], LOGISTIC, "epochs=none", "steps=50", seeds=1)
    assert [row.spent("gradients") for row in found.contenders] == [10_000, 50]
    text = " ".join(shown(found).split())
    assert "counted in gradients of examples: bgd 10,000, sgd 50" in text
    fair = gdrun.compare(["bgd", "sgd"], LOGISTIC, "epochs=2", seeds=1)
    assert "gradients of examples" not in shown(fair)


def test_different_numbers_of_tuned_settings_are_said():
    # From x = −4 plain descent is best at 1/L = 0.1, inside its range, which ends at 1.
    bowl = {"surface": {"name": "bowl", "condition": 10.0}, "stopping": {"steps": 5}}
    found = gdrun.compare(["vanilla", "adam"], bowl, tune="lr")
    runs = {name: row(found, name).tuning.runs for name in ("vanilla", "adam")}
    assert runs == {"vanilla": 11, "adam": 15}
    text = " ".join(shown(found).split())
    assert "unequal numbers of settings: vanilla 11, adam 15, because" in text
    same = gdrun.compare(["vanilla", "adam"], bowl, tune="lr=0.01,0.1,1")
    assert "unequal" not in shown(same)


def test_runs_that_every_seed_repeats_count_once(tmp_path):
    # Nothing is random with full batches: one seed of the three is trained.
    base = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 2}}
    found = gdrun.compare(["bgd", "mbgd"], base, seeds=3, tune="lr=0.01,0.1", out=tmp_path)
    tunings = {name: row(found, name).tuning.runs for name in ("bgd", "mbgd")}
    assert tunings == {"bgd": 2, "mbgd": 6} and found.tuning_work.run == 8
    assert {each.name: each.standing.runs for each in found.contenders} == {"bgd": 1, "mbgd": 3}
    assert found.plan.runs == found.work.run == 4
    assert repr(found).startswith("<Comparison in 4 runs,")
    text = " ".join(shown(found).split())
    assert "bgd: optimizer.lr 0.1, the best of 2 settings in 2 runs" in text
    assert "mbgd: optimizer.lr 0.1, the best of 2 settings × 3 tuning seeds" in text
    assert "unequal" not in text and "tuning work 8 runs" in text and "work 4 runs" in text
    (directory,) = tmp_path.iterdir()
    record = json.loads((directory / "study.json").read_text())
    assert (record["trials"], record["runs"]) == (6, 4)
    assert {each["name"]: each["runs"] for each in record["ranking"]} == {"bgd": 1, "mbgd": 3}
    (listed,) = list_studies(tmp_path)
    assert listed["runs"] == 4
    again = gdrun.compare(
        ["bgd", "mbgd"], base, seeds=3, tune="lr=0.01,0.1", resume=directory, out=tmp_path
    )
    assert (again.work.run, again.work.found, again.tuning_work.found) == (0, 4, 8)


def test_a_default_range_is_widened_until_the_best_is_inside(tmp_path):
    # Adam moves each weight by about lr a step: from x = −4 in 5 steps it needs lr ≈ 1, far above
    # its default of 0.001 and the range around it, which ends at 0.1.
    bowl = {"surface": {"name": "bowl", "condition": 1.0}, "stopping": {"steps": 5}}
    words = (["vanilla", "adam"], bowl)
    found = gdrun.compare(*words, tune="lr", out=tmp_path)
    adam = row(found, "adam").tuning
    assert adam.at_edge == ()
    assert 0.3 < adam.chosen["optimizer.lr"] < 3
    # Vanilla descent is best at 1/L = 1, the end of the range around its default of 0.01.
    vanilla = row(found, "vanilla").tuning
    assert (vanilla.chosen["optimizer.lr"], vanilla.at_edge) == (1.0, ())
    # 11 settings in the default range, and 4 more at a time.
    assert (adam.settings, vanilla.settings) == (15, 15)
    assert found.tuning_work.run == 30
    (directory,) = tmp_path.iterdir()
    again = gdrun.compare(*words, tune="lr", resume=directory)
    assert (again.tuning_work.run, again.tuning_work.found) == (0, 30)
    # Values of the user's are kept.
    fixed = gdrun.compare(*words, tune="lr=0.001,0.01,0.1")
    assert row(fixed, "adam").tuning.settings == 3
    assert row(fixed, "adam").tuning.at_edge == ("optimizer.lr",)


def test_the_values_of_a_widened_range_are_ranked_with_the_others(tmp_path):
    bowl = {"surface": {"name": "bowl", "condition": 1.0}, "stopping": {"steps": 5}}
    found = gdrun.compare(["vanilla", "adam"], bowl, tune="lr", out=tmp_path)
    (tuning,) = tmp_path.glob("*/tuning")
    # f = ½ (4² + 1.5²) = 9.125 at the start: the settings below it are ranked by their medians.
    rows = [each for each in read_study(tuning)["ranking"] if each["median"] < 9.125]
    by_rank = sorted(rows, key=lambda each: each["rank"])
    assert len(rows) > 22
    assert [each["median"] for each in by_rank] == sorted(each["median"] for each in rows)
    for contender in found.contenders:
        own = next(each for each in by_rank if each["name"].startswith(contender.name))
        assert own["settings"] == dict(contender.tuning.chosen)


def test_the_metric_that_ranks_is_shown_for_the_test_part(tmp_path):
    """That of the same run alone: the whole table of metrics is measured by another function."""
    base = {
        "dataset": "breast-cancer",
        "model": "logistic",
        "variant": "bgd",
        "stopping": {"epochs": 5},
        "engine": "numpy",
    }
    for metric in ("roc_auc", "f1"):
        found = gdrun.compare(["vanilla", "adam"], base, metric=metric)
        assert comparisons.test_result(found) == f"test_{metric}"
        for row in found.contenders:
            (result,) = row.standing.results
            alone = gdrun.train(row.standing.candidate.experiment, out=tmp_path)
            expected = alone.summary["metrics"]["test"][metric]
            assert 0.5 < expected < 1
            assert result.number(f"test_{metric}") == pytest.approx(expected, abs=1e-12)
            assert comparisons.test_text(row.standing, f"test_{metric}") == f"{expected:.4g}"
    # By the loss, nothing more is measured.
    found = gdrun.compare(["vanilla", "adam"], base)
    assert comparisons.test_result(found) == "test_loss"
    assert "tested" not in found.contenders[0].standing.results[0].summary
