"""Successive halving: the rungs, the runs that continue unchanged, and repeated decisions."""

from dataclasses import replace
from typing import get_args

import pytest
from readme import README
from rich.console import Console

import gdrun
from gdrun.cli.sweep import Halving
from gdrun.config.loading import load
from gdrun.errors import ConfigError, GdrunError
from gdrun.study.executors import InProcesses
from gdrun.study.halving import carry_out_halving, fewest_epochs, rung_epochs
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.rungs import Rung
from gdrun.study.storage.study_directory import StudyDirectory
from gdrun.study.study import StudyContext, carry_out
from gdrun.views.halving_notes import rung_notes
from gdrun.views.sweeps import sweep_result
from study.cases import LOGISTIC, planned

METRIC = Metric("validation_loss")
RATES = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1e6]


def test_rungs_divide_the_budget_by_three():
    # 27/3 = 9, 9/3 = 3, 3/3 = 1, and 27 candidates halve three times: 27 → 9 → 3 → 1.
    base = load(LOGISTIC, ["epochs=27"])
    assert rung_epochs(base, 27) == [1, 3, 9]
    # Nine candidates need two rungs, the late ones, where losses tell more.
    assert rung_epochs(base, 9) == [3, 9]
    # 30/27 and 30/9 are moved to the next evaluation; one rung is enough for three settings.
    assert rung_epochs(load(LOGISTIC, ["epochs=30"]), 27) == [2, 4, 10]
    assert rung_epochs(load(LOGISTIC, ["epochs=30"]), 3) == [10]
    # 10/3 and 10/9 wait for the evaluation after them.
    assert rung_epochs(load(LOGISTIC, ["epochs=10"]), 9) == [2, 4]
    assert rung_epochs(load(LOGISTIC, ["epochs=2"]), 9) == []


@pytest.mark.parametrize(("settings", "every", "epochs"), [(30, 1, 81), (27, 1, 27), (9, 2, 18)])
def test_the_fewest_epochs_that_leave_one_setting(settings, every, epochs):
    # 30 → 10 → 4 → 2 → 1 needs 4 rungs, of which the first is at the epoch 81/3⁴ = 1.
    base = load(LOGISTIC, [f"evaluate.every={every}"])
    assert fewest_epochs(base, settings) == epochs
    rungs = [
        len(rung_epochs(load(base, [f"epochs={budget}"]), settings)) for budget in (epochs, 200)
    ]
    assert rungs[0] == rungs[1] > len(rung_epochs(load(base, [f"epochs={epochs - 1}"]), settings))


def test_a_note_says_what_limits_the_rungs():
    def words(epochs):
        config = LOGISTIC | {"stopping": {"epochs": epochs}}
        found = gdrun.sweep(config, {"lr": RATES}, seeds=1, halving=True)
        console = Console(width=80)
        with console.capture() as capture:
            console.print(sweep_result(found))
        return " ".join(capture.get().split())

    text = words(3)
    assert "3 settings are left, because no rung is before the first evaluation" in text
    assert "epochs=9 leaves one" in text
    assert "are left" not in words(9)


@pytest.mark.parametrize(
    ("rates", "rungs"),
    [
        # All 9 diverge before epoch 3, so that none is left for the rung at epoch 9.
        ([10.0**power for power in range(5, 14)], [(3, 0, 9)]),
        # One is left at epoch 3, where a third of the 9 could be: epoch 9 has nothing to decide.
        ([0.01, *(10.0**power for power in range(6, 14))], [(3, 1, 8)]),
    ],
)
def test_no_rung_is_left_where_at_most_one_setting_is(rates, rungs):
    config = {"dataset": "diabetes", "model": "linear", "stopping": {"epochs": 27}}
    found = gdrun.sweep(config, {"lr": rates}, "loss=mse", seeds=1, halving=True)
    assert [(rung.epoch, len(rung.kept), len(rung.dropped)) for rung in found.rungs] == rungs
    ((epoch, kept, dropped),) = rungs
    text = f"at epoch {epoch}: {dropped} settings dropped, {kept} continued"
    assert rung_notes(found) == [("halving", text)]
    # A record of an earlier version has a rung without settings.
    earlier = replace(found, rungs=(*found.rungs, Rung(9, found.rungs[-1].kept, ())))
    assert rung_notes(earlier) == [("halving", text)]


