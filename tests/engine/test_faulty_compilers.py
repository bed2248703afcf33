"""Compilers that fail, hang, vanish or write garbage, and signals while they compile."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from compilers import ANSWER, forget, script, unix

from gdrun.config.loading import load
from gdrun.engine.build import build
from gdrun.engine.compiled import compiler, library_cache
from gdrun.engine.contract import CompilerError, NotCompilableError
from gdrun.runs.experiment_data import experiment_data
from gdrun.study.storage.study_directory import read_study

CC = compiler.compiler().command[0]
"""The compiler of this machine."""


def a_compiler(path, text):
    """A script that answers --version like a compiler, and otherwise runs the text."""
    return str(script(path, f'[ "$1" = --version ] && echo "cc 1" && exit; {text}'))


def is_gone(process):
    """Whether no process has this number; one that nobody has waited for is gone too."""
    state = Path(f"/proc/{process}/stat")
    try:
        return state.read_text().split()[2] == "Z"
    except OSError:
        return True


@pytest.mark.longer
@unix
def test_a_compiler_that_hangs_is_ended_with_what_it_started(cache, monkeypatch, tmp_path):
    hang = f'[ "$1" = --version ] && echo 1 && exit; sleep 60 & echo $! > {tmp_path}/child; wait'
    monkeypatch.setenv("CC", str(script(tmp_path / "cc", hang)))
    monkeypatch.setattr(compiler, "PATIENCE", 0.5)
    with pytest.raises(NotCompilableError, match=r"cc took longer than 0\.5 seconds"):
        compiler.library(ANSWER)
    child = int((tmp_path / "child").read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


@unix
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo 'ld: cannot find -lm' >&2; exit 1", "cc failed: ld: cannot find -lm"),
        ("exit 3", "cc failed: no message"),
        ("exit 0", "cc failed: no message"),
    ],
)
def test_a_compiler_that_fails_is_a_reason(cache, monkeypatch, tmp_path, text, words):
    fails = f'[ "$1" = --version ] && echo 1 && exit; {text}'
    monkeypatch.setenv("CC", str(script(tmp_path / "cc", fails)))
    with pytest.raises(NotCompilableError, match=words):
        compiler.library(ANSWER)


@unix
def test_a_program_that_is_no_compiler_is_a_reason(cache, monkeypatch, tmp_path):
    program = tmp_path / "cc"
    program.write_bytes(b"\x7fELF")
    program.chmod(0o755)
    monkeypatch.setenv("CC", str(program))
    with pytest.raises(NotCompilableError, match="cannot be started"):
        compiler.library(ANSWER)


@pytest.mark.longer
@unix
def test_a_compiler_that_hung_is_not_waited_for_again(cache, monkeypatch, tmp_path):
    counted = f"echo once >> {tmp_path}/calls; exec sleep 60"
    own = a_compiler(tmp_path / "cc", counted)
    monkeypatch.setenv("CC", own)
    monkeypatch.setattr(compiler, "PATIENCE", 0.3)
    for text in (ANSWER, ANSWER.replace("42", "43")):
        with pytest.raises(NotCompilableError, match=r"cc took longer than 0\.3 seconds"):
            compiler.library(text)
    forget()  # as in a new process
    with pytest.raises(CompilerError, match=r"cc took longer .* when it was last used") as caught:
        compiler.library(ANSWER)
    assert (tmp_path / "calls").read_text() == "once\n"
    # What the message advises works, and another compiler is tried at once.
    Path(caught.value.remedy.removeprefix("to use it again, remove ")).unlink()
    a_compiler(tmp_path / "cc", f'exec {CC} "$@"')
    forget()
    assert compiler.library(ANSWER).answer() == 42


@pytest.mark.longer
@unix
def test_a_hang_is_forgotten_after_a_day(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("CC", a_compiler(tmp_path / "cc", "exec sleep 60"))
    monkeypatch.setattr(compiler, "PATIENCE", 0.2)
    with pytest.raises(NotCompilableError):
        compiler.library(ANSWER)
    (mark,) = cache.glob("hangs-*")
    day = 24 * 3600
    for age, waits in ((day - 60, False), (day + 60, True), (-60, True)):
        forget()
        os.utime(mark, (time.time() - age,) * 2)
        with pytest.raises(NotCompilableError) as caught:
            compiler.library(ANSWER)
        assert ("when it was last used" in str(caught.value)) is not waits


@pytest.mark.longer
@unix
@pytest.mark.parametrize(
    "garbage",
    ["echo garbage > $o", ": > $o", f"{CC} -shared -fPIC -o $o -x c /dev/null"],
    ids=["text", "nothing", "a library without the functions"],
)
def test_garbage_is_a_reason_and_is_not_kept(cache, monkeypatch, tmp_path, garbage):
    find = 'while [ "$1" != -o ]; do shift; done; o=$2; '
    monkeypatch.setenv("CC", a_compiler(tmp_path / "cc", find + garbage))
    with pytest.raises(NotCompilableError, match="cannot be saved or loaded"):
        compiler.library(ANSWER)
    assert not list(cache.glob("*.so"))
    # The repaired compiler prints the same version, so its libraries have the same keys.
    a_compiler(tmp_path / "cc", f'exec {CC} "$@"')
    forget()
    assert compiler.library(ANSWER).answer() == 42


@unix
def test_a_library_of_another_text_under_the_same_key_is_not_used(cache):
    compiler.library(ANSWER.replace("42", "43"))
    (other,) = cache.glob("*.so")
    other.rename(cache / other.name.replace(other.name[:32], compiler.library_key(ANSWER)))
    forget()
    assert compiler.library(ANSWER).answer() == 42


@pytest.mark.longer
@unix
@pytest.mark.parametrize("change", ["mode", "owner", "link"])
def test_a_library_that_others_may_have_written_is_not_loaded(cache, monkeypatch, change):
    compiler.library(ANSWER)
    (file,) = cache.glob("*.so")
    if change == "mode":
        file.chmod(0o666)
    elif change == "link":
        file.rename(cache / "elsewhere")
        file.symlink_to(cache / "elsewhere")
    forget()
    directory, key = library_cache.cache_directory(), compiler.library_key(ANSWER)
    if change == "owner":  # only the superuser could make a file of another user
        own = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: own + 1)
    assert library_cache.find(directory, key) is None
    assert not list(cache.glob("*.so"))
    monkeypatch.undo()


@unix
def test_what_killed_processes_left_is_removed_after_an_hour(cache):
    library_cache.cache_directory()
    for name, age in ((".making-old", 3700), (".making-new", 10)):
        (cache / name).mkdir()
        (cache / name / "unit.c").write_text("")
        os.utime(cache / name, (time.time() - age,) * 2)
    compiler.library(ANSWER)
    assert [path.name for path in cache.glob(".making-*")] == [".making-new"]


@pytest.mark.longer
@unix
@pytest.mark.parametrize("fault", ["gone", "hangs"])
def test_a_run_in_which_the_compiler_is_faulty_uses_numpy(cache, monkeypatch, tmp_path, fault):
    experiment = load({"dataset": "digits", "model": "softmax", "stopping": {"epochs": 300_000}})
    own = a_compiler(tmp_path / "cc", "exec sleep 60")
    monkeypatch.setenv("CC", own)
    monkeypatch.setattr(compiler, "PATIENCE", 0.2)
    data = experiment_data(experiment)
    compiler.compiler()
    if fault == "gone":  # after it was found, before it compiles
        Path(own).unlink()
    _, engine = build([experiment], data)
    assert engine.name == "numpy"
    words = {"gone": "cc cannot be started", "hangs": "cc took longer than"}
    assert words[fault] in engine.note


SWEEP = ("sweep", "lr=0.1,0.2", "engine=compiled", "epochs=9", "-q")


@unix
@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "number"),
    [
        (("train", "engine=compiled", "epochs=2", "-q"), signal.SIGINT),
        (SWEEP, signal.SIGTERM),
        ((*SWEEP, "--jobs", "2"), signal.SIGINT),
        ((*SWEEP, "--jobs", "2"), signal.SIGHUP),
        ((*SWEEP, "--halving"), signal.SIGINT),
        (("compare", "bgd", "mbgd", "engine=compiled", "epochs=2", "-q"), signal.SIGTERM),
    ],
)
def test_a_signal_ends_the_command_and_its_compiler(tmp_path, command, number):
    own = a_compiler(tmp_path / "cc", f"echo $$ >> {tmp_path}/pids; sleep 60 & wait")
    process = subprocess.Popen(
        [sys.executable, "-m", "gdrun", *command],
        cwd=tmp_path,
        env=os.environ | {"CC": own, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "pids").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    begin = time.monotonic()
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert time.monotonic() - begin < 20  # far below PATIENCE, also on a busy machine
    # A study prints the runs that it has; a run that has not begun leaves nothing to print.
    ended = (
        "note: Ctrl-C (SIGINT) ended the command at once, before the training: no run was written"
    )
    assert " ".join(errors.split()) == (ended if command[0] == "train" else "")
    assert all(map(is_gone, (tmp_path / "pids").read_text().split()))
    assert not list(tmp_path.glob("cache/gdrun/kernels/.making-*"))
    if command[0] == "train":  # nothing was trained, so nothing is left
        assert not (tmp_path / "runs").exists()
    else:
        assert "to continue:" in output
        (study,) = (tmp_path / "runs").iterdir()
        assert read_study(study)["status"] == "interrupted"
