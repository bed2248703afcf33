"""The next steps of runs and studies on arrays are calls in Python that work as printed."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import gdrun as package
from gdrun.cli.commands_on_arrays import python_call
from gdrun.runs.run import Run
from gdrun.study.judgement.sweep_findings import Sweep

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(200, 3))
Y = X[:, 0] + RANDOM.normal(size=200) / 2 > 0
ARRAYS = {"data": (X, Y), "out": "own directory"}


def run(*changes):
    config = {"model": "logistic", "optimizer": {"name": "vanilla", "lr": 0.5}}
    return package.train(config, "epochs=12", *changes, **ARRAYS)


def interrupted(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("gdrun.api.Interruption.name", lambda _: "Ctrl-C (SIGINT)")
        return run()


def studies():
    config = {"model": "logistic", "optimizer": "vanilla"}
    package.sweep(config, {"lr": [0.1, 0.2]}, "epochs=2", **ARRAYS)
    yield next(Path("own directory").glob("*-sweep-*"))
    package.compare(["bgd", "mbgd"], config, "epochs=2", seeds=1, **ARRAYS)
    yield next(Path("own directory").glob("*-compare-*"))


def shown_calls(out):
    """The calls after the lines of the form `to do this in Python:`."""
    assert not re.search(r"^  gdrun (train|sweep|compare|diagnose .* --try)", out, re.MULTILINE)
    lines = out.splitlines()
    return [
        after.strip()
        for line, after in pairwise(lines)
        if re.fullmatch(r"to .+ in Python:", line) and after.startswith("  gdrun.")
    ]


@pytest.mark.longer
def test_the_next_steps_of_runs_and_studies(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    slow, good, left = run("lr=1e-4"), run("grad_norm=0.01", "epochs=300"), interrupted(monkeypatch)
    sweep, comparison = studies()
    for words, expected in (
        (("diagnose", slow.directory), Run),
        (("show", good.directory), Sweep),
        (("show", left.directory), Run),
        (("show", sweep), Run),
        (("show", comparison), Run),
    ):
        answer = gdrun(*map(str, words))
        (call,) = shown_calls(answer.out)
        names = {"gdrun": package, "X": X, "y": Y}
        assert isinstance(eval(call, names), expected), call


@pytest.mark.longer
def test_a_hint_names_the_call_too(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep, _ = studies()
    answer = gdrun("diagnose", str(sweep), "--try")
    call = f"`gdrun.train({str(sweep / 'best.yaml')!r}, data=(X, y))`"
    assert answer.err.endswith(f"\nhint: {call} trains the best setting as a run\n")


def test_the_call_has_every_word_of_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("run.json").write_text('{"data": {"name": "arrays"}}', encoding="utf-8")
    Path("files").mkdir()
    Path("files/run.json").write_text('{"data": {"name": "data.csv"}}', encoding="utf-8")
    for words, call in (
        ("train config.yaml lr=1 l2=0", "train('config.yaml', 'lr=1', 'l2=0', data=(X, y))"),
        ("sweep lr -c config.yaml", "sweep('config.yaml', 'lr', data=(X, y))"),
        (
            "sweep lr=1,2 l2=0,1 -c config.yaml --search random",
            "sweep('config.yaml', ['lr=1,2', 'l2=0,1'], data=(X, y), search='random')",
        ),
        ("train --resume .", "train(data=(X, y), resume='.')"),
        ("predict . arrays", "load_model('.').predict(X)"),
    ):
        assert python_call(words.split()) == f"gdrun.{call}"
    for words in ("train files/config.yaml", "show .", "train config.yaml --unknown", ""):
        assert python_call(words.split()) is None
