"""A study on disk: resumed, it runs what is missing and ends with the same ranking."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from gdrun.config.writing import to_yaml
from gdrun.errors import RecordError
from gdrun.runs.strict_json import loads
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import standings
from gdrun.study.storage.study_directory import StudyDirectory, read_study
from gdrun.study.study import StudyContext, carry_out
from study.cases import LOGISTIC, planned

METRIC = Metric("validation_loss")
ORIGIN = {
    "command": "gdrun sweep lr",
    "base": LOGISTIC,
    "data": {"name": "logistic", "sha256": "0"},
}


def ranking(plan, results):
    return [(s.candidate.name, s.rank, s.spread) for s in standings(plan, results, METRIC)]


def alike(first, second):
    """Whether two rankings agree; medians may differ by rounding, because cohorts differ."""
    return [(name, rank) for name, rank, _ in first] == [
        (name, rank) for name, rank, _ in second
    ] and [spread.median for *_, spread in first] == pytest.approx(
        [spread.median for *_, spread in second], rel=1e-9
    )


@pytest.fixture
def plan():
    return planned({"lr": [0.01, 0.1, 1.0, 1e6]}, seeds=2)


@pytest.fixture
def whole(plan, tmp_path):
    """A study that has run to its end, with its results."""
    directory = StudyDirectory.new(tmp_path, "whole", plan, ORIGIN)
    results, _ = carry_out(plan, StudyContext(directory=directory))
    return directory, results


def cut(path, lines, rest=""):
    """Leave only so many lines of a file, and a piece of the next."""
    kept = path.read_text(encoding="utf-8").splitlines(keepends=True)[:lines]
    path.write_text("".join(kept) + rest, encoding="utf-8")


def test_every_trial_has_its_two_lines(whole, plan):
    directory, _ = whole
    trials = [loads(line) for line in (directory.path / "trials.jsonl").read_text().splitlines()]
    traces = [loads(line) for line in (directory.path / "traces.jsonl").read_text().splitlines()]
    assert [trial["identity"] for trial in trials] == [trace["identity"] for trace in traces]
    assert sorted(trial["trial"] for trial in trials) == list(range(1, 9))
    for trial in trials:
        assert trial["settings"] == {"optimizer.lr": float(trial["name"].removeprefix("lr="))}
    assert read_study(directory.path)["trials"] == len(plan.trials)


def test_lines_are_strict_json(whole):
    def refuse(constant):
        raise AssertionError(constant)

    for name in ("study.json", "trials.jsonl", "traces.jsonl"):
        text = (whole[0].path / name).read_text()
        for document in [text] if name == "study.json" else text.splitlines():
            json.loads(document, parse_constant=refuse)


def test_nothing_is_run_again(whole, plan):
    directory, results = whole
    again, work = carry_out(plan, StudyContext(directory=directory))
    assert (work.run, work.found) == (0, 8)
    assert ranking(plan, again) == ranking(plan, results)


@pytest.mark.parametrize("trials", [0, 3, 7])
def test_what_a_crash_cut_off_is_run_and_the_ranking_is_the_same(whole, plan, trials):
    directory, results = whole
    cut(directory.path / "trials.jsonl", trials, '{"trial": 9, "ident')
    cut(directory.path / "traces.jsonl", trials + 1, '{"identity": "0')
    again, work = carry_out(plan, StudyContext(directory=directory))
    assert (work.run, work.found) == (8 - trials, trials)
    assert alike(ranking(plan, again), ranking(plan, results))
    # The mended files hold every trial once more, and no broken line.
    assert len(directory.finished()) == 8


def test_a_wider_plan_goes_on_with_what_it_shares(whole):
    directory, _ = whole
    wider = planned({"lr": [0.01, 0.1, 0.3, 1.0, 1e6]}, seeds=3)
    resumed = StudyDirectory.resumed(directory.path, wider, ORIGIN)
    _, work = carry_out(wider, StudyContext(directory=resumed))
    assert (work.run, work.found) == (5 * 3 - 8, 8)


def test_another_study_is_refused(whole):
    other = planned({"lr": [0.02, 0.2]})
    with pytest.raises(RecordError, match="different study: it has none of these") as caught:
        StudyDirectory.resumed(whole[0].path, other, ORIGIN)
    assert "gdrun sweep lr" in caught.value.problems[0].hint


def test_a_study_does_not_go_on_after_its_plugin_changed(plan, tmp_path, monkeypatch):
    def loads_version(digit):
        loaded = [{"path": "/home/a/rule.py", "sha256": digit * 64}]
        monkeypatch.setattr("gdrun.study.storage.study_directory.loaded_plugins", lambda: loaded)

    loads_version("0")
    path = StudyDirectory.new(tmp_path, "own rule", plan, ORIGIN).path
    StudyDirectory.resumed(path, plan, ORIGIN)
    loads_version("1")
    # The config, and so the identity of each trial, is the same: only the equation differs.
    for later in (plan, planned({"lr": [0.02, 0.2]})):
        with pytest.raises(RecordError, match=r"the plugin /home/a/rule\.py has changed"):
            StudyDirectory.resumed(path, later, ORIGIN)


def test_a_comparison_does_not_go_on_in_a_sweep(whole, plan):
    with pytest.raises(RecordError, match="different study: it is of another kind"):
        StudyDirectory.resumed(whole[0].path, replace(plan, verb="compare"), ORIGIN)


def test_other_data_are_refused(whole, plan):
    with pytest.raises(RecordError, match="the data changed"):
        StudyDirectory.resumed(
            whole[0].path, plan, ORIGIN | {"data": {"name": "logistic", "sha256": "1"}}
        )


@pytest.mark.parametrize("damage", ["nothing there", "no study", "newer"])
def test_a_directory_that_cannot_be_read_says_so(whole, tmp_path, damage):
    path = whole[0].path
    if damage == "nothing there":
        path = tmp_path / "missing"
    elif damage == "no study":
        (path / "study.json").write_text("{", encoding="utf-8")
    else:
        (path / "study.json").write_text('{"schema_version": 99}', encoding="utf-8")
    with pytest.raises(RecordError) as caught:
        read_study(path)
    assert str(path) in str(caught.value)


def test_a_damaged_line_is_named(whole, plan):
    file = whole[0].path / "trials.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:2], lines[2][:40], *lines[3:], ""]))
    with pytest.raises(RecordError, match="this line is damaged") as caught:
        carry_out(plan, StudyContext(directory=whole[0]))
    assert caught.value.problems[0].where == f"{file}:3"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda record: record.pop("stop"), "stop is missing"),
        (lambda record: record["stop"].pop("step"), "stop.step is missing"),
        (lambda record: record.update(status=3), "status must be one of running, .* got 3"),
        (
            lambda record: record["timing"].update(total=None),
            "timing.total must be a number, got nothing",
        ),
        (lambda record: record.update(lanes=True), "lanes must be a whole number, got true"),
    ],
)
def test_a_line_of_another_kind_is_named_with_its_key(whole, plan, damage, said):
    file = whole[0].path / "trials.jsonl"
    first, *rest = file.read_text().splitlines()
    record = json.loads(first)
    damage(record)
    file.write_text("\n".join([json.dumps(record), *rest, ""]))
    with pytest.raises(RecordError, match=f"this line is damaged: {said}") as caught:
        carry_out(plan, StudyContext(directory=whole[0]))
    assert caught.value.problems[0].where == f"{file}:1"


@pytest.mark.parametrize("columns", [{}, {"train_loss": ["many"]}])
def test_a_trace_of_another_kind_is_a_plain_error(whole, plan, columns):
    file = whole[0].path / "traces.jsonl"
    first, *rest = file.read_text().splitlines()
    record = json.loads(first)
    record["evals"] = columns and record["evals"] | columns
    file.write_text("\n".join([json.dumps(record), *rest, ""]))
    with pytest.raises(RecordError, match=r"the line of trial \d is damaged") as caught:
        carry_out(plan, StudyContext(directory=whole[0]))
    assert caught.value.problems[0].where == str(file)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda record: record.pop("asked"), "asked is missing"),
        (
            lambda record: record.update(seeds=[0, "one"]),
            r"seeds\[1\] must be a whole number, got 'one'",
        ),
        (lambda record: record.update(candidates={}), "candidates must be a list, got {}"),
        (
            lambda record: record.update(target=7),
            "target must be keys and values, got 7",
        ),
    ],
)
def test_a_record_of_another_kind_is_named_with_its_key(whole, damage, said):
    file = whole[0].path / "study.json"
    record = json.loads(file.read_text())
    damage(record)
    file.write_text(json.dumps(record))
    with pytest.raises(RecordError, match=f"{file}: cannot be read: {said}"):
        read_study(whole[0].path)


def test_a_full_disk_says_how_to_go_on(whole, plan, monkeypatch):
    def full(path, lines):
        raise OSError(28, "No space left on device")

    directory = whole[0]
    directory.adopt(planned({"lr": [0.5]}))
    monkeypatch.setattr("gdrun.study.storage.study_directory.append_lines", full)
    with pytest.raises(RecordError, match="No space left") as caught:
        carry_out(planned({"lr": [0.5]}), StudyContext(directory=directory))
    assert f'`resume="{directory.path}"`' in caught.value.problems[0].hint


@pytest.mark.slow
def test_killed_in_mid_sweep_it_goes_on_where_it_was(tmp_path):
    # Five batch sizes are five cohorts, each written when it ends: 5 · 8 · 2 = 80 runs.
    config = tmp_path / "config.yaml"
    dataset = LOGISTIC["dataset"] | {"n": 1500}
    config.write_text(to_yaml(LOGISTIC | {"dataset": dataset}), encoding="utf-8")
    words = ["sweep", "batch_size=4,5,6,7,8", "lr=log:1e-3:1:8", "--seeds", "2", "--json"]
    command = [sys.executable, "-m", "gdrun", *words, "-c", str(config)]
    reference = finished(command, tmp_path / "reference")
    with subprocess.Popen(
        [*command, "-o", str(tmp_path / "killed")], stdout=subprocess.DEVNULL
    ) as victim:
        written = (tmp_path / "killed").glob
        # The file exists before its first line does.
        while not (begun := [file for file in written("*/trials.jsonl") if file.stat().st_size]):
            assert victim.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        os.kill(victim.pid, signal.SIGKILL)
    assert victim.returncode == -signal.SIGKILL
    directory = begun[0].parent
    assert '"status": "running"' in (directory / "study.json").read_text()
    assert read_study(directory)["status"] == "interrupted"
    ended = len(begun[0].read_text().splitlines())
    assert 0 < ended < 80
    resumed = finished([*command, "--resume", str(directory)], tmp_path / "unused")
    assert resumed["work"]["run"] + resumed["work"]["found"] == 80
    assert resumed["work"]["found"] >= ended - 1
    names = [[row["name"] for row in study["ranking"]] for study in (reference, resumed)]
    assert names[0] == names[1]
    medians = [[row["median"] for row in study["ranking"]] for study in (reference, resumed)]
    assert medians[0] == pytest.approx(medians[1], rel=1e-9)


def finished(command, out):
    done = subprocess.run([*command, "-o", str(out)], capture_output=True, text=True, check=True)
    return loads(done.stdout)
