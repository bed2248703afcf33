"""The boundary of the command line: exit codes, error messages, internal errors, pipes, speed."""

import os
import re
import subprocess
import sys

import pytest
import typer

from gdrun.cli import app as application
from gdrun.cli import console
from gdrun.cli.app import app
from gdrun.cli.groups import Commands
from gdrun.errors import Problem, note_traceback

PROGRAM = [sys.executable, "-m", "gdrun"]


def plain_environment(**more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"COLUMNS": "80"} | more


def process(*words, **more):
    return subprocess.run(
        [*PROGRAM, *words],
        capture_output=True,
        encoding="utf-8",
        env=plain_environment(PYTHONIOENCODING="utf-8"),
        check=False,
        **more,
    )


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["lsit"], "error: gdrun has no command 'lsit'\nhint: did you mean list?\n"),
        (
            ["quickstart"],
            "error: gdrun has no command 'quickstart'\n"
            "hint: `gdrun train`: train the quickstart on real data, in under a second\n",
        ),
        (
            ["config", "shwo"],
            "error: gdrun config has no command 'shwo'\nhint: did you mean show?\n",
        ),
        (
            ["list", "--jsn"],
            "error: gdrun list has no option --jsn\nhint: did you mean --json?\n",
        ),
        (
            ["config", "show", "--seed", "x"],
            "error: --seed: must be a whole number\nhint: write a number, such as --seed 1\n",
        ),
        (
            ["compare", "adam", "momentum", "--seeds", "ten"],
            "error: --seeds: must be a whole number\nhint: write a number, such as --seeds 8\n",
        ),
        (
            ["export", "last", "-o", "tab"],
            "error: gdrun export has no option -o\n"
            "hint: the destination is the last word: gdrun export last tab\n",
        ),
        (
            ["train", "--seeds", "0"],
            "error: --seeds: must be ≥ 1\n"
            "hint: usage: gdrun train [OPTIONS] [CONFIG] [KEY=VALUE]...\n",
        ),
        (
            ["config", "show", "--seed"],
            "error: option '--seed' requires an argument\n"
            "hint: write --seed and its value, with a space between\n",
        ),
        (
            ["plot", "--schedule=cosine"],
            "error: option '--schedule' does not take a value\n"
            "hint: write --schedule without a value\n",
        ),
        (
            ["list", "optimizers", "adam", "more"],
            "error: got unexpected extra argument(s) (more)\n"
            "hint: usage: gdrun list [OPTIONS] [KIND] [NAME]\n",
        ),
        (
            ["predict", "last", "d.csv", "threshold=0.2"],
            "error: got unexpected extra argument(s) (threshold=0.2)\n"
            "hint: write --threshold 0.2\n",
        ),
        (
            ["evaluate", "last", "d.csv", "json=true"],
            "error: got unexpected extra argument(s) (json=true)\nhint: write --json\n",
        ),
        (
            ["config", "check", "nowhere.yaml"],
            "error: nowhere.yaml: there is no such file\n"
            "hint: `gdrun config new` writes a starter file\n",
        ),
        (
            ["config", "check", "lr=-1", "--seed", "-2"],
            "error: '--seed -2' seed: must be ≥ 0, got -2\n"
            "hint: a seed is a whole number ≥ 0\n"
            "error: 'lr=-1' optimizer.lr: must be > 0, got -1\n"
            "hint: a learning rate is a positive number, such as 0.01\n",
        ),
    ],
)
def test_a_mistake_is_answered_on_stderr_with_exit_code_2(
    gdrun, tmp_path, monkeypatch, words, text
):
    monkeypatch.chdir(tmp_path)
    answer = gdrun(*words)
    assert (answer.code, answer.out, answer.err) == (2, "", text)


def test_alone_it_prints_help_and_what_to_begin_with(gdrun):
    answer = gdrun()
    assert (answer.code, answer.err) == (0, "")
    assert gdrun("--help").out == answer.out
    for name in typer.main.get_command(app).commands:
        assert re.search(rf"^  {name} ", answer.out, re.MULTILINE)


def test_help_names_only_commands_that_exist(gdrun):
    commands = set(typer.main.get_command(app).commands)
    mentioned = set(re.findall(r"^  gdrun (\w+)", gdrun().out, re.MULTILINE))
    assert mentioned <= commands


@pytest.mark.longer
def test_every_command_has_help_of_at_most_80_columns(gdrun):
    def below(command, words):
        yield words
        for name, inner in getattr(command, "commands", {}).items():
            yield from below(inner, [*words, name])

    for words in below(typer.main.get_command(app), []):
        answer = gdrun(*words, "--help")
        assert answer.code == 0
        assert answer.out.startswith(" ".join(["Usage: gdrun", *words]))
        assert max(map(len, answer.out.splitlines())) <= 80


def test_version(gdrun):
    printed = gdrun("--version").out
    assert re.fullmatch(r"gdrun \d+\.\d+\.\d+\n(no )?C compiler: .+\n", printed)


def broken(monkeypatch, error):
    def fail(arguments):
        raise error

    monkeypatch.setattr("gdrun.cli.command_line", fail)