def test_rungs_need_a_budget_of_epochs():
    config = LOGISTIC | {"stopping": {"steps": 50}}
    with pytest.raises(ConfigError, match="budget of epochs"):
        rung_epochs(load(config), 9)


def test_a_third_goes_on_at_each_rung():
    plan = planned({"lr": RATES}, "epochs=9", seeds=2)
    results, work, rungs = carry_out_halving(plan, StudyContext(), METRIC)
    assert [(rung.epoch, len(rung.kept), len(rung.dropped)) for rung in rungs] == [
        (1, 3, 6),
        (3, 1, 2),
    ]
    assert work.run == len(results) == 18
    stops = [(r.record["stop"]["rule"], r.record["stop"]["epoch"]) for r in results.values()]
    # 1e6 diverges on the way to the first rung, under both seeds.
    assert stops.count(("halving", 1)) == 10
    assert stops.count(("halving", 3)) == 4
    assert stops.count(("epochs", 9)) == 2
    assert sum(r.diverged for r in results.values()) == 2


def test_the_choice_at_a_rung_is_that_of_full_runs_up_to_there():
    plan = planned({"lr": RATES}, "epochs=9")
    _, _, (first, *_) = carry_out_halving(plan, StudyContext(), METRIC)
    full, _ = carry_out(plan, StudyContext())
    # The evaluation after one epoch is the second, after that at the start.
    at_rung = {
        candidate.name: full[trial.identity].evals["validation_loss"][1]
        for candidate, trial in zip(plan.candidates, plan.trials, strict=True)
        if not full[trial.identity].diverged
    }
    assert set(first.kept) == set(sorted(at_rung, key=at_rung.get)[:3])


def test_a_survivor_is_the_run_it_would_have_been_alone():
    plan = planned({"lr": RATES}, "epochs=9", "schedule=cosine")
    halved, _, rungs = carry_out_halving(plan, StudyContext(), METRIC)
    full, _ = carry_out(plan, StudyContext())
    (name,) = rungs[-1].kept
    (winner,) = [t for t in plan.trials if plan.candidates[t.candidate].name == name]
    assert halved[winner.identity].evals["train_loss"] == pytest.approx(
        full[winner.identity].evals["train_loss"], rel=1e-9
    )


def test_cohorts_of_different_shapes_race_together():
    plan = planned({"optimizer": ["vanilla", "adam"], "lr": RATES[3:]}, "epochs=9")
    _, work, rungs = carry_out_halving(plan, StudyContext(), METRIC)
    assert work.cohorts == 2
    assert [len(rung.kept) for rung in rungs] == [4, 2]


def test_resumed_it_keeps_its_earlier_decisions(tmp_path):
    plan = planned({"lr": RATES}, "epochs=9")
    directory = StudyDirectory.new(tmp_path, "halving", plan, {})
    results, _, rungs = carry_out_halving(plan, StudyContext(directory=directory), METRIC)
    # The files after a crash behind the second rung: dropped trials are recorded, the best is not.
    lines = (directory.path / "trials.jsonl").read_text().splitlines(keepends=True)
    (directory.path / "trials.jsonl").write_text("".join(lines[:-1]))
    again = StudyDirectory.resumed(directory.path, plan, {})
    resumed, work, same = carry_out_halving(plan, StudyContext(directory=again), METRIC)
    assert (work.run, work.found) == (1, 8)
    assert same == rungs
    for identity, result in results.items():
        losses = result.evals["train_loss"]
        assert resumed[identity].evals["train_loss"] == pytest.approx(losses, rel=1e-9)


def test_it_runs_in_one_process():
    with pytest.raises(GdrunError, match="halving needs one process"):
        carry_out_halving(planned({"lr": RATES}), StudyContext(InProcesses(2), jobs=2), METRIC)


def test_every_text_has_the_same_epochs():
    sentence = (
        "only the best third of the settings continues at 1/3 of the epochs, and earlier at 1/9, "
        "1/27, … as often as needed to leave one setting, but not before the first evaluation"
    )
    help_text = get_args(Halving)[1].help
    for text in (gdrun.sweep.__doc__, help_text, README.read_text(encoding="utf-8")):
        assert sentence in " ".join(text.split())
