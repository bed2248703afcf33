"""Every hint leads to a command that works: what a hint says to write is run as it is written."""

import json
import re
import shlex
from pathlib import Path

import pytest

from gdrun.cli.typed_settings import config_keys
from gdrun.config.loading import load
from gdrun.errors import ConfigError


@pytest.fixture
def here(gdrun, tmp_path, monkeypatch):
    """A function that runs gdrun in a directory with two configs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bowl.yaml").write_text("surface: bowl\nstopping: {steps: 5}\n", encoding="utf-8")
    return gdrun


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("train --lr 0.1", "keys of the config have no dashes: write lr=0.1"),
        ("train --lr=0.1", "keys of the config have no dashes: write lr=0.1"),
        ("train --batch-size 8", "keys of the config have no dashes: write batch_size=8"),
        (
            # f* = 0, so that the loss itself is the suboptimality; a saddle has f* = -1/4.
            "train surface=bowl --target suboptimality=1.925e-5",
            "--target suboptimality=1.925e-5 is an option of gdrun sweep and compare; for a run, "
            "write target_loss=1.925e-05",
        ),
        (
            "train surface=saddle --target=suboptimality=1e-3",
            "--target suboptimality=1e-3 is an option of gdrun sweep and compare; for a run, "
            "write target_loss=-0.249",
        ),
        (
            "train --target loss=0.2",
            "--target loss=0.2 is an option of gdrun sweep and compare; for a run, "
            "write target_loss=0.2",
        ),
        (
            "train --target accuracy=0.9",
            "--target accuracy=0.9 is an option of gdrun sweep and compare; for a run, "
            "write target_accuracy=0.9",
        ),
        ("train --metric val_loss", "--metric is an option of gdrun sweep and compare"),
        ("train --metric f1", "keys of the config have no dashes: write metric=f1"),
        ("theory --target loss=1", "--target loss=1 is an option of gdrun sweep and compare"),
        (
            "train target=0.1",
            "did you mean dataset.standardize.target or stopping.target_loss or "
            "stopping.target_accuracy?",
        ),
        ("train lr 0.1", "to set the key, write lr=0.1"),
        ("train optimizer adam", "to set the key, write optimizer=adam"),
        ("train adam", "to choose adam, write optimizer=adam"),
        ("train cosine epochs=2", "to choose cosine, write schedule=cosine"),
        ("train seed=1e3", "write 1000"),
        ("train -c bowl.yaml", "write the config without -c: gdrun train bowl.yaml"),
        ("compare bgd sgd --save-best x.yaml", "--save-best is an option of gdrun sweep"),
        ("train --jobs 2", "--jobs is an option of gdrun sweep and compare"),
        (
            "compare bowl.yaml bgd",
            "--config bowl.yaml gives every contender the dataset of bowl.yaml",
        ),
        ("sweep 'lr=[0.1, 0.2]'", "`gdrun sweep lr=0.1,0.2` tries several values"),
        (
            "sweep model=mlp 'model.hidden=[[8]]'",
            "one list is hidden=[8]; `gdrun sweep 'hidden=[8],[32,16]'` tries several lists",
        ),
        ("sweep", "such as: gdrun sweep lr"),
        ("compare", "such as: gdrun compare bgd sgd mbgd"),
        ("train learning_rate=0.1", "the name in gdrun is optimizer.lr"),
        ("train tol=1e-3", "the name in gdrun is stopping.loss_change"),
        ("train gtol=1e-3", "the name in gdrun is stopping.grad_norm"),
        (
            "train lr=0,2",
            "a number has a decimal point: write lr=0.2",
        ),
        (
            "train 'model={name: mlp}' 'model.hidden=(8,4)'",
            "for a list write model.hidden=[8,4]",
        ),
        (
            "train adm",
            "did you mean optimizer=adam or optimizer=radam or optimizer=nadam?",
        ),
        ("train lr=1e400", "write a number between -1.79e308 and 1.79e308"),
        (
            "train bowl.yaml dataset=iris",
            "remove dataset or surface; surface=none removes the surface of a config file",
        ),
        (
            "train surface=bowl dataset=iris",
            "remove dataset or surface; surface=none removes the surface of a config file",
        ),
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


@pytest.fixture
def table(here):
    """A function that runs gdrun in a directory with a data file and a run on it."""
    rows = [f"{k % 7},{k % 5},{'yes' if k % 3 else 'no'}" for k in range(120)]
    Path("t.csv").write_text("\n".join(["left,a,b", *rows]) + "\n", encoding="utf-8")
    assert here("train", "t.csv", "target=b", "epochs=1", "-q").code == 0
    return here


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "setting"),
    [
        ("train --optimizer.lr 0.1 epochs=1", "optimizer.lr=0.1"),
        ("inspect t.csv --target left", "target=left"),
        ("train t.csv --target=b epochs=1", "target=b"),
        ("train t.csv --dataset.target b epochs=1", "dataset.target=b"),
        ("train t.csv model=mlp --hidden [8,4] epochs=1", "'hidden=[8,4]'"),
        ("sweep lr=0.1,1 --batch-size=8 epochs=1", "batch_size=8"),
        ("compare bgd mbgd --epochs 1 --seeds 2", "epochs=1"),
        ("theory --l2 0.1", "l2=0.1"),
        ("gradcheck t.csv --target b", "target=b"),
        ("config check --schedule cosine", "schedule=cosine"),
        ("inspect t.csv --missing=mean target=b", "missing=mean"),
    ],
)
def test_a_key_with_dashes_is_answered_by_the_setting_that_works(table, words, setting):
    answer = table(*shlex.split(words))
    assert (answer.code, answer.out) == (2, "")
    hint = f"hint: keys of the config have no dashes: write {setting}"
    assert answer.err.splitlines()[-1] == hint
    # The same command with the setting in place of the option.
    option = r" --(?!seeds)[\w.-]+[ =]\S+"
    corrected = re.sub(option, lambda _: f" {setting}", words, count=1)
    assert table(*shlex.split(corrected)).code == 0


@pytest.mark.longer
@pytest.mark.parametrize("key", sorted(config_keys()))
def test_every_key_with_dashes_is_known(here, key):
    # An option of the command, such as --seed, is no unknown one.
    option = f"--{key.replace('_', '-')}"
    answer = here("gradcheck", option, "x", "epochs=1")
    if f"has no option {option}" in answer.err:
        assert answer.err.endswith(f"keys of the config have no dashes: write {key}=x\n")
        without = here("gradcheck", option, "epochs=1").err
        assert without.endswith(f"keys of the config have no dashes: write {key}=…\n")
    else:
        assert key == "seed"


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("predict last t.csv --target b", "leave out --target"),
        ("evaluate last t.csv --target b", "leave out --target; did you mean --targets?"),
    ],
)
def test_a_run_keeps_its_config(table, words, hint):
    answer = table(*words.split())
    said = f"hint: target is a key of the config, and a run keeps its own: {hint}\n"
    assert answer.code == 2 and answer.err.endswith(said)
    assert table(*words.removesuffix(" --target b").split()).code == 0


@pytest.mark.longer
def test_a_column_is_not_a_target_to_reach(table):
    answer = table("sweep", "lr=0.1,1", "t.csv", "--target", "b", "epochs=1")
    assert answer.err.splitlines()[-1] == (
        "hint: write it as METRIC=NUMBER, such as loss=0.1 or accuracy=0.95; the column to predict "
        "is another key: set dataset.target=b"
    )
    assert table("sweep", "lr=0.1,1", "t.csv", "dataset.target=b", "epochs=1").code == 0


def test_a_surface_of_a_file_can_be_removed(here):
    words = ("bowl.yaml", "surface=none", "dataset=iris", "model=softmax", "epochs=1")
    assert here("train", *words, "-q").code == 0
    missing = [line for line in here("train", *words[:2]).err.splitlines() if "error" in line]
    assert missing == [
        "error: bowl.yaml: has no section dataset",
        "error: bowl.yaml: has no section model",
    ]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("heading", "name"), [("val_acc", "validation_accuracy"), ("val loss", "validation_loss")]
)
def test_the_heading_of_a_column_names_its_quantity(here, heading, name):
    words = ("dataset=iris", "model=softmax", "epochs=1", "--seeds", "1")
    study = here("sweep", "lr=0.1,1", *words, "--metric", heading, "--json").out
    assert json.loads(study)["metric"] == name
    here("train", *words[:3], "-q")
    head = here("runs", "--sort", f"-{heading}", "--columns", heading).out.splitlines()[0]
    assert head.split() == ["run", name]


def test_an_accuracy_is_a_percentage_in_every_table(here):
    here("train", "dataset=iris", "model=softmax", "epochs=1", "-q")
    table = here("runs", "--columns", "test_acc").page
    assert re.search(r"iris-softmax-\w+ +[\d.]+ %$", table, re.MULTILINE)


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
        "lr belongs to optimizer: write optimizer: {name: vanilla, lr: 0.1}",
        "epochs belongs to stopping: write stopping: {epochs: 3}",
    ]


@pytest.mark.parametrize(
    ("given", "hint", "section"),
    [
        (
            {"optimizer.lr": 0.01},
            "lr belongs to optimizer: write optimizer: {name: vanilla, lr: 0.01}",
            {"optimizer": {"name": "vanilla", "lr": 0.01}},
        ),
        (
            {"optimizer": "adam", "learning_rate": 0.01},
            "lr belongs to optimizer: write optimizer: {name: adam, lr: 0.01}",
            {"optimizer": {"name": "adam", "lr": 0.01}},
        ),
        (
            {"optimizer": {"name": "adam", "beta1": 0.8}, "lr": 0.01},
            "lr belongs to optimizer: add lr: 0.01 to optimizer",
            {"optimizer": {"name": "adam", "beta1": 0.8, "lr": 0.01}},
        ),
        (
            {"dataset.split.validation": 0.2},
            "validation belongs to dataset.split: "
            "write dataset: {name: iris, split: {validation: 0.2}}",
            {"dataset": {"name": "iris", "split": {"validation": 0.2}}},
        ),
        (
            {"batch_size": 8},
            "batch_size belongs to variant: write variant: {name: mbgd, batch_size: 8}",
            {"variant": {"name": "mbgd", "batch_size": 8}},
        ),
        (
            {"optimizer": {"beta2": 0.9, "lr": 0.1}},
            "add a name to optimizer, such as name: adam",
            {"optimizer": {"beta2": 0.9, "lr": 0.1, "name": "adam"}},
        ),
        (
            {"optimizer": {"weight_decay": 0.1}},
            "add a name to optimizer, such as name: adamw",
            {"optimizer": {"weight_decay": 0.1, "name": "adamw"}},
        ),
        (
            {"lr": object()},
            'lr belongs to optimizer: write optimizer: {name: vanilla, lr: "…"}',
            {},
        ),
    ],
)
def test_the_hint_for_a_key_of_a_section_works_and_loses_no_value(given, hint, section):
    base = {"dataset": "iris", "model": "softmax"}
    with pytest.raises(ConfigError) as caught:
        load(base | given)
    assert [problem.hint for problem in caught.value.problems] == [hint]
    # The section, written by hand as the hint says.
    assert load(base | section)


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


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "noted"),
    [
        ("optimizer=sgd", True),
        ("optimizer=sgd variant=mbgd", False),
        ("optimizer=sgd batch_size=8", False),
        ("optimizer=vanilla", False),
    ],
)
def test_the_optimizer_sgd_is_told_from_the_variant(here, words, noted):
    answer = here("train", *words.split(), "dataset=iris", "model=softmax", "epochs=1")
    assert answer.code == 0
    assert ("for steps on single examples, set variant=sgd" in answer.err) == noted


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("train --runs new", "--out new"),
        ("sweep lr --runs=new", "--out new"),
        ("compare bgd sgd --runs", "--out DIR"),
        ("show --runs kept", "--out kept"),
        ("plot last --out kept", "--runs kept"),
        ("evaluate last iris -o kept", "--runs kept"),
    ],
)
def test_the_directory_of_runs_is_found_under_its_other_name(here, words, option):
    Path("kept").mkdir()
    answer = here(*words.split())
    assert answer.err.splitlines()[-1] == f"hint: for the directory of runs, write {option}"


def test_out_is_not_the_directory_of_runs_where_it_names_a_file(here):
    hint = here("evaluate", "last", "iris", "--out", "new.csv").err.splitlines()[-1]
    assert "--out is an option of gdrun train" in hint and "write --runs" not in hint


def test_a_key_that_takes_no_list_gets_no_hint_to_write_one(here):
    for words in ("train optimizer=vanilla,adam", "train epochs=1,2"):
        assert "for a list" not in here(*words.split()).err
    assert "for a list write start=[1,2,3]" in here("train", "surface=bowl", "start=1,2,3").err


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_setting_of_new_rows_is_an_option_that_works(here, command):
    """The rows have a city in Latin-1, and a comma that may be between thousands."""
    rows = "".join(f"{k},{'Köln' if k % 2 else 'Bonn'},{2 * k}\n" for k in range(40))
    Path("t.csv").write_text(f"a,city,y\n{rows}", encoding="utf-8")
    assert here("train", "t.csv", "epochs=1", "keep=a").code == 0
    Path("new.csv").write_text("a;city;y\n1,200;Köln;3\n", encoding="latin-1")
    options: list[str] = []
    for option in (["--encoding", "latin-1"], ["--decimal", ","]):
        refused = here(command, "last", "new.csv", *options)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.endswith(f" {' '.join(option)}\n")
        options += option
    assert here(command, "last", "new.csv", *options).code == 0
