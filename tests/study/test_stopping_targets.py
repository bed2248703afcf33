"""Studies whose runs all stop at one target are ranked by the work to reach it."""

import json

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.study.judgement.stopping_targets import stopping_target
from gdrun.views.comparisons import comparison_result
from gdrun.views.notebook import plain_text
from gdrun.views.sweeps import sweep_result

GOAL = 1.925e-5
BOWL = ("surface=bowl", "schedule=constant", "epochs=300")
STOPPED = (*BOWL, f"target_loss={GOAL}")
DATA = {
    "dataset": {"name": "breast-cancer", "split": {"validation": 0, "test": 0.2}},
    "model": "logistic",
    "optimizer": "vanilla",
    "schedule": "constant",
}


def steps_of(rule, lr=0.1, goal=GOAL):
    """The steps of a rule from (−4, 1.5) on ½ (x² + 10 y²) until the loss is at most the goal."""
    h, w, v = np.array([1.0, 10.0]), np.array([-4.0, 1.5]), np.zeros(2)
    for step in range(1000):
        if 0.5 * (h * w * w).sum() <= goal:
            return step
        g = h * w
        v = 0.9 * v + g
        w = w - lr * {"vanilla": g, "momentum": v, "nesterov": g + 0.9 * v}[rule]
    return None


def test_the_contender_that_needs_the_fewest_updates_is_the_best():
    """Momentum ends lowest, but only because its last step went furthest past the target."""
    found = gdrun.compare(["vanilla", "momentum", "nesterov"], None, *STOPPED)
    needed = {"nesterov": 34, "vanilla": 62, "momentum": 103}
    assert needed == {rule: steps_of(rule) for rule in needed}
    assert {row.name: row.to_target["updates"] for row in found.ranking} == needed
    assert [row.name for row in found.ranking] == [*needed]
    assert found.best.name == "nesterov" and found.target.value == GOAL
    lowest = min(found.contenders, key=lambda row: row.standing.median)
    assert lowest.name == "momentum"
    text = " ".join(plain_text(comparison_result(found)).split())
    assert "target train loss ≤ 1.925e-05, where a run stops" in text
    assert "steps to the target, at which a run stops: the final train loss only shows" in text


def test_the_rate_that_needs_the_fewest_steps_is_the_best():
    """At 0.15 the loss ends 30 % higher than at 0.18, but the order of the losses is another."""
    rates = [0.05, 0.1, 0.15, 0.18, 0.195]
    found = gdrun.sweep(None, {"lr": rates}, "optimizer=vanilla", *STOPPED)
    needed = {rate: steps_of("vanilla", rate) for rate in rates}
    assert needed[0.18] == min(needed.values()) == 34
    order = [each.settings["optimizer.lr"] for each in found.ranking]
    assert order == sorted(rates, key=needed.get) == [0.18, 0.15, 0.1, 0.05, 0.195]
    assert found.best.settings["optimizer.lr"] == 0.18 and found.target.value == GOAL


def test_equal_costs_are_a_tie_however_far_the_last_step_went():
    """At 0.16 and 0.17, the loss falls below 0.5 in the same step, and ends at other values."""
    names = ["vanilla+lr=0.01", "vanilla+lr=0.16", "vanilla+lr=0.17", "vanilla+lr=0.1"]
    goal = 0.5
    needed = [steps_of(*each, goal) for each in (("vanilla", 0.16), ("vanilla", 0.17))]
    assert needed[0] == needed[1] < steps_of("vanilla", 0.1, goal)
    for order in (names, names[::-1]):
        found = gdrun.compare(order, None, *BOWL, f"target_loss={goal}")
        standings = {row.name: row.standing for row in found.contenders}
        tied = [name for name in order if name in names[1:3]]
        assert len({standings[name].median for name in tied}) == 2
        # Those that tie keep the order in which the user named them; the next one is third.
        assert [row.name for row in found.ranking][:3] == [*tied, "vanilla+lr=0.1"]
        assert [row.rank for row in found.ranking] == [1, 1, 3, 4]
        text = " ".join(plain_text(comparison_result(found)).split())
        assert f"tie {tied[0]} and {tied[1]} need equally many steps to the target" in text


@pytest.mark.parametrize("order", [[0.1, 0.15, 0.16, 0.17], [0.17, 0.16, 0.15, 0.1]])
def test_the_best_of_tied_rates_does_not_depend_on_the_order_of_typing(order):
    """0.16 and 0.17 need equally many steps, so that the largest rate is not better than 0.16."""
    needed = {rate: steps_of("vanilla", rate, 0.5) for rate in order}
    assert needed[0.16] == needed[0.17] < min(needed[0.1], needed[0.15])
    found = gdrun.sweep(None, {"lr": order}, "optimizer=vanilla", *BOWL, "target_loss=0.5")
    ranks = [(each.rank, each.settings["optimizer.lr"]) for each in found.ranking]
    assert ranks == [(1, 0.16), (1, 0.17), (3, 0.15), (4, 0.1)]
    assert found.best.name == "lr=0.16" and found.at_edge == []
    text = " ".join(plain_text(sweep_result(found)).split())
    assert "tie lr=0.16 and lr=0.17 need equally many steps to the target; lr=0.16 is" in text


