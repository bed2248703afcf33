"""CONFIG [KEY=VALUE ...]: which word is the config, and which words are refused."""

import json
import re
import subprocess
import sys

import pytest
import yaml

CONFIG = "{dataset: iris, model: softmax, optimizer: {name: momentum, lr: 0.5}}\n"


@pytest.fixture
def shown(gdrun, tmp_path, monkeypatch):
    """The resolved experiment of these words, in a directory with three files."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b c.yaml", "x=y.yaml"):
        (tmp_path / name).write_text(CONFIG, encoding="utf-8")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n", encoding="utf-8")

    def call(*words):
        answer = gdrun("config", "show", *words)
        return yaml.safe_load(answer.out) if answer.code == 0 else answer.err

    return call


@pytest.mark.parametrize(
    "words",
    [
        ("a.yaml", "lr=0.25"),
        ("lr=0.25", "a.yaml"),
        ("lr=0.25", "a.yaml", "seed=0"),
        ("x=y.yaml", "lr=0.25"),
        ("lr=0.25", "b c.yaml"),
    ],
)
def test_the_config_may_be_any_of_the_words(shown, words):
    found = shown(*words)
    assert (found["dataset"]["name"], found["optimizer"]["lr"]) == ("iris", 0.25)


def test_without_a_file_the_keys_are_set_on_the_quickstart(shown):
    assert shown("lr=0.25")["name"] == "quickstart"


def test_a_second_config_is_refused_with_what_takes_several(shown):
    assert shown("a.yaml", "lr=0.1", "b c.yaml") == (
        "error: b c.yaml: is a second config file; the first is a.yaml\n"
        "hint: `gdrun compare a.yaml 'b c.yaml'` compares several configs\n"
    )


def test_a_word_that_is_neither_file_nor_setting_is_refused(shown):
    assert shown("a.yaml", "adam") == (
        "error: 'adam': must have the form KEY=VALUE\nhint: to choose adam, write optimizer=adam\n"
    )
    assert shown("a.yaml", "alice") == (
        "error: 'alice': must have the form KEY=VALUE\nhint: such as lr=0.1\n"
    )


def test_a_part_of_a_key_suggests_the_keys_that_end_in_it(shown):
    assert shown("a.yaml", "unseen=ignore") == (
        "error: 'unseen=ignore': unknown key 'unseen'\n"
        "hint: did you mean dataset.validation.unseen or dataset.test.unseen?\n"
    )


def test_a_setting_of_other_libraries_names_what_gdrun_has_instead(shown):
    found = shown("a.yaml", "class_weight=balanced")
    assert "error: 'class_weight=balanced': gdrun has no class_weight\n" in found
    (key, metric), (word,) = (
        re.findall(r"(early_stopping\.\S+)=(\w+)", found)[0],
        re.findall(r"--metric (\w+)", found),
    )
    changed = shown("a.yaml", f"{key}={metric}", "split.validation=0.1")
    assert changed["stopping"]["early_stopping"]["metric"] == metric == word


def test_a_data_file_in_place_of_a_config_is_refused_with_its_key(shown):
    assert shown("table.csv") == (
        "error: table.csv: is a data file, not a config\n"
        "hint: `gdrun config new table.csv` writes a config for it\n"
    )


@pytest.mark.longer
def test_a_dash_reads_the_config_from_stdin():
    words = [sys.executable, "-m", "gdrun", "config", "show", "lr=0.25", "-", "--json"]
    answer = subprocess.run(words, input=CONFIG, capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    assert (found["model"]["name"], found["optimizer"]["lr"]) == ("softmax", 0.25)


@pytest.mark.longer
def test_a_sweep_takes_its_config_from_stdin_too():
    words = [sys.executable, "-m", "gdrun", "sweep", "lr=1,2", "-c", "-", "--print-trials"]
    answer = subprocess.run(words, input=CONFIG, capture_output=True, text=True, check=True)
    assert answer.stdout.split()[:3] == ["lr", "1", "2"]
