"""An interrupted sweep with successive halving: what it dropped is no best setting."""

import io
import math

import pytest
from rich.console import Console

import gdrun
from gdrun.runs.signals import Interruption
from gdrun.runs.strict_json import loads
from gdrun.study.judgement.rungs import Rung
from gdrun.study.judgement.sweep_findings import judge_sweep
from gdrun.study.study import Work
from gdrun.views.sweeps import sweep_result
from study.cases import LOGISTIC, LOSS, plan_and_results, result

RATES = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0]
DROPPED = {"rule": "halving", "epoch": 1.0}


def judged(rows, rungs, missing=()):
    """The findings of a sweep of these rates; the results of the rates in `missing` are left out.

    rungs: pairs of the rates that a rung kept and dropped, from best to worst.
    """
    plan, results = plan_and_results(rows)
    for trial in plan.trials:
        if plan.candidates[trial.candidate].settings["optimizer.lr"] in missing:
            del results[trial.identity]
    names = [tuple(tuple(f"lr={rate}" for rate in part) for part in rung) for rung in rungs]
    reached = [Rung(float(epoch), *rung) for epoch, rung in enumerate(names, 1)]
    return judge_sweep(plan, (), results, LOSS, Work(3, 0, 1, 1.0), rungs=reached)


def text_of(found, width):
    console = Console(width=width, file=io.StringIO())
    console.print(sweep_result(found))
    return " ".join(console.file.getvalue().split())


# 0.3 and 0.4 have lower losses than 0.1 and 0.2 at the rung, and lead: 0.4 before 0.3.
ROWS = {
    0.1: [result([10, 5], **DROPPED)],
    0.2: [result([10, 4], **DROPPED)],
    0.3: [result([10, 3, 2])],
    0.4: [result([10, 2, 1])],
}
RUNG = ((0.4, 0.3), (0.2, 0.1))


def test_a_dropped_setting_is_not_the_best_while_those_that_continue_have_no_ended_run():
    found = judged(ROWS, [RUNG], missing=(0.3, 0.4))
    assert (found.best, found.target, found.improvement) == (None, None, None)
    assert [(row.name, row.rank) for row in found.ranking] == [("lr=0.2", None), ("lr=0.1", None)]
    assert [verdict.text for verdict in found.verdicts] == ["dropped at epoch 1"] * 2
    assert found.continuing == ("lr=0.4", "lr=0.3")
    assert repr(found).endswith("no best setting yet>")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_note_names_the_leader_of_the_last_rung(width):
    text = text_of(judged(ROWS, [RUNG], missing=(0.3, 0.4)), width)
    assert (
        "best not known yet: halving kept 2 settings of which runs are missing; at epoch 1 the "
        "best of them was lr=0.4"
    ) in text
    assert "to target epochs" not in text


def test_the_note_names_the_one_setting_that_is_left():
    found = judged(ROWS, [((0.4,), (0.3, 0.2, 0.1))], missing=(0.4,))
    assert "best not known yet: halving kept lr=0.4, of which runs are missing" in text_of(
        found, 80
    )


def test_a_setting_that_ended_by_itself_before_it_was_dropped_is_not_the_best():
    # The run of 0.1 ended by a rule of its own; at the rung it was worse than 0.3 and 0.4.
    rows = ROWS | {0.1: [result([10, 3.5], rule="loss_change", epoch=0.5)]}
    assert judged(rows, [((0.4, 0.3), (0.1, 0.2))], missing=(0.3, 0.4)).best is None


def test_a_setting_that_halving_kept_is_the_best_so_far_when_it_has_ended():
    # 0.3 ended with the loss 2; the rung kept it, so the values of 0.1 and 0.2 set no target.
    rows = ROWS | {0.2: [result([10, 1.5], **DROPPED)]}
    found = judged(rows, [RUNG], missing=(0.4,))
    assert found.best.name == "lr=0.3"
    assert [(row.name, row.rank) for row in found.ranking] == [
        ("lr=0.3", 1),
        ("lr=0.2", None),
        ("lr=0.1", None),
    ]
    # 95 % of the way from 10 to 2.
    assert found.target.value == pytest.approx(10 - 0.95 * 8)


def test_a_dropped_setting_comes_before_one_that_diverged():
    rows = ROWS | {0.1: [result([10, math.inf], diverged=True)]}
    rungs = [((0.3, 0.2), (0.1,)), ((0.3,), (0.2,))]
    found = judged({rate: rows[rate] for rate in (0.1, 0.2, 0.3)}, rungs, missing=(0.3,))
    assert [row.name for row in found.ranking] == ["lr=0.2", "lr=0.1"]


def test_a_complete_sweep_is_ranked_by_all_its_runs():
    found = judged(ROWS, [RUNG])
    assert [(row.name, row.rank) for row in found.ranking] == [
        ("lr=0.4", 1),
        ("lr=0.3", 2),
        ("lr=0.2", 3),
        ("lr=0.1", 4),
    ]
    # Where every setting that was kept diverged, the best of the others is the best there is.
    gone = {rate: [result([10, 99], diverged=True)] for rate in (0.3, 0.4)}
    assert judged(ROWS | gone, [RUNG]).best.name == "lr=0.2"


def test_files_and_python_know_no_best_until_the_sweep_continues(tmp_path, monkeypatch):
    def rungs():
        (record,) = tmp_path.glob("*/study.json")
        return loads(record.read_text()).get("rungs")

    arguments = (LOGISTIC, {"lr": RATES}, "epochs=27")
    with monkeypatch.context() as patched:
        # Interrupted as soon as the first rung is written.
        patched.setattr(Interruption, "name", lambda self: "a test" if rungs() else None)
        found = gdrun.sweep(*arguments, halving=True, out=tmp_path)
    (directory,) = tmp_path.iterdir()
    first = rungs()[0]
    record = loads((directory / "study.json").read_text())
    assert (len(first["kept"]), len(first["dropped"])) == (3, 6)
    assert (record["best"], record["target"], record["status"]) == (None, None, "interrupted")
    assert not (directory / "best.yaml").exists()
    for each in (found, gdrun.read_study(directory)):
        assert (each.best, each.target) == (None, None)
        assert list(each.continuing) == first["kept"]

    # The file of an earlier interruption, at which another setting was the best, does not stay.
    (directory / "best.yaml").write_text("seed: 1\n")
    with monkeypatch.context() as patched:
        patched.setattr(Interruption, "name", lambda self: "a test")
        assert gdrun.sweep(resume=directory).best is None
    # Also interrupted before it reaches its first rung again, it keeps the decision of this rung.
    assert rungs() == [first]
    assert not (directory / "best.yaml").exists()

    ended, whole = gdrun.sweep(resume=directory), gdrun.sweep(*arguments, halving=True)
    assert ended.complete
    assert ended.continuing == ()
    assert ended.best.name == whole.best.name
    assert ended.target == whole.target
    assert (directory / "best.yaml").is_file()