def test_a_fault_says_so_and_keeps_its_traceback(gdrun, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    broken(monkeypatch, ZeroDivisionError("division by zero\nand more"))
    answer = gdrun("list")
    assert (answer.code, answer.out) == (1, "")
    what, hint = answer.err.splitlines()
    assert what == (
        "error: internal error in gdrun, not in your input: ZeroDivisionError: division by zero"
    )
    (kept,) = tmp_path.iterdir()
    assert hint == f"hint: the traceback is kept in {kept}"
    assert kept.read_text(encoding="utf-8").startswith("Traceback (most recent call last):")


def test_a_fault_in_a_run_has_its_traceback_there(gdrun, monkeypatch, tmp_path):
    error = RuntimeError()
    error.add_note("while a rule was tried")
    note_traceback(error, tmp_path / "traceback.txt")
    broken(monkeypatch, error)
    answer = gdrun("list")
    assert answer.err.splitlines() == [
        "error: internal error in gdrun, not in your input: RuntimeError",
        f"hint: the traceback is kept in {tmp_path / 'traceback.txt'}",
    ]


def test_what_does_not_fit_in_memory_is_no_fault_of_the_program(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # 4 features and 10^13 units: 4 · 8 · 10^13 bytes are 291 TiB, more than an address space of 47
    # bits.
    answer = gdrun("train", "dataset=iris", "model={name: mlp, hidden: [10000000000000]}", "-q")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert re.search(
        r"not enough memory: one array needs [\d.]+ TiB\nhint: use a smaller model", answer.err
    )


def test_a_traceback_that_cannot_be_kept(gdrun, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    broken(monkeypatch, RuntimeError("x"))
    assert gdrun("list").err.endswith(
        "hint: the traceback could not be saved: No such file or directory\n"
    )


def test_an_interrupt_is_quiet(gdrun, monkeypatch):
    broken(monkeypatch, KeyboardInterrupt())
    answer = gdrun("list")
    assert (answer.code, answer.out, answer.err) == (130, "", "")


def test_a_command_may_return_its_exit_code(gdrun, monkeypatch):
    other = typer.Typer(cls=Commands, rich_markup_mode=None)
    other.callback()(lambda: None)
    other.command("three")(lambda: 3)
    other.command("none")(lambda: None)
    monkeypatch.setattr(application, "app", other)
    assert [gdrun("three").code, gdrun("none").code] == [3, 0]


@pytest.mark.slow
def test_exit_codes_and_streams_of_a_real_process():
    good = process("list", "optimizers")
    assert (good.returncode, good.stderr) == (0, "")
    assert "momentum" in good.stdout
    bad = process("config", "check", "optimizer=momentun")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr == (
        "error: 'optimizer=momentun' optimizer: no optimizer is called 'momentun'\n"
        "hint: did you mean momentum? a method of your own needs --plugin FILE.py\n"
    )


@pytest.mark.longer
def test_a_closed_pipe_is_no_error():
    # The schema is larger than a pipe's buffer of 64 kB, so the writer meets the closed end.
    with subprocess.Popen(
        [*PROGRAM, "config", "schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=plain_environment(),
    ) as running:
        running.stdout.read(10)
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(timeout=30) == 141


@pytest.mark.longer
def test_a_terminal_without_the_signs_gets_ascii():
    answer = subprocess.run(
        [*PROGRAM, "list", "optimizers", "vanilla"],
        capture_output=True,
        env=plain_environment(PYTHONIOENCODING="ascii"),
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, b"")
    assert b"w <- w - alpha g" in answer.stdout


@pytest.mark.longer
def test_a_shell_can_complete_commands():
    answer = subprocess.run(
        PROGRAM,
        capture_output=True,
        encoding="utf-8",
        env=plain_environment(
            _GDRUN_COMPLETE="complete_bash", COMP_WORDS="gdrun conf", COMP_CWORD="1"
        ),
        check=False,
    )
    assert (answer.returncode, answer.stdout.split()) == (0, ["config"])


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from gdrun.cli import main; main(['--help']); "
        "print([name for name in ('numpy', 'pydantic', 'yaml', 'rich') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert answer.stdout.splitlines()[-1] == "[]"


def test_json_is_strict(capsys):
    console.print_json({"loss": float("inf"), "lr": 0.5})
    assert capsys.readouterr().out == (
        '{\n  "loss": null,\n  "lr": 0.5,\n  "nonfinite": {\n    "loss": "inf"\n  }\n}\n'
    )


def test_colour_marks_labels_only_for_a_terminal(monkeypatch, capsys):
    from gdrun.cli import faults

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    faults.show([Problem("bad", "here", "mend it")])
    assert capsys.readouterr().err == (
        "\x1b[1;31merror\x1b[0m: here: bad\n\x1b[1;36mhint\x1b[0m: mend it\n"
    )
    monkeypatch.setenv("NO_COLOR", "1")
    faults.show([Problem("bad", "here", "mend it")])
    assert "\x1b[1;31m" not in capsys.readouterr().err
