"""Output directories that vanish, or become read-only or full, while gdrun runs."""

import json
import os
import resource
import shutil
import subprocess
import sys

import pytest

from gdrun.cli import running, studying, train
from gdrun.engine.listeners import Listener
from gdrun.runs import directory as directories

NOBODY = 65534
"""A user without rights, as whom a test that root runs writes; root may write everywhere."""


def remove(out):
    shutil.rmtree(out)


def replace_by_a_file(out):
    shutil.rmtree(out)
    out.write_text("another program's file")


def make_read_only(out):
    for path in [out, *out.iterdir()]:
        path.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)


def fill_the_disk(out):
    # Python ignores SIGXFSZ, so that a write beyond the limit is the error EFBIG.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


CHANGES = {
    remove: "was removed by another program while gdrun wrote to it",
    replace_by_a_file: "was removed by another program while gdrun wrote to it",
    make_read_only: "cannot be written: Permission denied",
    fill_the_disk: "cannot be written: File too large",
}


@pytest.fixture(params=CHANGES, ids=lambda change: change.__name__)
def lost(request, gdrun, tmp_path, monkeypatch):
    """A function that runs a command which loses its output directory in epoch 2.

    It is followed by the directory and the error.
    """
    out = tmp_path / "out"
    user, limit = os.geteuid(), resource.getrlimit(resource.RLIMIT_FSIZE)

    class Losing(Listener):
        def evaluated(self, progress, readings):
            if progress.epoch == 2:
                request.param(out)

    for module in (running, train, studying):
        monkeypatch.setattr(module, "progress_listeners", lambda *_: [Losing()])
    monkeypatch.setattr(directories, "SECONDS_BETWEEN_WRITES", 0.0)
    monkeypatch.setenv("GDRUN_CHECKPOINT_SECONDS", "0.001")

    def run(*command):
        try:
            return gdrun(*command, "-o", str(out))
        finally:  # at once: pytest writes files too
            os.seteuid(user)
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            for path in tmp_path.glob("**/"):
                path.chmod(0o755)

    return run, out, CHANGES[request.param]


TRAIN = ("train", "epochs=4", "-q", "engine=numpy")


@pytest.mark.longer
@pytest.mark.parametrize("seeds", [1, 2])
def test_a_training_keeps_its_result(lost, seeds):
    run, _, words = lost
    result = run(*TRAIN, "--seeds", str(seeds))
    assert result.code == 2
    assert result.err.count("error: ") == seeds
    assert result.err.count(words) == seeds
    assert "Traceback" not in result.err
    assert "finished" in result.out
    assert "gdrun " not in result.out  # no command that would need the files


@pytest.mark.longer
@pytest.mark.parametrize(
    "command",
    [
        ("sweep", "lr=0.1,0.2", "epochs=4", "--seed", "3"),
        ("compare", "mbgd", "mbgd+adam", "epochs=4", "--seeds", "2"),
    ],
)
def test_a_study_ends_with_an_error(lost, command):
    run, _, words = lost
    result = run(*command, "-q")
    assert result.code == 2
    assert result.err.count("error: ") == 1
    assert words in result.err
    assert ("start the study again" if "removed" in words else "--resume") in result.err


@pytest.mark.longer
def test_what_was_written_before_can_be_read(gdrun, lost):
    run, out, words = lost
    run(*TRAIN)
    for path in out.glob("*/run.json"):
        assert json.loads(path.read_text())["status"] == "running"
        shown = gdrun("show", str(path.parent))
        assert (shown.code, shown.err) == (0, "")
    assert bool(list(out.glob("*/run.json"))) == ("removed" not in words)


# Nothing can be written from the start.


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_a_directory_that_cannot_be_made(gdrun, tmp_path, command):
    (tmp_path / "kept").mkdir()
    make_read_only(tmp_path / "kept")
    try:
        words = [command, "lr=0.1,0.2"] if command == "sweep" else [command]
        result = gdrun(*words, "epochs=1", "-o", str(tmp_path / "kept" / "runs"))
    finally:
        os.seteuid(os.getuid())
        (tmp_path / "kept").chmod(0o755)
    assert (result.code, result.out) == (2, "")
    assert "cannot be written: Permission denied" in result.err
    assert "hint: choose another directory" in result.err
    assert not list((tmp_path / "kept").iterdir())


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_a_disk_that_is_full_from_the_start_keeps_no_empty_directory(gdrun, tmp_path, command):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    fill_the_disk(tmp_path)
    try:
        words = [command, "lr=0.1,0.2"] if command == "sweep" else [command]
        result = gdrun(*words, "epochs=1", "-o", str(tmp_path / "runs"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert result.code == 2
    assert "cannot be written: File too large" in result.err
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("redirection", ["> /dev/full", "| true"])
def test_a_run_that_cannot_print_its_panel_leaves_no_directory(tmp_path, redirection):
    command = f"{sys.executable} -m gdrun train epochs=1 {redirection}"
    ended = subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", command],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    # 141 is 128 + SIGPIPE; a pipe closed after the panel was read would let the run end.
    assert ended.returncode in ((2,) if "full" in redirection else (141, 0))
    assert "Traceback" not in ended.stderr
    for path in tmp_path.glob("runs/*"):
        assert (path / "run.json").exists()
