"""Every hint leads to a command that works: what a hint says to write is run as it is written."""

import gzip
import json
import re
import shlex
from pathlib import Path

import pandas
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


def test_a_dataset_that_gdrun_has_no_copy_of_is_read_from_its_files(here):
    hint = here("train", "dataset=mnist").err.splitlines()[-1]
    keys = hint.partition(", set ")[2].split()
    assert keys == [
        "dataset.path=train-images-idx3-ubyte.gz",
        "dataset.targets=train-labels-idx1-ubyte.gz",
    ]
    # The format of http://yann.lecun.com/exdb/mnist: zeros, the type 8, the axes, and their sizes.
    pixels = bytes(range(200)) * 2
    images = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (100, 2, 2)) + pixels
    labels = bytes([0, 0, 8, 1]) + (100).to_bytes(4, "big") + bytes(k % 2 for k in range(100))
    for key, content in zip(keys, (images, labels), strict=True):
        Path(key.partition("=")[2]).write_bytes(gzip.compress(content))
    answer = here("train", *keys, "epochs=1")
    assert answer.code == 0
    assert "assumed model: classification" in answer.err
    assert "assumed" not in here("train", *keys, "epochs=1", "model=softmax").err


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


@pytest.mark.longer
@pytest.mark.parametrize("words", ["train {}", "train {} target=y", "config show {}"])
@pytest.mark.parametrize("lines", [True, False])
def test_rows_of_json_are_no_config(here, words, lines):
    frame = pandas.DataFrame({"a": [k % 7 for k in range(40)], "y": [k / 2 for k in range(40)]})
    frame.to_json("made.json", orient="records", lines=lines)
    answer = here(*words.format("made.json").split())
    assert (answer.code, answer.err) == (
        2,
        "error: made.json: is a JSON document, which gdrun cannot read\n"
        "hint: if each line is an object, name the file train.jsonl; else write such lines with "
        "pandas: frame.to_json('train.jsonl', orient='records', lines=True)\n",
    )
    # The ways that the hint gives.
    if lines:
        Path("made.json").rename("train.jsonl")
    else:
        frame.to_json("train.jsonl", orient="records", lines=True)
    assert here("train", "train.jsonl", "epochs=1", "-q").code == 0


@pytest.mark.parametrize("indent", [None, 1])
def test_a_config_may_be_json(here, indent):
    config = {"dataset": {"name": "iris"}, "model": "softmax", "stopping": {"epochs": 1}}
    Path("made.json").write_text(json.dumps(config, indent=indent) + "\n", encoding="utf-8")
    assert here("train", "made.json", "-q").code == 0


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        ("lr=0.1 lr=0.01", ["momentum+lr=0.1", "momentum+lr=0.01"]),
        ("momentum beta=0.5 beta=0.9", ["momentum+beta=0.5", "momentum+beta=0.9"]),
    ],
)
def test_values_in_the_place_of_contenders_are_swept_or_compared(here, words, candidates):
    answer = here("compare", *words.split(), "surface=bowl", "steps=5")
    assert answer.code == 2
    compare, sweep = re.findall("`(gdrun [^`]+)`", answer.err)
    for command in (sweep, compare):
        assert here(*shlex.split(command)[1:], "-q").code == 0
    assert shlex.split(sweep)[2] == f"{words.split()[-2]},{words.rpartition('=')[2]}"
    assert shlex.split(compare)[2:4] == candidates


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


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "contenders"),
    [
        ("optimizer=vanilla,momentum lr=0.1 steps=3", "vanilla momentum lr=0.1 steps=3"),
        ("'optimizer=[vanilla, momentum]' steps=3", "vanilla momentum steps=3"),
        ("variant=bgd,sgd steps=3", "bgd sgd steps=3"),
        ("schedule=cosine,constant steps=3", "cosine constant steps=3"),
        # linear is the name of a model too, and sgd as an optimizer is vanilla.
        ("schedule=linear,cosine", "momentum+schedule=linear momentum+schedule=cosine"),
        ("optimizer=sgd,adam", "vanilla adam"),
        ("adam optimizer=vanilla,momentum", "adam vanilla momentum"),
        ("vanilla adam variant=bgd,sgd", "vanilla+bgd vanilla+sgd adam+bgd adam+sgd"),
        ("optimizer=vanilla optimizer=adam", "vanilla adam"),
        ("lr=0.1 lr=0.2", "momentum+lr=0.1 momentum+lr=0.2"),
        ("lr=0.1 lr=0.2 optimizer=adam", "adam+lr=0.1 adam+lr=0.2 optimizer=adam"),
    ],
)
def test_names_in_the_place_of_contenders_lead_to_the_comparison(here, words, contenders):
    answer = here("compare", "surface=bowl", "epochs=1", *shlex.split(words))
    assert answer.code == 2
    compared, swept = re.findall(r"`gdrun ([^`]+)`", answer.err.replace("\n", " "))
    assert sorted(compared.split()[1:]) == sorted([*contenders.split(), "surface=bowl", "epochs=1"])
    for hinted in (compared, swept):
        assert here(*shlex.split(hinted), "-q", "-o", "studies").code == 0


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "compared"),
    [
        (
            "schedule=constant 'schedule=cosine schedule.warmup=2' lr=0.3 --seeds 3",
            "constant cosine+warmup=2 lr=0.3 --seeds 3",
        ),
        (
            "--tune=lr 'optimizer=momentum beta=0.5' optimizer=adam -j1 --seeds 2",
            "momentum+beta=0.5 adam --tune=lr -j1 --seeds 2",
        ),
    ],
)
def test_settings_in_one_word_become_one_contender(here, words, compared):
    """The command keeps the options that were typed, and works when it is typed."""
    answer = here("compare", *shlex.split(words), "surface=bowl", "epochs=4")
    (hinted,) = re.findall(r"`gdrun compare ([^`]+)`", answer.err)
    assert "gdrun sweep" not in answer.err
    assert sorted(hinted.split()) == sorted([*compared.split(), "surface=bowl", "epochs=4"])
    assert here("compare", *shlex.split(hinted), "-q", "-o", "studies").code == 0


def test_a_sweep_in_place_of_contenders_keeps_the_options_that_it_has(here):
    words = "lr=0.1 lr=0.2 surface=bowl --tune lr --seeds=3 --budget epochs=4 --metric loss -j 1"
    answer = here("compare", *words.split())
    compared, swept = re.findall(r"`gdrun ([^`]+)`", answer.err)
    assert compared.endswith(
        " surface=bowl --tune lr --seeds=3 --budget epochs=4 --metric loss -j 1"
    )
    assert swept == "sweep lr=0.1,0.2 surface=bowl --seeds=3 --metric loss -j 1"


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


def test_a_missing_file_is_looked_for_in_its_directory_and_here(gdrun, tmp_path, monkeypatch):
    inside = tmp_path / "inside"
    inside.mkdir()
    for file in (tmp_path / "customers.csv", inside / "customer_list.csv"):
        file.write_text("a,b\n1,2\n", encoding="utf-8")
    monkeypatch.chdir(inside)
    hint_of = lambda word: gdrun("train", word).err.splitlines()[-1]  # noqa: E731
    assert hint_of("../customer.csv") == "hint: did you mean ../customers.csv or customer_list.csv?"
    assert hint_of("nowhere/customer_lst.csv") == "hint: did you mean customer_list.csv?"
    assert hint_of("nowhere/zz.csv") == "hint: the directory nowhere does not exist"
    assert hint_of("zz.parquet") == "hint: a relative path starts at the current directory"
