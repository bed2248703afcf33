"""Every command ends with the next step: a command that works as it is printed."""

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

ROWS = "\n".join(f"{k % 7},{(3 * k) % 11},{k % 7 + 2 * ((3 * k) % 11)}.5" for k in range(60))
COMMANDS = {
    "a run": "train bowl.yaml",
    "a shown run": "show RUN",
    "a sweep": "sweep lr=0.01,0.1 -c bowl.yaml",
    "a plan": "sweep lr=0.01,0.1 -c bowl.yaml --print-trials",
    "a comparison": "compare vanilla adam -c bowl.yaml",
    "the list of runs": "runs",
    "an export": "export RUN files",
    "a data file": "inspect data.csv",
    "a dataset": "inspect diabetes",
    "a query": "inspect \"query=SELECT a, y FROM 'data.csv'\"",
    "predictions": "predict MODEL data.csv -o predicted.csv",
    "an evaluation": "evaluate MODEL data.csv",
    "theory": "theory bowl.yaml",
    "a diagnosis": "diagnose RUN",
    "a gradient": "gradcheck bowl.yaml variant=bgd",
    "coefficients": "show MODEL --weights",
    "curves": "plot RUN",
    "curves of a quantity": "plot MODEL --x step --y loss",
    "a schedule": "plot --schedule bowl.yaml lr=0.1",
    "a kind": "list models",
    "an optimizer": "list adam",
    "a surface": "list rosenbrock",
    "an entry of a kind": "list wine",
    "verdicts": "list verdicts",
    "a new config": "config new data.csv new.yaml",
    "a checked config": "config check bowl.yaml lr=0.1",
}


@pytest.fixture
def here(gdrun, tmp_path, monkeypatch):
    """A function that runs gdrun in a directory with a config, a data file and two runs.

    RUN and MODEL in its words are the ids of the runs, on a surface and on the data.
    """
    monkeypatch.chdir(tmp_path)
    Path("bowl.yaml").write_text("surface: bowl\nstopping: {steps: 5}\n", encoding="utf-8")
    Path("data.csv").write_text(f"a,b,y\n{ROWS}\n", encoding="utf-8")
    ids = {}
    for name, word in (("RUN", "bowl.yaml"), ("MODEL", "data.csv")):
        words = ("epochs=2",) if name == "MODEL" else ()
        ids[name] = json.loads(gdrun("train", word, *words, "--json").out)["id"]

    def run(words):
        parts = [ids.get(word, word) for word in shlex.split(words)]
        monkeypatch.setattr("sys.argv", ["gdrun", *parts])
        return gdrun(*parts)

    return run


def next_commands(out):
    """The commands after the last line of the form `to do this:`, without the word gdrun."""
    lines = out.splitlines()
    steps = [
        after.removeprefix("  gdrun ")
        for line, after in pairwise(lines)
        if re.fullmatch(r"to .+:", line) and after.startswith("  gdrun ")
    ]
    assert steps
    assert lines[-1] == f"  gdrun {steps[-1]}"
    return steps


@pytest.mark.longer
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_the_next_step_is_a_command_that_works(here, words):
    answer = here(words)
    assert (answer.code, answer.err) == (0, "")
    for command in next_commands(answer.out):
        following = here(command)
        assert (following.code, re.findall("^error", following.err)) == (0, [])
        assert following.out


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("train bowl.yaml", "diagnose elsewhere/"),
        ("train bowl.yaml noise=1 --seeds 2", "diagnose elsewhere/"),
        ("compare vanilla momentum -c bowl.yaml", "compare vanilla momentum -c bowl.yaml"),
        ("compare vanilla adam -c bowl.yaml --tune lr=1e9", "diagnose elsewhere/"),
        ("sweep optimizer=vanilla,momentum -c bowl.yaml", "diagnose elsewhere/"),
    ],
)
def test_the_next_step_after_runs_that_diverged_works(here, words, expected):
    """Also in a directory that `gdrun diagnose` would not search without the name of the run."""
    answer = here(f"{words} lr=1e9 steps=20 -o elsewhere")
    assert (answer.code, answer.err) == (3, "")
    (command,) = next_commands(answer.out)
    assert command.startswith(expected)
    assert here(command).code == 0


@pytest.mark.longer
def test_a_quiet_command_prints_no_next_step(here):
    for words in ("train bowl.yaml -q", "sweep lr=0.01,0.1 -c bowl.yaml -q"):
        assert "  gdrun " not in here(words).out


def test_a_config_from_stdin_cannot_be_repeated(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("bowl.yaml").write_text("surface: bowl\nstopping: {steps: 5}\n", encoding="utf-8")
    monkeypatch.setattr("gdrun.cli.experiments.STDIN", "bowl.yaml")
    answer = gdrun("config", "check", "-")
    assert answer.code == 0
    assert "gdrun train" not in answer.out


ELSEWHERE = "(the word last names the newest in runs, not this one)"


@pytest.mark.parametrize("command", ["train epochs=1", "sweep lr=0.1,1 epochs=1 --seeds 1"])
def test_a_result_elsewhere_says_that_last_names_another(gdrun, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    words = command.split()
    assert ELSEWHERE not in gdrun(*words, "-o", "other").out  # runs is not there yet
    assert ELSEWHERE not in gdrun(*words).out
    first = json.loads(gdrun("show", "last", "--json").out)["id"]
    answer = gdrun(*words, "-o", "other")
    written = re.search(r"^written to other/(\S+)$", answer.out, re.MULTILINE)[1]
    assert ELSEWHERE in answer.out
    assert json.loads(gdrun("show", "last", "--json").out)["id"] == first != written
    assert json.loads(gdrun("show", f"other/{written}", "--json").out)["id"] == written
