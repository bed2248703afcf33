"""A run continues in its directory, and is refused when its experiment has changed."""

import errno
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from continued import InterruptedAt

import gdrun
from gdrun.config.loading import load
from gdrun.data import table_from_arrays
from gdrun.engine.listeners import Listener
from gdrun.runs import checkpoint as checkpoints
from gdrun.runs.lock import DirectoryLock
from gdrun.runs.session import Session

CONFIG = {
    "dataset": "iris",
    "model": "softmax",
    "optimizer": "adam",
    "stopping": {"epochs": 6},
    "evaluate": {"every": 0.5},
}
TIMES = {"seconds"}


def interrupted(out, seeds=1, config=CONFIG, question=4, **more):
    experiment = load(config)
    experiments = [experiment.with_seed(seed) for seed in range(seeds)]
    runs = Session(experiments, out=out, **more).run(interrupted=InterruptedAt(question))
    assert {run.status for run in runs} == {"interrupted"}
    return runs[0] if seeds == 1 else runs


def files(run):
    return sorted(path.name for path in run.directory.iterdir())


def assert_same(run, other):
    for name in ("weights", "best_weights"):
        mine, others = getattr(run, name), getattr(other, name)
        assert mine.keys() == others.keys()
        for key in mine:
            np.testing.assert_array_equal(mine[key], others[key], strict=True)
    for name in ("steps", "evals"):
        mine, others = getattr(run, name), getattr(other, name)
        for key in mine.keys() - TIMES:
            np.testing.assert_array_equal(mine[key], others[key], strict=True)
    assert run.stop == other.stop


def test_the_files_of_an_interrupted_run_end_as_those_of_a_whole_one(tmp_path):
    whole = gdrun.train(CONFIG, out=tmp_path / "whole")
    part = interrupted(tmp_path / "parts")
    assert "checkpoint.npz" in files(part)
    run = gdrun.train(resume=part.directory)
    assert run.directory == part.directory
    assert files(run) == files(whole)
    assert_same(run, whole)
    assert_same(gdrun.read_run(run.directory), gdrun.read_run(whole.directory))
    (entry,) = run.record["resumed"]
    assert entry["step"] == part.stop["step"] == 4
    assert run.record["started"] == part.record["started"]


def test_all_seeds_continue_together(tmp_path):
    experiments = [load(CONFIG).with_seed(seed) for seed in range(3)]
    whole = Session(experiments, out=None).run()
    parts = interrupted(tmp_path, seeds=3)
    assert ["checkpoint.npz" in files(part) for part in parts] == [True, False, False]
    runs = Session.resumed(parts[2].directory).run()
    for run, other in zip(runs, whole, strict=True):
        assert_same(run, other)
    assert [run.directory for run in runs] == [part.directory.absolute() for part in parts]


def test_a_missing_run_of_the_same_cohort_is_named(tmp_path):
    first, second = interrupted(tmp_path, seeds=2)
    shutil.rmtree(first.directory)
    with pytest.raises(gdrun.RecordError, match=f"together with {first.id}, which is missing"):
        gdrun.train(resume=second.directory)


def test_a_run_that_was_killed_before_its_first_checkpoint_starts_again(tmp_path):
    part = interrupted(tmp_path)
    (part.directory / "checkpoint.npz").unlink()
    (part.directory / "trace.jsonl").write_text('{"kind": "step", "st')
    session = Session.resumed(part.directory)
    assert session.notes == ["there is no checkpoint, so the run starts again from its first step"]
    (run,) = session.run()
    assert_same(run, gdrun.train(CONFIG))
    assert_same(gdrun.read_run(run.directory), run)


def test_a_run_that_has_ended_is_returned_as_it_is(tmp_path):
    run = gdrun.train(CONFIG, out=tmp_path)
    before = {path: path.read_bytes() for path in run.directory.iterdir()}
    assert_same(gdrun.train(resume=run.directory), run)
    assert {path: path.read_bytes() for path in run.directory.iterdir()} == before


