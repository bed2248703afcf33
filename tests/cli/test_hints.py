"""Every hint leads to a command that works: what a hint says to write is run as it is written."""

import re
import shlex

import pytest

from gdrun.config.loading import load
from gdrun.errors import ConfigError


@pytest.fixture
def here(gdrun, tmp_path, monkeypatch):
    """A function that runs gdrun in a directory with two configs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bowl.yaml").write_text("surface: bowl\nstopping: {steps: 5}\n", encoding="utf-8")
    return gdrun


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("train --lr 0.1", "keys of the config have no dashes: write lr=0.1"),
        ("train --lr=0.1", "keys of the config have no dashes: write lr=0.1"),
        ("train --batch-size 8", "keys of the config have no dashes: write batch_size=8"),
        ("train lr 0.1", "to set the key, write lr=0.1"),
        ("train optimizer adam", "to set the key, write optimizer=adam"),
        ("train adam", "to choose adam, write optimizer=adam"),
        ("train cosine epochs=2", "to choose cosine, write schedule=cosine"),
        ("train seed=1e3", "write 1000"),
        ("train -c bowl.yaml", "write the config without -c: gdrun train bowl.yaml"),
        ("compare bgd sgd --save-best x.yaml", "--save-best is an option of gdrun sweep"),
        (
            "compare bowl.yaml bgd",
            "--config bowl.yaml gives every contender the dataset of bowl.yaml",
        ),
        ("sweep 'lr=[0.1, 0.2]'", "to try several values: gdrun sweep lr=0.1,0.2"),
        ("sweep", "such as: gdrun sweep lr"),
        ("compare", "such as: gdrun compare bgd sgd mbgd"),
        ("train learning_rate=0.1", "its name in gdrun is optimizer.lr"),
    ],
)
def test_a_hint_says_what_to_write(here, words, hint):
    answer = here(*shlex.split(words))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[-1] == f"hint: {hint}"
    if command := re.search(r": gdrun (train|sweep) (.+)$", hint):
        rest = ["-c", "bowl.yaml", "--print-trials"] if command[1] == "sweep" else ["-q"]
        assert here(command[1], *command[2].split(), *rest).code == 0
    elif written := re.search(r"write (\w+=\S+)", hint):
        assert here("config", "show", written[1]).code == 0


def test_a_directory_that_is_missing_is_named(here):
    answer = here("show", "-o", "nowhere")
    assert answer.err.startswith("error: nowhere: there is no such directory\n")


def test_a_file_that_is_missing_is_reported_after_an_override_too(here):
    answer = here("train", "lr=0.1", "missing.yaml")
    assert answer.err.splitlines()[0] == "error: missing.yaml: there is no such file"


def test_an_unknown_key_hides_no_bad_value():
    with pytest.raises(ConfigError) as caught:
        load(None, ["lr=-1", "foo=2", "bar"])
    found = [problem.what for problem in caught.value.problems]
    assert found == ["must have the form KEY=VALUE", "unknown key 'foo'", "must be > 0, got -1"]


def test_a_mistyped_section_has_no_consequences():
    # Without the dataset that was meant, the model does not fit; that is no fault of the user's.
    with pytest.raises(ConfigError) as caught:
        load(None, ["datset=breast-cancer", "model=logistic"])
    assert [problem.what for problem in caught.value.problems] == ["unknown key 'datset'"]


def test_a_key_at_the_top_level_is_shown_its_section():
    with pytest.raises(ConfigError) as caught:
        load({"dataset": "iris", "model": "softmax", "lr": 0.1, "epochs": 3})
    hints = [problem.hint for problem in caught.value.problems]
    assert hints == [
        "lr belongs to optimizer: write optimizer: {lr: …}",
        "epochs belongs to stopping: write stopping: {epochs: …}",
    ]


@pytest.mark.parametrize("word", ["none", "null", ""])
def test_any_budget_of_a_file_can_be_unset(word):
    bowl = {"surface": "bowl", "stopping": {"steps": 50}}
    unset = load(bowl, [f"steps={word}", "epochs=3"])
    assert unset.stopping.budgets == {"epochs": 3}
    factor = {"divergence": {"factor": 5.0}, "steps": 50}
    default = load(bowl).stopping.divergence
    assert load(bowl | {"stopping": factor}, [f"divergence={word}"]).stopping.divergence == default
    clipped = load(bowl | {"clip": {"norm": 1.0}}, [f"clip={word}"])
    assert clipped.clip == load(bowl).clip
