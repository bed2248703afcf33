"""`gdrun compare` with config files and recorded runs as contenders."""

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from gdrun.config.writing import to_yaml


@pytest.fixture
def here(gdrun, tmp_path, monkeypatch):
    """A function that runs a command line in a directory with a table and four configs."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{k % 7},{k * 3 % 11},{'yes' if k % 7 > k * 3 % 11 else 'no'}" for k in range(77)]
    Path("rows.csv").write_text("a,b,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    Path("link.csv").symlink_to("rows.csv")
    base = {"model": "logistic", "variant": "bgd", "stopping": {"epochs": 4}}
    named = {
        "a": {"dataset": {"path": "rows.csv", "target": "y"}, "optimizer": "adam"},
        "b": {"dataset": {"path": str(tmp_path / "rows.csv"), "target": "y"}},
        "link": {"dataset": {"path": "./link.csv", "target": "y"}, "optimizer": "nesterov"},
        "other": {"dataset": {"name": "blobs", "n": 60, "classes": 2}},
    }
    for name, own in named.items():
        Path(f"{name}.yaml").write_text(to_yaml(base | own), encoding="utf-8")
    return gdrun


def contenders(answer):
    assert (answer.code, answer.err) == (0, "")
    return [row["name"] for row in json.loads(answer.out)["ranking"]]


def compare(here, *words):
    return here("compare", *words, "--seeds", "2", "--json", "-q")


@pytest.mark.longer
def test_the_spelling_of_a_path_makes_no_other_dataset(here, tmp_path, monkeypatch):
    assert set(contenders(compare(here, "a.yaml", "b.yaml", "link.yaml"))) == {"a", "b", "link"}
    (study,) = Path("runs").iterdir()
    # The data have one spelling in the record, so that it can be read from any directory.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert here("show", f"../{study}").code == 0


@pytest.mark.longer
@pytest.mark.parametrize(
    "words", ["a.yaml other.yaml", "other.yaml b.yaml", "bgd a.yaml", "a.yaml sgd"]
)
def test_the_hint_on_different_datasets_works_as_it_is_written(here, words):
    answer = compare(here, *words.split())
    assert (answer.code, "has a different dataset from" in answer.err) == (2, True)
    hint = re.search(r"hint: (.*?) gives every contender", answer.err)[1].strip("`")
    assert len(contenders(compare(here, *words.split(), *shlex.split(hint)))) == 2


@pytest.mark.longer
def test_files_of_one_name_get_different_names(here):
    for folder, source in (("first", "a"), ("second", "b")):
        Path(folder).mkdir()
        text = Path(f"{source}.yaml").read_text(encoding="utf-8")
        Path(folder, "config.yaml").write_text(text, encoding="utf-8")
        Path(folder, "named.yaml").write_text(f"name: run-{source}\n{text}", encoding="utf-8")
    for file, names in (("config", {"first", "second"}), ("named", {"run-a", "run-b"})):
        found = contenders(
            compare(here, f"first/{file}.yaml", f"second/{file}.yaml", "bgd", "-c", "a.yaml")
        )
        assert set(found) == names | {"bgd"}
    # A name that another contender has is not taken.
    Path("adam.yaml").write_text(Path("a.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    found = contenders(compare(here, "adam", "adam.yaml", "-c", "a.yaml"))
    assert len(set(found)) == 2 and "adam" in found
    for twice in ("a.yaml", "./a.yaml"):
        answer = compare(here, "a.yaml", twice)
        assert (answer.code, "a: is listed twice" in answer.err) == (2, True)


@pytest.mark.longer
def test_runs_are_contenders(here):
    for config in ("a", "b"):
        assert here("train", f"{config}.yaml", "-q").code == 0
    one, two = sorted(Path("runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    os.utime(two / "run.json", (4e9, 4e9))
    names = {one.name, two.name}
    for words in (
        (str(one), str(two)),
        (one.name, two.name),
        (one.name[:-2], "last"),
        (f"{one}/config.yaml", f"{two}/config.yaml"),
    ):
        answer = compare(here, *words, "-o", "runs")
        assert set(contenders(answer)) == names
        optimizers = {row["name"]: row["settings"] for row in json.loads(answer.out)["ranking"]}
        assert optimizers[one.name] == {"config": f"{one}/config.yaml"}


@pytest.mark.longer
def test_a_word_that_is_no_contender_leads_to_files_and_runs(here):
    answer = compare(here, "adm", "bgd")
    assert "did you mean adam" in answer.err
    assert "a contender may also be a config file or the directory of a run" in answer.err
    assert compare(here, "adam", "bgd").code == 0
    (study,) = Path("runs").iterdir()
    answer = compare(here, str(study), "bgd")
    assert f"error: {study}: is neither a config nor the directory of a run" in answer.err
    assert f"hint: did you mean {study}/best.yaml?" in answer.err