def refused(directory, match, *arguments, **more):
    with pytest.raises(gdrun.RecordError, match=match) as error:
        gdrun.train(*arguments, resume=directory, **more)
    return error.value


def test_a_changed_file_of_the_config_is_refused(tmp_path):
    part = interrupted(tmp_path)
    file = part.directory / "config.yaml"
    file.write_text(file.read_text().replace("lr: 0.001", "lr: 0.002"))
    refused(part.directory, r"something changed: optimizer\.lr: was 0\.001, is 0\.002")


def test_a_config_that_is_given_again_must_be_the_same(tmp_path):
    part = interrupted(tmp_path)
    refused(part.directory, r"stopping\.epochs: was 6, is 7", None, "epochs=7")
    refused(part.directory, r"seed: was 0, is 3", CONFIG, "seed=3")
    run = gdrun.train(CONFIG, "epochs=6", resume=part.directory)
    assert run.status == "exhausted"


def test_changed_data_are_refused(tmp_path):
    file = tmp_path / "data.csv"
    lines = ["x,y", *(f"{k / 7},{k % 3}" for k in range(150))]
    file.write_text("\n".join(lines))
    config = CONFIG | {"dataset": {"path": str(file)}, "model": "linear"}
    part = interrupted(tmp_path / "runs", config=config)
    lines[5] = "0.5,2"
    file.write_text("\n".join(lines))
    refused(part.directory, r"something changed: the data: sha256 was \w{12}, is \w{12}")


def test_arrays_are_given_again(tmp_path):
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(150, 3)), draw.normal(size=150)
    config = {"dataset": "arrays", "model": "linear", "stopping": {"epochs": 6}}
    part = interrupted(tmp_path, config=config, table=table_from_arrays(X, y), question=3)
    assert_same(gdrun.train(resume=part.directory, data=(X, y)), gdrun.train(config, data=(X, y)))


RULE = """
import gdrun

@gdrun.rule(slots="v")
def heavy(w, g, v, t, lr: gdrun.Rate = 0.1, beta: gdrun.Decay = 0.9):
    \"\"\"Momentum.  v ← βv + g,  w ← w − αv.\"\"\"
    v = beta * v + g
    return w - lr * v, v
"""


def test_a_changed_plugin_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("gdrun.methods.plugins._LOADED", {})
    file = tmp_path / "heavy.py"
    file.write_text(RULE)
    gdrun.load_plugin(file)
    part = interrupted(tmp_path / "runs", config=CONFIG | {"optimizer": "heavy"})
    monkeypatch.setattr("gdrun.runs.resuming.loaded_plugins", list)
    error = refused(part.directory, "needs the plugin")
    assert error.problems[0].hint == f'add `gdrun.load_plugin("{file}")`'
    other = [{"path": str(file), "sha256": "0" * 64}]
    monkeypatch.setattr("gdrun.runs.resuming.loaded_plugins", lambda: other)
    refused(part.directory, "something changed: the plugin")


def test_other_versions_are_noted(tmp_path, monkeypatch):
    part = interrupted(tmp_path)
    monkeypatch.setattr("gdrun.runs.checkpoint.thread_count", lambda: 77)
    note = Session.resumed(part.directory).notes[-1]
    assert note.startswith("threads: was ") and "is 77, so the last bits may differ" in note


def test_two_processes_cannot_continue_the_same_run(tmp_path):
    part = interrupted(tmp_path)
    lock = DirectoryLock(part.directory)
    error = refused(part.directory, "another process is training here")
    assert error.problems[0].where == str(part.directory)
    lock.release()
    gdrun.train(resume=part.directory)


def with_entry(file, change):
    """Change the JSON text of a checkpoint."""
    with np.load(file) as stored:
        arrays = dict(stored)
    document = json.loads(str(arrays["checkpoint"]))
    change(document, arrays)
    arrays["checkpoint"] = np.array(json.dumps(document))
    np.savez(file, **arrays)


