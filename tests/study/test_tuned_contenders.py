"""Contenders that are tuned: equal effort, the tuned keys, and ranges that are widened."""

import json

import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.errors import ConfigError
from gdrun.study.design.comparison_plan import plan_comparison
from gdrun.study.design.contenders import contenders_of
from gdrun.study.design.tuning_plan import plan_tuning
from gdrun.study.storage.study_directory import list_studies, read_study
from study.cases import LOGISTIC
from study.comparisons import BASE, row, shown


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


@pytest.mark.longer
def test_what_is_tuned_need_not_be_a_number():
    batches = "variant={name: mbgd, batch_size: 8},{name: mbgd, batch_size: 64},sgd"
    found = gdrun.compare(["vanilla", "adam"], LOGISTIC, "epochs=2", tune=batches, seeds=1)
    assert [row.tuning.at_edge for row in found.contenders] == [(), ()]


@pytest.mark.longer
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


@pytest.mark.longer
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
