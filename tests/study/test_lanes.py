"""Lanes do not affect each other: the runs of a study equal the same experiments run alone."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdrun
from gdrun.config.loading import load
from gdrun.errors import DataError
from gdrun.study.design.trials import StudyPlan
from gdrun.study.executors import InProcess
from gdrun.study.study import StudyContext, carry_out
from gdrun.study.tasks import FEWEST_LANES, even_chunks, lean, most_lanes, tasks_of
from study.cases import LOGISTIC, planned

RATES = [0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 1e3, 1e6]
PLAN = planned({"lr": RATES}, seeds=2)


def losses(results):
    return {identity: result.evals["train_loss"] for identity, result in results.items()}


ALL = losses(carry_out(PLAN, StudyContext())[0])


@pytest.mark.longer
@given(st.sets(st.integers(0, len(PLAN.trials) - 1), min_size=1))
@settings(max_examples=20)
def test_the_lanes_beside_it_change_nothing(chosen):
    """Any subset of the trials gives what all of them together gave, diverged ones included."""
    (task,) = tasks_of([PLAN.trials[k] for k in sorted(chosen)])
    for result in task.run():
        alone = ALL[result.identity]
        assert result.evals["train_loss"] == pytest.approx(alone, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("lr", [0.01, 1.0, 1e6])
def test_a_trial_is_the_run_that_train_makes(lr):
    run = gdrun.train(LOGISTIC, f"lr={lr}", "seed=1")
    (trial,) = [t for t in PLAN.trials if t.experiment.seed == 1 and rate(t) == lr]
    results, _ = carry_out(PLAN, StudyContext())
    result = results[trial.identity]
    assert result.record["status"] == run.status
    assert result.record["stop"]["step"] == run.stop["step"]
    assert result.evals["train_loss"] == pytest.approx(run.evals["train_loss"], rel=1e-9)
    assert result.evals["validation_loss"] == pytest.approx(run.evals["validation_loss"], rel=1e-9)


def rate(trial):
    return trial.experiment.optimizer["lr"]


def test_trials_of_one_shape_share_a_cohort_and_others_do_not():
    plan = planned({"optimizer": ["adam", "lion"], "lr": [0.1, 0.2], "batch_size": [8, 16]})
    groups = [
        {(t.experiment.optimizer.name, t.experiment.variant["batch_size"]) for t in task.trials}
        for task in tasks_of(plan.trials)
    ]
    assert sorted(map(sorted, groups)) == [
        [("adam", 8)],
        [("adam", 16)],
        [("lion", 8)],
        [("lion", 16)],
    ]


def test_chunks_are_even_and_none_is_too_long():
    assert [len(part) for part in even_chunks(range(100), 40)] == [34, 33, 33]
    assert [list(part) for part in even_chunks(range(5), 2)] == [[0, 1], [2, 3], [4]]


def test_a_large_model_has_fewer_lanes_and_many_jobs_have_shorter_tasks():
    small = most_lanes(load(LOGISTIC), None)
    # 64 features × 10 classes × 64 rows a batch: more than ten times the work of the small one.
    assert FEWEST_LANES <= most_lanes(load(None), None) < small
    assert [len(task.trials) for task in tasks_of(PLAN.trials, jobs=4)] == [5, 5, 5, 5]


def test_alone_is_one_trial_a_task():
    assert {len(task.trials) for task in tasks_of(PLAN.trials, alone=True)} == {1}


def test_a_thinner_trace_is_the_same_run():
    experiment = load(LOGISTIC)
    assert lean(experiment).log.points == 100
    assert lean(experiment).shape != experiment.shape
    assert lean(load(LOGISTIC, ["log.points=5"])).log.points == 5


@pytest.mark.longer
@pytest.mark.parametrize(("points", "kept"), [("all", 150), ("400", 150), ("1000", 50)])
def test_the_points_of_a_trace_are_those_of_the_config(points, kept):
    # With the default of 1000, a trial keeps at most 100 points: every third one of 150 steps.
    budget = ("epochs=none", "steps=150")
    found = gdrun.sweep(LOGISTIC, {"lr": [0.1, 1]}, *budget, f"log.points={points}")
    steps = found.standings[0].results[0].steps
    alone = gdrun.train(LOGISTIC, *budget, "lr=0.1", "log.points=all").steps
    assert len(steps["step"]) == kept
    every = np.isin(alone["step"], steps["step"])
    np.testing.assert_allclose(steps["weight_norm"], alone["weight_norm"][every])


def test_what_does_not_fit_the_data_is_refused_before_anything_runs():
    with pytest.raises(DataError, match="batch_size is 500, but there are 200"):
        tasks_of(planned({"batch_size": [8, 500]}).trials)


def test_two_candidates_that_are_the_same_run_once():
    plan = planned({"lr": [0.1, 0.2]})
    twice = StudyPlan("compare", (plan.candidates[0], plan.candidates[0]), (0,))
    results, work = carry_out(twice, StudyContext())
    assert (len(results), work.run) == (1, 1)


def test_an_interruption_leaves_whole_trials_only():
    asked = iter([None, None, *["SIGINT"] * 1000])
    plan = planned({"batch_size": [8, 16, 32]})
    results, work = carry_out(plan, StudyContext(InProcess(), interrupted=lambda: next(asked)))
    assert work.run == len(results) < 3
    assert all(result.record["status"] == "exhausted" for result in results.values())


def test_records_are_those_of_the_lanes_own():
    results, _ = carry_out(planned({"lr": [0.1, 1e6]}), StudyContext())
    good, bad = results.values()
    assert (good.diverged, bad.diverged) == (False, True)
    assert bad.record["divergence"]["step"] == bad.record["stop"]["step"]
    assert good.record["lanes"] == 2
    assert np.isfinite(good.evals["train_loss"]).all()


@pytest.mark.longer
def test_a_candidate_without_randomness_is_trained_once_for_all_seeds(tmp_path):
    config = {
        "dataset": {"name": "iris"},
        "model": "softmax",
        "stopping": {"epochs": 3},
        "engine": "numpy",
    }
    found = gdrun.compare(["bgd", "mbgd"], config, seeds=5, out=tmp_path)
    assert found.work.run == 5 + 1
    (directory,) = tmp_path.iterdir()
    path = directory / "trials.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted((each["name"], each["seed"]) for each in lines) == [
        (name, seed) for name in ("bgd", "mbgd") for seed in range(5)
    ]
    for each in lines:
        alone = gdrun.train(config, f"variant={each['name']}", f"seed={each['seed']}")
        assert each["summary"]["train_loss"] == pytest.approx(alone.summary["train_loss"])
        assert each["identity"] in {trial.identity for trial in found.plan.trials}
    # The first seed of bgd is taken from another seed, and the others are not run again.
    first = next(each for each in lines if (each["name"], each["seed"]) == ("bgd", 0))
    path.write_text("".join(f"{json.dumps(each)}\n" for each in lines if each is not first))
    again = gdrun.compare(["bgd", "mbgd"], config, seeds=5, resume=directory)
    assert (again.work.run, again.ended) == (0, 10)
    assert [row.standing.spread for row in again.contenders] == [
        row.standing.spread for row in found.contenders
    ]
