"""What a shell completes: commands, keys and their values, contenders, entries, runs and files."""

import json
from pathlib import Path

import pytest

from gdrun.cli import main
from gdrun.methods.averaging import AVERAGES
from gdrun.methods.rules import OPTIMIZERS
from gdrun.methods.sampling import VARIANTS


@pytest.fixture
def completed(capsys, monkeypatch, tmp_path):
    """A function that returns the completions of the last of some words, as bash asks for them."""
    monkeypatch.chdir(tmp_path)

    def complete(*words):
        monkeypatch.setenv("_GDRUN_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", " ".join(["gdrun", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        with pytest.raises(SystemExit):
            main([])
        return capsys.readouterr().out.split()

    return complete


def beginning(names, start):
    return [name for name in names if name.startswith(start)]


def test_commands(completed):
    assert completed("comp") == ["compare"]
    assert completed("help", "config", "ch") == ["check"]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["train", "engine=c"], ["engine=compiled"]),
        (["train", "batch_g"], ["batch_growth="]),
        (["train", "drop"], ["drop_last=true", "drop_last=false"]),
        (["train", "optimizer=adam", "beta"], ["beta1=", "beta2="]),
        (["train", "surface=bowl", "condi"], ["condition="]),
        (["train", "optimizer.b"], ["optimizer.beta="]),
        (["train", "average="], [f"average={name}" for name in AVERAGES]),
        (["sweep", "variant=bgd,s"], ["variant=bgd,sgd"]),
        (["train", "foo=", "engine=c"], ["engine=compiled"]),
        (["train", "foo="], []),
    ],
)
def test_keys_and_values_of_the_experiment(completed, words, found):
    assert completed(*words) == found


def test_a_key_that_is_the_only_one_comes_with_its_values(completed):
    assert completed("train", "optim") == [f"optimizer={name}" for name in OPTIMIZERS]


def test_bash_splits_a_word_at_its_equals_sign(completed):
    assert completed("train", "optimizer", "=") == list(OPTIMIZERS)
    assert completed("train", "optimizer", "=", "ad") == beginning(OPTIMIZERS, "ad")


def test_the_keys_are_those_of_the_config_file(completed):
    text = "dataset: iris\nmodel: {name: mlp, hidden: [4]}\noptimizer: adam\n"
    Path("net.yaml").write_text(text, encoding="utf-8")
    assert completed("train", "net.yaml", "activation=t") == ["activation=tanh"]
    assert completed("train", "net") == ["net.yaml"]
    assert completed("sweep", "beta", "-c", "ne") == ["net.yaml"]


def test_a_config_that_cannot_be_read_completes_nothing(completed):
    Path("bad.yaml").write_text("[", encoding="utf-8")
    assert completed("train", "bad.yaml", "lr") == []


def test_contenders(completed):
    assert completed("compare", "mbgd+rm") == ["mbgd+rmsprop"]
    assert completed("compare", "sg") == beginning(VARIANTS, "sg")
    assert completed("compare", "adam", "batch_s") == ["batch_size="]


def test_entries_of_the_catalogue(completed):
    assert completed("list", "optimizers", "ad") == beginning(OPTIMIZERS, "ad")
    keys = ["schedule.per", "schedule.warmup", "schedule.warmup_start"]
    assert completed("list", "sched") == ["schedules", *keys]


@pytest.mark.longer
def test_runs_metrics_and_kinds_of_pictures(completed, gdrun, monkeypatch):
    run = json.loads(gdrun("train", "surface=bowl", "epochs=none", "steps=2", "--json").out)["id"]
    for command in ("show", "plot", "report", "diagnose", "predict", "theory"):
        assert completed(command, run[:8]) == [run]
        assert completed(command, "la") == ["last"]
    assert completed("sweep", "lr", "--metric", "bal") == ["balanced_accuracy"]
    assert completed("plot", "--kind", "re") == ["regions", "reliability", "residuals"]
