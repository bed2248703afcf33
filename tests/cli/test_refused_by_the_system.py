"""What the system refuses: full or closed streams, names that are too long, missing permissions."""

import errno
import json
import os
import subprocess
import sys

import pytest

PROGRAM = [sys.executable, "-m", "gdrun"]
ENVIRONMENT = os.environ | {"COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
LONG = "n" * 300
"""A name that is longer than the 255 bytes that file systems allow."""


def redirected(redirection, *words, folder):
    """The finished process of a command line whose streams a shell has redirected."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *PROGRAM, *words],
        capture_output=True,
        encoding="utf-8",
        env=ENVIRONMENT,
        cwd=folder,
        check=False,
    )


def status_of_the_run(folder):
    (record,) = folder.glob("runs/*/run.json")
    return json.loads(record.read_text(encoding="utf-8"))["status"]


@pytest.mark.longer
@pytest.mark.skipif(sys.platform != "linux", reason="Linux has /dev/full")
def test_a_full_stdout_is_an_error_and_the_run_is_kept(tmp_path):
    answer = redirected(">/dev/full", "train", "epochs=1", "--quiet", folder=tmp_path)
    assert (answer.returncode, answer.stderr) == (
        2,
        "error: the output cannot be written: no space left on device\n"
        "hint: free some space on the disk, or choose another one\n",
    )
    assert status_of_the_run(tmp_path) == "exhausted"


@pytest.mark.longer
@pytest.mark.skipif(sys.platform != "linux", reason="Linux has /dev/full")
@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", ">&- 2>&-"])
def test_an_error_that_cannot_be_written_keeps_its_exit_code(tmp_path, redirection):
    answer = redirected(redirection, "config", "check", "lr=-1", folder=tmp_path)
    assert (answer.returncode, answer.stdout, answer.stderr) == (2, "", "")


@pytest.mark.longer
@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&-", "<&- >&-"])
def test_a_run_needs_no_open_streams(tmp_path, redirection):
    answer = redirected(redirection, "train", "epochs=1", folder=tmp_path)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert status_of_the_run(tmp_path) == "exhausted"
    # Output of the command must not end in a file of the run that got the stream's number.
    (trace,) = tmp_path.glob("runs/*/trace.jsonl")
    for line in trace.read_text(encoding="utf-8").splitlines():
        json.loads(line)


@pytest.mark.longer
@pytest.mark.parametrize(
    "words",
    [
        ["show", LONG],
        ["report", LONG],
        ["inspect", f"{LONG}.csv"],
        ["diagnose", LONG],
        ["predict", LONG, "rows.csv"],
        ["config", "new", f"{LONG}.csv"],
        ["train", "--resume", LONG],
        ["train", f"dataset.path={LONG}.csv", "model=linear"],
        ["sweep", "lr=0.1,0.2", "--save-best", f"{LONG}/best.yaml"],
    ],
    ids=lambda words: " ".join(words).replace(LONG, "LONG"),
)
def test_a_name_that_is_too_long_is_an_error_in_the_input(gdrun, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    answer = gdrun(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"error: {'n' * 199}…: file name too long\nhint: use a shorter name\n"


def test_an_override_may_be_longer_than_a_name_of_a_file(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ",".join(f"measure_{number:03}" for number in range(40))
    answer = gdrun("train", f"ignore=[{names}]", "dataset.path=x.csv", "model=linear")
    assert answer.code == 2
    assert answer.err.startswith("error: x.csv: no such file\n")


def test_a_long_query_without_a_run_is_not_taken_for_a_file(gdrun):
    answer = gdrun("predict", "query=SELECT x FROM 'a.csv' WHERE " + " AND ".join(50 * ["x > 0"]))
    assert answer.err.startswith("error: DATA is missing\n")


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EACCES, "check the permissions of the file and of the directories above it"),
        (errno.EROFS, "choose a directory on a disk that can be written"),
        (errno.ENOSPC, "free some space on the disk, or choose another one"),
    ],
)
def test_a_refused_path_is_named(gdrun, monkeypatch, number, hint):
    reason = os.strerror(number)

    def refuse(arguments):
        raise OSError(number, reason, "a/\x1b[2Jb.csv")

    monkeypatch.setattr("gdrun.cli.command_line", refuse)
    answer = gdrun("list")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f"error: a/\\x1b[2Jb.csv: {reason[0].lower()}{reason[1:]}\nhint: {hint}\n"
    )


def test_other_errors_of_the_system_are_internal_errors(gdrun, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail(arguments):
        raise ChildProcessError(errno.ECHILD, "No child processes")

    monkeypatch.setattr("gdrun.cli.command_line", fail)
    answer = gdrun("list")
    assert answer.code == 1
    assert answer.err.startswith("error: internal error in gdrun, not in your input: ChildProcess")


def test_a_width_of_0_means_that_the_width_is_not_known(gdrun, monkeypatch):
    expected = gdrun("list", "optimizers", "momentum")
    monkeypatch.setenv("COLUMNS", "0")
    assert gdrun("list", "optimizers", "momentum") == expected
    assert gdrun("train", "epochs=0").err.startswith("error: 'epochs=0' stopping.epochs: must be")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "~nosuchuser/x.csv",
            "error: ~nosuchuser/x.csv: the home directory of this user is not known\n"
            "hint: for a file whose name begins with ~ write ./~nosuchuser/x.csv\n",
        ),
        (
            "a\\0b.csv",
            "error: a\\x00b.csv: contains a NUL character, which no path can have\n"
            "hint: remove the character\n",
        ),
    ],
)
def test_a_path_that_cannot_exist(gdrun, tmp_path, monkeypatch, path, text):
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "bad.yaml"
    config.write_text(f'dataset: {{path: "{path}", target: y}}\nmodel: linear\n', encoding="utf-8")
    for command in (["train", "bad.yaml"], ["config", "check", "bad.yaml"]):
        answer = gdrun(*command)
        assert (answer.code, answer.out, answer.err) == (2, "", text)


@pytest.mark.parametrize(
    "word",
    [
        "n=100000000000000000000",
        "batch_size=1e30",
        "epochs=1e30",
        "schedule={name: plateau, cooldown: 1000000000000000000000000000000}",
    ],
)
def test_a_whole_number_has_at_most_15_zeros(gdrun, word):
    answer = gdrun("config", "check", "dataset=blobs", word)
    assert (answer.code, answer.out) == (2, "")
    assert "must be ≤ 1e+15, got" in answer.err


@pytest.mark.parametrize("every", ["1e-9", "5e-324"])
def test_there_is_at_most_one_evaluation_a_step(gdrun, tmp_path, every):
    # 1 before the first step, and 1 after each of the 3 steps.
    answer = gdrun(
        *["train", "stopping={steps: 3}", f"evaluate.every={every}"],
        *["--out", str(tmp_path), "--quiet"],
    )
    assert (answer.code, answer.err) == (0, "")
    (trace,) = tmp_path.glob("*/trace.jsonl")
    rows = [json.loads(line) for line in trace.read_text(encoding="utf-8").splitlines()]
    assert [row["step"] for row in rows if "train_loss" in row] == [0, 1, 2, 3]


def test_a_seed_may_be_larger(gdrun):
    assert gdrun("config", "check", f"seed={10**32}").code == 0
