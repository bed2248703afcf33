"""A study that was interrupted in the middle of a cohort ends with the bits of a whole one."""

import pytest

from gdrun.errors import RecordError
from gdrun.runs.lock import DirectoryLock
from gdrun.runs.strict_json import loads
from gdrun.study.requests import ComparisonRequest, SweepRequest
from gdrun.study.study_request import Observers

CONFIG = {
    "dataset": "iris",
    "model": "softmax",
    "stopping": {"epochs": 9, "target_loss": 0.15},
    "evaluate": {"every": 0.5},
}
SWEEP = {"config": CONFIG, "values": {"lr": [1e-3, 0.5, 1e200, 0.01]}, "seeds": 2}
HALVING = SWEEP | {"values": {"lr": [1e-3, 0.5, 1e200, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3]}}
COMPARISON = {"config": CONFIG, "contenders": ["bgd", "mbgd+adam", "mbgd"], "seeds": 3}
STUDIES = {
    "sweep": (SweepRequest, SWEEP),
    "halving": (SweepRequest, HALVING | {"halving": True}),
    "comparison": (ComparisonRequest, COMPARISON),
    "tuning": (ComparisonRequest, COMPARISON | {"tune": ["lr"], "seeds": 2}),
}


def run(kind, arguments, interrupted=lambda: None, **more):
    planned = kind(**arguments, **more).planned()
    directory = planned.directory()
    return planned.run_in(directory, Observers(interrupted=interrupted)), directory


class After:
    """Interrupts at the given question, and at all later ones, as a signal does."""

    def __init__(self, questions):
        self.left = questions

    def __call__(self):
        self.left -= 1
        return "a test" if self.left < 0 else None


def bits(directory):
    """The traces of all trials by their identity, as text, without wall-clock times."""
    found = {}
    for line in (directory.path / "traces.jsonl").read_text().splitlines():
        trace = loads(line)
        for part in ("steps", "evals"):
            del trace[part]["seconds"]
        assert trace["identity"] not in found  # no trial has two results
        found[trace["identity"]] = repr(trace)
    return found


@pytest.mark.longer
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_continues_in_the_middle_of_a_cohort(name, tmp_path):
    kind, arguments = STUDIES[name]
    _, whole = run(kind, arguments, out=tmp_path / "whole")
    expected = bits(whole)
    _, directory = run(kind, arguments, After(13), out=tmp_path / "parts")
    assert not directory.path.joinpath("trials.jsonl").exists() or bits(directory) != expected
    assert list(directory.path.rglob("checkpoint-*.npz"))
    for questions in (9, 30, 2, 17):
        run(kind, arguments, After(questions), resume=directory.path)
    found, _ = run(kind, arguments, resume=directory.path)
    assert bits(directory) == expected
    assert found.ended == len(expected)
    assert not list(directory.path.rglob("checkpoint-*.npz"))


def test_more_seeds_do_not_run_finished_trials_again(tmp_path):
    _, directory = run(SweepRequest, SWEEP, out=tmp_path)
    before = bits(directory)
    more = SWEEP | {"seeds": 3}
    found, _ = run(SweepRequest, more, resume=directory.path)
    assert found.work.run == 4 and found.work.found == 8
    assert {key: bits(directory)[key] for key in before} == before


def test_a_second_process_is_refused(tmp_path):
    _, directory = run(SweepRequest, SWEEP, After(13), out=tmp_path)
    lock = DirectoryLock(directory.path)
    with pytest.raises(RecordError, match="another process is training here"):
        run(SweepRequest, SWEEP, resume=directory.path)
    lock.release()
    run(SweepRequest, SWEEP, resume=directory.path)


def test_a_damaged_checkpoint_is_named(tmp_path):
    _, directory = run(SweepRequest, SWEEP, After(13), out=tmp_path)
    (file,) = directory.path.glob("checkpoint-*.npz")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(RecordError, match="cannot be read") as error:
        run(SweepRequest, SWEEP, resume=directory.path)
    assert error.value.problems[0].where == str(file)
    file.unlink()
    found, _ = run(SweepRequest, SWEEP, resume=directory.path)
    assert found.ended == 8


def test_results_without_a_checkpoint_are_completed_with_the_same_bits(tmp_path):
    """As after a kill before the first checkpoint, when some trials of a group had ended."""
    _, directory = run(SweepRequest, SWEEP, out=tmp_path)
    expected = bits(directory)
    for name in ("traces.jsonl", "trials.jsonl"):
        path = directory.path / name
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:3]))
    run(SweepRequest, SWEEP, resume=directory.path)
    assert bits(directory) == expected


WIDENED = {
    "config": {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 2}},
    "contenders": ["mbgd+vanilla", "mbgd+adam"],
    "tune": ["lr"],
    "seeds": 2,
}
"""Two epochs are so few that large rates are best, outside the default ranges of 11 rates each."""


def tuned_trials(directory):
    """The lines of the trials of tuning: number, name, settings and seed, by identity."""
    labels = ("trial", "name", "settings", "seed")
    path = directory.path / "tuning" / "trials.jsonl"
    lines = [loads(line) for line in path.read_text().splitlines()]
    found = {line["identity"]: {label: line[label] for label in labels} for line in lines}
    assert len(found) == len(lines)
    return found


@pytest.mark.longer
def test_each_trial_of_a_widened_range_has_a_line_with_its_own_settings(tmp_path):
    found, directory = run(ComparisonRequest, WIDENED, out=tmp_path)
    lines = list(tuned_trials(directory).values())
    # 11 settings × 2 tuning seeds for each contender, and 4 × 2 more for each widened range.
    assert len(lines) == found.tuning_work.run > 44
    assert sorted(line["trial"] for line in lines) == list(range(1, len(lines) + 1))
    for line in lines:
        assert line["name"].endswith(f"lr={line['settings']['optimizer.lr']:g}")
    tried = [(line["name"], line["seed"]) for line in lines]
    assert len(set(tried)) == len(tried)
    for contender in found.contenders:
        chosen = f"{contender.name} lr={contender.tuning.chosen['optimizer.lr']:g}"
        assert [seed for name, seed in tried if name == chosen] == [2, 3]


@pytest.mark.longer
@pytest.mark.parametrize("questions", [1, 2, 5])
def test_a_tuning_that_was_interrupted_after_a_widening_continues(questions, tmp_path):
    expected, whole = run(ComparisonRequest, WIDENED, out=tmp_path / "whole")
    planned = ComparisonRequest(**WIDENED, out=tmp_path / "parts").planned()
    directory = planned.directory()
    trials, last = directory.path / "tuning" / "trials.jsonl", After(questions)

    def in_the_widening():
        ended = trials.read_text().count("\n") if trials.exists() else 0
        return last() if ended >= 44 else None

    planned.run_in(directory, Observers(interrupted=in_the_widening))
    assert 44 <= len(tuned_trials(directory)) < len(tuned_trials(whole))
    found, _ = run(ComparisonRequest, WIDENED, resume=directory.path)
    assert tuned_trials(directory) == tuned_trials(whole)
    chosen = [dict(each.tuning.chosen) for each in expected.contenders]
    assert [dict(each.tuning.chosen) for each in found.contenders] == chosen
    assert bits(directory) == bits(whole)