def test_the_best_of_a_recorded_tie_is_that_of_its_record(tmp_path):
    words = ("optimizer=vanilla", *BOWL, "target_loss=0.5")
    gdrun.sweep(None, {"lr": [0.1, 0.16, 0.17]}, *words, out=tmp_path)
    (study,) = tmp_path.iterdir()
    record = json.loads((study / "study.json").read_text())
    for name in ("lr=0.16", "lr=0.17"):
        (study / "study.json").write_text(json.dumps(record | {"best": name}))
        found = gdrun.read_study(study)
        assert found.best.name == name
        assert [each.rank for each in found.ranking] == [1, 1, 3]


def test_a_rate_that_ties_with_the_best_one_is_not_said_to_be_later():
    found = gdrun.sweep(
        None, {"lr": [0.17, 0.16, 0.01]}, "optimizer=vanilla", *BOWL, "target_loss=0.5"
    )
    assert [each.rank for each in found.standings] == [1, 1, 3]
    assert "reaches the target later" not in plain_text(sweep_result(found))


def test_every_setting_that_reaches_the_target_is_good():
    """Momentum ends at a fourth of the losses of the others, because its last step is longer."""
    axes = {"lr": [0.001, 0.1, 0.15], "beta": [0, 0.9]}
    found = gdrun.sweep(None, axes, "optimizer=momentum", *BOWL, "target_loss=1e-3")
    words = {
        tuple(standing.settings.values()): verdict.word
        for standing, verdict in zip(found.standings, found.verdicts, strict=True)
    }
    reached = {(0.1, 0), (0.1, 0.9), (0.15, 0), (0.15, 0.9)}
    assert {key for key, word in words.items() if word in ("best", "good")} == reached
    assert words[0.15, 0] == "best" and words[0.001, 0] not in ("best", "good")


def test_contenders_that_do_not_reach_the_target_come_last_by_their_loss():
    names = ["vanilla+lr=0.001", "vanilla+lr=0.002", "vanilla", "nesterov"]
    found = gdrun.compare(names, None, *STOPPED)
    order = ["nesterov", "vanilla", "vanilla+lr=0.002", "vanilla+lr=0.001"]
    assert [row.name for row in found.ranking] == order


def test_an_accuracy_at_which_runs_stop_ranks_by_gradients():
    words = ("target_accuracy=0.97", "epochs=60", "lr=0.1")
    found = gdrun.compare(["bgd", "mbgd"], DATA, *words, metric="train_accuracy", seeds=6)
    records = {row.name: [r.record for r in row.standing.results] for row in found.contenders}
    rules = {each["stop"]["rule"] for own in records.values() for each in own}
    assert rules == {"target_accuracy"}
    gradients = {
        name: np.median([each["summary"]["gradients"] for each in own])
        for name, own in records.items()
    }
    assert gradients["mbgd"] < gradients["bgd"]
    assert [row.name for row in found.ranking] == ["mbgd", "bgd"]
    # With each seed, mbgd needs fewer gradients, whatever its last accuracy.
    (pair,) = found.pairs
    assert (pair.first, pair.wins, pair.losses) == ("mbgd", 6, 0)


def test_runs_that_never_reach_the_target_are_compared_by_their_loss():
    """At the rate 0.001 no run reaches 0.2; more steps an epoch lower the loss further."""
    words = ("target_loss=0.2", "epochs=3")
    names = ["bgd+lr=0.001", "mbgd+lr=0.001", "mbgd+lr=0.5"]
    found = gdrun.compare(names, DATA, *words, metric="train_loss", seeds=6)
    assert [row.name for row in found.ranking] == ["mbgd+lr=0.5", "mbgd+lr=0.001", "bgd+lr=0.001"]
    assert [row.reached for row in found.ranking] == [6, 0, 0]
    assert [(pair.wins, pair.losses, pair.ties) for pair in found.pairs] == [(6, 0, 0)] * 3


def test_another_metric_still_ranks_by_its_final_values():
    """The target is that of the user, but a loss of other examples is more than an overshoot."""
    data = DATA | {"dataset": "breast-cancer"}
    found = gdrun.compare(["bgd", "mbgd"], data, "target_loss=0.15", "epochs=60", seeds=2)
    assert found.metric.name == "validation_loss"
    assert (found.target.metric.name, found.target.value) == ("train_loss", 0.15)
    medians = [row.standing.median for row in found.ranking]
    assert medians == sorted(medians)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("target_loss=0.1", "target_loss=0.1"), ("train_loss", 0.1)),
        (("target_accuracy=0.9", "target_accuracy=0.9"), ("train_accuracy", 0.9)),
        (("target_loss=0.1", "target_loss=0.2"), None),
        (("target_loss=0.1", "lr=0.1"), None),
        (("lr=0.2", "lr=0.1"), None),
    ],
)
def test_a_stopping_target_is_common_to_all_experiments(words, expected):
    found = stopping_target([load(DATA, [word]) for word in words])
    assert (found and (found.metric.name, found.value)) == expected


def test_two_stopping_targets_are_no_common_target():
    assert stopping_target([load(DATA, ["target_loss=0.1", "target_accuracy=0.9"])]) is None
