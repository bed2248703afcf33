"""Hints for overrides on the command line: what they propose works when it is typed."""

import re
import shlex

import pytest

from gdrun.cli.typed_settings import typed_settings

QUICK = ("epochs=1", "engine=numpy", "-q")
NETWORK = ("model=mlp", "dataset=iris")
BOWL = ("surface=bowl",)


def proposed(hint):
    """The overrides that a hint has, one list for each alternative."""
    parts = re.split(r", or |; or | or |; |, ", hint)
    typed = ([word for word in shlex.split(part) if re.match(r"[\w.]+=", word)] for part in parts)
    return [words for words in typed if words]


@pytest.mark.longer
@pytest.mark.parametrize(
    "words",
    [
        ("clip=1",),
        ("evaluate=1",),
        ("log=3",),
        ("split=3",),
        ("early_stopping=5",),
        ("divergence=3",),
        ("watch=grad",),
        ("evaluate.metrics=f1",),
        ("mute=overfitting",),
        ("model.hidden=x", *NETWORK),
        ("model.dropout=2", *NETWORK),
        ("start=[1]", *BOWL),
        ("variant.batch_size=5000", "dataset=iris"),
    ],
)
def test_an_override_that_a_hint_proposes_trains_when_it_is_typed(gdrun, words):
    answer = gdrun("train", *words, *QUICK)
    assert answer.code == 2
    hint = answer.err.partition("hint: ")[2]
    assert not re.search(r"\w: |\{", hint)
    alternatives = proposed(hint)
    assert alternatives
    for typed in alternatives:
        again = gdrun("train", *words[1:], *typed, *QUICK)
        assert (again.code, again.err) == (0, ""), typed


@pytest.mark.longer
@pytest.mark.parametrize(
    "words",
    [
        ("compare", "vanilla", "momentum", "surface=bowl", "target=suboptimality:1e-6"),
        ("compare", "vanilla", "momentum", "surface=bowl", "budget=gradients"),
        ("sweep", "lr=0.01,0.1", "surface=bowl", "seeds=2"),
        ("train", "surface=bowl", "seeds=2"),
        ("compare", "bgd", "mbgd", "dataset=iris", "--seeds", "1", "metric=loss"),
        ("sweep", "lr=0.01,0.1", "dataset=iris", "metric=validation_loss"),
    ],
)
def test_an_option_that_was_typed_as_a_key_is_written_as_one(gdrun, words):
    answer = gdrun(*words)
    assert answer.code == 2
    option, _, default = re.search(
        r"hint: it is an option: write (--[^;]+)(; by default (.+) ranks)?\n", answer.err
    ).groups()
    assert default == ("the validation loss" if "metric=" in words[-1] else None)
    again = gdrun(*words[:-1], *shlex.split(option), "epochs=2", "engine=numpy", "-q")
    assert again.code == 0


@pytest.mark.longer
def test_a_metric_of_early_stopping_is_not_taken_for_the_one_that_ranks(gdrun):
    words = ("compare", "bgd", "mbgd", "dataset=iris", "--seeds", "1", "epochs=2", "engine=numpy")
    said = gdrun(*words, "metric=accuracy").err
    note = "metric=accuracy is the metric of early stopping"
    assert said == f"note: {note}; --metric accuracy ranks the settings by it\n"
    ranked = gdrun(*words, "--metric", "accuracy")
    assert ranked.err == "" and "work to reach val acc" in ranked.out


def test_a_fault_in_a_file_has_its_line_and_the_form_of_the_file(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("dataset: iris\nmodel: softmax\nclip: 1\n")
    assert gdrun("train", "a.yaml").err == (
        "error: a.yaml:3:1 clip: must be keys and values, got 1\nhint: such as clip: {norm: 1.0}\n"
    )
    # An override of the same key is typed, whatever the file has.
    assert gdrun("train", "a.yaml", "clip=2").err == (
        "error: 'clip=2' clip: must be keys and values, got 2\nhint: such as clip.norm=1.0\n"
    )


@pytest.mark.longer
def test_a_fault_in_data_has_the_form_of_the_words_that_named_them(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("x,y\n" + "1,2\n" * 20 + "?,3\n")
    (tmp_path / "a.yaml").write_text("dataset: {path: a.csv}\nmodel: linear\n")
    assert "missing=drop to remove" in gdrun("train", "dataset.path=a.csv", "model=linear").err
    assert "missing: drop to remove" in gdrun("train", "a.yaml").err
    typed = ("dataset.path=a.csv", "model=linear", "batch_size=4", "missing=drop")
    assert gdrun("train", *typed, *QUICK).code == 0


@pytest.mark.parametrize(
    "text",
    [
        "choose from mean, drop",
        "left out seed: all of its values are equal",
        "the first row holds the names: that is unusual",
        "write `gdrun train lr=0.1`",
    ],
)
def test_other_texts_are_kept(text):
    assert typed_settings(text) == text


@pytest.mark.longer
def test_a_hint_of_config_new_works_when_it_is_typed(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    usage = [str(k % 7) for k in range(200)]
    usage[40:46] = ["unknown"] * 6
    rows = (f"{each},{'yes' if k % 3 else 'no'}" for k, each in enumerate(usage))
    (tmp_path / "homes.csv").write_text("\n".join(["usage,moved", *rows, ""]))
    words = ("config", "new", "homes.csv", "new.yaml")
    answer = gdrun(*words)
    hint = answer.err.partition("hint: ")[2]
    setting = '\'missing_values=["standard","unknown"]\''
    assert answer.code == 2 and " ".join(hint.split()).startswith(
        f"if it means a missing value, set {setting}"
    )
    assert not (tmp_path / "new.yaml").exists()
    again = gdrun(*words, *shlex.split(setting))
    assert (again.code, again.err) == (0, "")
    assert gdrun("config", "check", "new.yaml").code == 0