DAMAGES = {
    "cut": lambda file: file.write_bytes(file.read_bytes()[:-50]),
    "empty": lambda file: file.write_bytes(b""),
    "no archive": lambda file: file.write_bytes(b"PK\x03\x04 and more"),
    "other arrays": lambda file: np.savez(file, a=np.zeros(3)),
    "weights": lambda file: shutil.copy(file.with_name("weights.npz"), file),
    "no head": lambda file: with_entry(file, lambda head, arrays: head.pop("origin")),
    "no state": lambda file: with_entry(file, lambda head, arrays: head.pop("training")),
    "a text": lambda file: with_entry(
        file, lambda head, arrays: head["training"]["state"].update(step="many")
    ),
    "shape": lambda file: with_entry(
        file, lambda head, arrays: arrays.update({"training.state.W": np.zeros((1, 3))})
    ),
    "dtype": lambda file: with_entry(
        file,
        lambda head, arrays: arrays.update(
            {"training.state.W": arrays["training.state.W"].astype(np.float32)}
        ),
    ),
    "slots": lambda file: with_entry(
        file, lambda head, arrays: head["training"]["state"]["slots"].pop()
    ),
    "lanes": lambda file: with_entry(
        file, lambda head, arrays: arrays.update({"training.state.lanes": np.array([1])})
    ),
    "place": lambda file: with_entry(
        file, lambda head, arrays: head["training"]["state"]["place"].update(position=10**6)
    ),
    "trace": lambda file: with_entry(
        file, lambda head, arrays: arrays.update({"training.steps.shared.step": np.zeros(1)})
    ),
}


@pytest.mark.longer
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused(damage, tmp_path):
    part = interrupted(tmp_path)
    file = part.directory / "checkpoint.npz"
    DAMAGES[damage](file)
    error = refused(part.directory, "cannot be read")
    assert error.problems[0].where == str(file)
    assert error.problems[0].hint


def test_a_checkpoint_of_a_newer_gdrun_is_refused(tmp_path):
    part = interrupted(tmp_path)
    file = part.directory / "checkpoint.npz"
    with_entry(file, lambda head, arrays: head.update(schema_version=99))
    refused(part.directory, r"was written by a newer gdrun \(schema 99\)")


def test_a_full_disk_while_a_checkpoint_is_written(tmp_path, monkeypatch):
    """The training goes on, the error is reported, and the earlier files can be read."""

    def full(path, head, snapshot):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("GDRUN_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr(checkpoints, "write_checkpoint", full)
    with pytest.warns(UserWarning, match="No space left on device"):
        run = gdrun.train(CONFIG, out=tmp_path)
    assert run.status == "exhausted"
    assert_same(gdrun.read_run(run.directory), run)


def test_writes_take_at_most_a_share_of_the_time(tmp_path, monkeypatch):
    """A write of 0.1 s delays the next one by 5 s, of which it is 2 %; a fast one by 4 s."""
    clock, written = [0.0], []
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: clock[0])

    def write(path, head, snapshot):
        written.append(round(clock[0], 6))
        clock[0] += cost

    class Later(Listener):
        def advanced(self, progress):
            clock[0] += 0.5

    monkeypatch.setattr(checkpoints, "write_checkpoint", write)
    monkeypatch.delenv("GDRUN_CHECKPOINT_SECONDS", raising=False)
    cost = 0.1
    config = CONFIG | {"stopping": {"epochs": 20}}
    Session([load(config)], out=Path(tmp_path)).run([Later()])
    assert written[0] == 4.0
    assert np.diff(written).min() >= 5.0
    clock[0], cost = 0.0, 0.0
    written.clear()
    Session([load(config)], out=Path(tmp_path)).run([Later()])
    assert np.diff(written).max() <= 5.0
