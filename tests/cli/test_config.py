"""`gdrun config`: new, check, show, schema."""

import json
from pathlib import Path

import pytest

from gdrun.config.loading import load, starter_text
from gdrun.config.schema import schema
from gdrun.config.sections import SECTIONS

NOT_A_FILE = "is not a file and not KEY=VALUE"


def test_new_writes_a_starter_that_checks_and_is_never_overwritten(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert gdrun("config", "new").out == starter_text()
    assert gdrun("config", "new", "-").out == starter_text()
    assert not Path("-").exists()
    assert gdrun("config", "new", "mine.yaml").page == "wrote mine.yaml\n"
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == starter_text()
    (tmp_path / "mine.yaml").write_text("model: softmax\n", encoding="utf-8")
    again = gdrun("config", "new", "mine.yaml")
    assert (again.code, again.err) == (
        2,
        "error: mine.yaml: the file exists already\nhint: choose another name\n",
    )
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == "model: softmax\n"


def test_new_in_a_directory_that_is_not_there(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert gdrun("config", "new", "a/b.yaml").err == (
        "error: a/b.yaml: the file cannot be written: No such file or directory\n"
        "hint: the directory a does not exist\n"
    )


def test_check_prints_the_outline_of_a_valid_experiment(gdrun, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "name: mine\ndataset: iris\nmodel: softmax\nvariant: bgd\noptimizer: gd\n"
        "stopping: {epochs: 7, early_stopping: {}}\n",
        encoding="utf-8",
    )
    assert gdrun("config", "check", str(file), "clip.norm=2", "standardize=false").page == (
        "mine: valid\n"
        "  dataset    iris, standardize false\n"
        "  model      softmax, init zeros\n"
        "  variant    bgd\n"
        "  optimizer  vanilla, lr 0.01\n"
        "  schedule   constant\n"
        "  clip       norm 2\n"
        "  stopping   early_stopping, epochs 7\n"
        "  seed       0\n"
    )


def test_check_as_json(gdrun):
    document = json.loads(gdrun("config", "check", "seed=9", "--json").out)
    assert (document["valid"], document["name"]) == (True, "quickstart")
    assert document["outline"]["seed"] == "9"


def test_a_first_word_with_an_equals_sign_is_an_override_unless_it_is_a_file(
    gdrun, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert gdrun("config", "show", "lr=0.5").out == gdrun("config", "show", "lr=0.5").out
    assert "lr: 0.5\n" in gdrun("config", "show", "lr=0.5").out
    (tmp_path / "lr=0.5").write_text("dataset: wine\nmodel: softmax\n", encoding="utf-8")
    assert "name: wine\n" in gdrun("config", "show", "lr=0.5").out


def test_show_prints_a_config_that_gives_the_same_experiment(gdrun, tmp_path):
    shown = gdrun("config", "show", "optimizer=adam", "--seed", "5")
    assert (shown.code, shown.err) == (0, "")
    file = tmp_path / "shown.yaml"
    file.write_text(shown.out, encoding="utf-8")
    assert load(file) == load(None, ["optimizer=adam", "seed=5"])
    assert gdrun("config", "show", str(file)).out == shown.out


@pytest.mark.longer
def test_new_from_a_file_or_a_run_is_its_config_with_changes(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("bowl.yaml").write_text("surface: bowl\nstopping: {steps: 3}\n", encoding="utf-8")
    assert gdrun("config", "new", "--from", "bowl.yaml", "lr=0.5", "new.yaml").code == 0
    assert load("new.yaml").plain() == load("bowl.yaml", ["lr=0.5"]).plain()
    gdrun("train", "bowl.yaml", "-q")
    assert gdrun("config", "new", "seed=4", "--from", "last", "next.yaml").code == 0
    assert load("next.yaml").plain() == load("bowl.yaml", ["seed=4", "engine=numpy"]).plain()
    gdrun("sweep", "lr=0.01,0.1", "-c", "bowl.yaml", "-q")
    printed = gdrun("config", "new", "--from", "last").out
    assert "lr: 0.1\n" in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lr=x"], "error: 'lr=x' optimizer.lr: must be a number, got 'x'\n"),
        (
            ["lr=1", "a.yaml", "b.yaml"],
            "error: b.yaml: is a second file to write\n"
            "hint: a.yaml is already the file to write; changes have the form KEY=VALUE\n",
        ),
        (
            ["iris", "a.yaml"],
            f"error: iris: {NOT_A_FILE}\nhint: to choose iris, write dataset=iris\n",
        ),
        (["adam"], f"error: adam: {NOT_A_FILE}\nhint: to choose adam, write optimizer=adam\n"),
        (["lr", "0.1"], f"error: lr: {NOT_A_FILE}\nhint: to set the key, write lr=0.1\n"),
        (["--from", "a", "adam"], f"error: adam: {NOT_A_FILE}\nhint: to choose adam, write"),
        (["SELECT 1 AS y"], "error: SELECT 1 AS y: is a query, not a file\n"),
        (["path=nope.csv"], "error: nope.csv: no such file\n"),
        (["--from", "nope.yaml"], "error: nope.yaml: there is no such file\n"),
        (["--from", "nope"], "error: runs: no run or study is called 'nope'\n"),
    ],
)
def test_new_says_what_its_words_lack(gdrun, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    answer = gdrun("config", "new", *words)
    assert answer.code == 2
    assert answer.err.startswith(message)
    assert list(tmp_path.iterdir()) == []


def test_new_never_writes_over_its_data(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "x,y\n" + "".join(f"{k},{3 * k}\n" for k in range(40))
    Path("t.csv").write_text(text, encoding="utf-8")
    answer = gdrun("config", "new", "t.csv", "t.csv")
    assert answer.err.startswith("error: t.csv: the file exists already\n")
    assert Path("t.csv").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "words",
    [
        ["path=a.csv"],
        ["dataset.path=a.csv", "target=x"],
        ["query=SELECT x, y * 2 AS y FROM './a.csv'"],
        ["query=SELECT x, y FROM './a.csv' WHERE y >= 0" + 50 * " AND y >= 0"],
        ["path=a.csv", "model=mlp"],
        ["dataset=iris"],
        ["dataset=iris", "variant=sgd", "lr=0.01"],
        ["surface=bowl"],
        ["lr=0.02"],
    ],
)
def test_new_has_the_config_that_train_uses_for_the_same_words(gdrun, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{k},{3 * k}\n" for k in range(40))
    Path("a.csv").write_text(f"x,y\n{rows}", encoding="utf-8")
    assert gdrun("config", "new", *words, "new.yaml").code == 0
    printed = gdrun("config", "new", *words)
    assert (printed.code, printed.out) == (0, Path("new.yaml").read_text(encoding="utf-8"))
    trained = gdrun("train", *words, "epochs=1", "engine=numpy", "-q", "--json")
    config = load(Path(json.loads(trained.out)["directory"], "config.yaml")).plain()
    assert load("new.yaml", ["epochs=1", "engine=numpy"]).plain() == _beside(config, tmp_path)


def _beside(config, directory):
    """The config of a run with the paths of its data as users write them, in this directory."""
    dataset = config.get("dataset", {})
    if "path" in dataset:
        dataset["path"] = str(Path(dataset["path"]).relative_to(directory))
    if "folder" in dataset:
        dataset["folder"] = "."
    return config


def test_show_as_json(gdrun):
    assert json.loads(gdrun("config", "show", "--json").out) == load().plain()


@pytest.mark.longer
def test_schema_is_one_json_document(gdrun):
    assert json.loads(gdrun("config", "schema").out) == schema()


@pytest.mark.longer
@pytest.mark.parametrize(
    ("key", "name"), [(key, name) for key, kind in SECTIONS.items() for name in kind.registry]
)
def test_every_registered_name_has_an_outline(gdrun, key, name):
    answer = gdrun("config", "check", f"{key}={name}")
    assert (answer.code, answer.err) == (0, "")
    (line,) = (line for line in answer.out.splitlines() if line.startswith(f"  {key} "))
    assert line.split()[1].strip(",") == name


def test_new_from_a_run_has_paths_that_move_with_the_directory(gdrun, tmp_path, monkeypatch):
    first, moved = tmp_path / "first", tmp_path / "moved"
    (first / "data").mkdir(parents=True)
    monkeypatch.chdir(first)
    rows = "".join(f"{k},{2 * k}\n" for k in range(40))
    for name in ("data/line.csv", "later.csv", "../outside.csv"):
        Path(name).write_text("x,y\n" + rows, encoding="utf-8")
    words = ("validation=later.csv", "test=../outside.csv", "model=linear", "lr=0.01", "epochs=1")
    assert gdrun("train", "data/line.csv", *words, "-q").code == 0
    for source, file in (("last", "new.yaml"), ("runs", "-")):
        directory = next(Path("runs").iterdir()) if source == "runs" else source
        answer = gdrun("config", "new", "--from", str(directory), file, "seed=3")
        text = answer.out if file == "-" else Path(file).read_text(encoding="utf-8")
        assert "  path: data/line.csv\n" in text
        assert "  validation: later.csv\n" in text
        assert f"  test: {first / '../outside.csv'}\n" in text
    # A config elsewhere is used from elsewhere.
    gdrun("config", "new", "--from", "last", str(tmp_path / "far.yaml"))
    assert f"  path: {first / 'data/line.csv'}\n" in (tmp_path / "far.yaml").read_text("utf-8")
    # A path that is typed is relative already.
    for path in ("later.csv", "./later.csv", str(first / "later.csv")):
        text = gdrun("config", "new", "--from", "last", f"path={path}").out
        assert "  path: later.csv\n" in text
    first.rename(moved)
    monkeypatch.chdir(moved)
    assert gdrun("train", "new.yaml", "test=data/line.csv", "-q").code == 0
