"""Plans: candidates × seeds, identified by their experiments and not by their numbers."""

import pytest

from gdrun.config.loading import load
from gdrun.errors import ConfigError
from gdrun.study.design.axes import axes_of
from gdrun.study.design.sweep_plan import plan_sweep
from gdrun.study.design.trials import candidates_of, identity
from study.cases import LOGISTIC, planned


def test_every_candidate_runs_under_every_seed():
    plan = planned({"lr": [0.1, 0.2]}, "seed=7", seeds=3)
    assert [(t.number, t.candidate, t.experiment.seed) for t in plan.trials] == [
        (1, 0, 7),
        (2, 0, 8),
        (3, 0, 9),
        (4, 1, 7),
        (5, 1, 8),
        (6, 1, 9),
    ]


def test_an_identity_depends_on_the_experiment_alone():
    shuffled = dict(reversed(LOGISTIC.items()))
    assert identity(load(LOGISTIC)) == identity(load(shuffled))
    assert identity(load(LOGISTIC)) == identity(load(LOGISTIC | {"name": "another name"}))
    assert identity(load(LOGISTIC)) != identity(load(LOGISTIC, ["seed=1"]))
    assert identity(load(LOGISTIC)) != identity(load(LOGISTIC, ["lr=0.2"]))


def test_a_trial_keeps_its_identity_in_a_wider_plan():
    narrow = {trial.identity for trial in planned({"lr": [0.1, 0.2]}, seeds=2).trials}
    wide = {trial.identity for trial in planned({"lr": [0.3, 0.2, 0.1]}, seeds=3).trials}
    assert narrow < wide


def test_a_section_is_chosen_before_its_options_are_set():
    axes = {"lr": [0.5, 0.25], "optimizer": ["adam", "lion"]}
    plan = planned(axes)
    chosen = [(c.experiment.optimizer.name, c.experiment.optimizer["lr"]) for c in plan.candidates]
    assert chosen == [("adam", 0.5), ("lion", 0.5), ("adam", 0.25), ("lion", 0.25)]


def test_everything_wrong_in_any_combination_is_reported_once():
    with pytest.raises(ConfigError) as caught:
        planned({"lr": [-1.0, 0.1], "batch_size": [0, 8]})
    assert len(caught.value.problems) == 2


def test_candidates_of_one_base_are_named_by_what_differs():
    names = [c.name for c in candidates_of(LOGISTIC, [{"optimizer.lr": 0.5, "model.l2": 0.0}])]
    assert names == ["lr=0.5 l2=0"]


def test_a_grid_is_not_drawn_and_not_endless():
    base = load(LOGISTIC)
    axes = axes_of({"lr": [0.1, 0.2]}, base)
    with pytest.raises(ConfigError, match="trials: applies only to a random search"):
        plan_sweep(base, axes, trials=5)
    wide = axes_of({"lr": "lin:0.1:0.9:400", "beta": "lin:0.1:0.9:400"}, base)
    with pytest.raises(ConfigError, match="160,000 runs"):
        plan_sweep(base, wide)
