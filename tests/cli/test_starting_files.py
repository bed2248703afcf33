"""The files of a first experiment: kinds, patterns, queries, and how often they are read."""

import json
import re
import shlex
import time
from pathlib import Path

import pytest
import yaml
from first_experiments import document

import gdrun as package
from gdrun.data import csv_files, load_table
from gdrun.data.csv_layout import read_layout


@pytest.mark.longer
def test_the_file_is_read_once(gdrun, houses, monkeypatch):
    """The table that was read to choose the model is that which is trained on."""
    read = []
    monkeypatch.setattr(csv_files, "read_layout", lambda *of: read.append(of) or read_layout(*of))
    direct, _ = document(gdrun, "houses.csv", "target=price")
    assert len(read) == 1
    repeated, _ = document(gdrun, f"{direct['directory']}/config.yaml")
    assert len(read) == 2
    assert direct["summary"]["test_loss"] == repeated["summary"]["test_loss"]


@pytest.mark.longer
@pytest.mark.parametrize("words", [["sweep", "lr=0.01,0.1"], ["compare", "adam", "momentum"]])
def test_a_study_reads_the_file_once(gdrun, houses, monkeypatch, words):
    read = []
    monkeypatch.setattr(csv_files, "read_layout", lambda *of: read.append(of) or read_layout(*of))
    answer = gdrun(*words, "houses.csv", "target=price", "epochs=2", "--seeds", "2")
    assert (answer.code, len(read)) == (0, 1), answer.err


def test_a_missing_file_names_that_with_another_ending_first(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("sales_new.csv", "sale.csv", "sales.csv.gz", "sales.parquet"):
        (tmp_path / name).touch()
    hint = "hint: did you mean sales.csv.gz or sales.parquet?\n"
    for words in (("train",), ("inspect",), ("sweep", "lr")):
        assert gdrun(*words, "sales.csv").err.endswith(hint)


@pytest.mark.longer
def test_a_file_of_a_kind_that_is_not_read_is_named(gdrun, houses):
    (houses / "houses.xlsx").write_bytes(b"PK\x03\x04\x80")
    says = "houses.xlsx: is an Excel workbook, which gdrun cannot read\nhint: save the sheet as CSV"
    for command in (
        ("train", "houses.xlsx"),
        ("sweep", "lr", "houses.xlsx"),
        ("sweep", "lr", "-c", "houses.xlsx"),
        ("compare", "bgd", "sgd", "houses.xlsx"),
        ("theory", "houses.xlsx"),
    ):
        assert says in gdrun(*command).err
    says = "lost.xlsx: there is no such file\nhint: did you mean houses.xlsx?"
    assert says in gdrun("compare", "bgd", "sgd", "lost.xlsx").err
    says = "hint: houses.xlsx is an Excel workbook, which gdrun cannot read: save the sheet as CSV"
    assert says in gdrun("train", "dataset=houses.xlsx").err


@pytest.mark.longer
def test_a_directory_of_images_is_named_and_one_of_cifar_is_read(gdrun, houses):
    (houses / "images" / "cat").mkdir(parents=True)
    (houses / "images" / "cat" / "1.png").write_bytes(b"\x89PNG")
    says = "error: images: is a directory of images, which gdrun cannot read\nhint: save the pixels"
    for command in (("train", "images"), ("sweep", "lr", "-c", "images")):
        assert gdrun(*command).err.startswith(says)
    (houses / "cifar").mkdir()
    records = b"".join(bytes([k % 10]) + bytes(3072) for k in range(40))
    (houses / "cifar" / "data_batch_1.bin").write_bytes(records)
    assert gdrun("train", "cifar", "model=softmax", "variant=bgd", "epochs=1", "-q").code == 0
    (houses / "empty").mkdir()
    assert "empty: this is a directory" in gdrun("train", "empty").err


@pytest.mark.longer
@pytest.mark.parametrize("words", [(), ("missing=mean",), ("target=x",)])
def test_the_time_of_reading_includes_the_one_for_the_assumptions(
    gdrun, tmp_path, monkeypatch, words
):
    def slowly(*given, **options):
        time.sleep(0.15)
        return load_table(*given, **options)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gdrun.study.starting.load_table", slowly)
    (tmp_path / "small.csv").write_text("x,y\n" + "".join(f"{k},{k % 7 / 2}\n" for k in range(40)))
    answer = gdrun("train", "small.csv", *words, "lr=0.1", "epochs=1", "engine=numpy", "--json")
    assert json.loads(answer.out)["timing"]["reading"] >= 0.15


@pytest.mark.longer
def test_a_query_trains_as_its_file_does(gdrun, tmp_path, monkeypatch):
    """The commands that `inspect` and the hint for a unit print give the run of the plain file."""
    monkeypatch.chdir(tmp_path)
    cells = [
        (("n/a" if k % 9 == 0 else f"{k * 37 % 101}"), k % 7, "ab"[k % 5 > 1]) for k in range(90)
    ]
    for name, unit in (("plain", ""), ("units", " °C")):
        rows = "".join(f"{a}{unit if a != 'n/a' else ''},{b},{label}\n" for a, b, label in cells)
        Path(f"{name}.csv").write_text("temp,b,label\n" + rows, encoding="utf-8")
    expected, _ = document(gdrun, "plain.csv", "epochs=2")

    def typed(text):
        words = shlex.split(text)
        return words[words.index("train") + 1 :] if "train" in words else words

    printed = gdrun("inspect", "query=SELECT * FROM 'plain.csv'").out.rpartition("gdrun ")[2]
    monkeypatch.setattr("sys.argv", ["gdrun", "train", "units.csv"])
    hint = re.search(r'"query=.*?"', gdrun("train", "units.csv").err)[0]
    for words in (typed(printed), typed(hint)):
        found, _ = document(gdrun, *words, "epochs=2")
        assert found["config"]["model"]["name"] == "logistic"
        assert found["summary"]["train_loss"] == expected["summary"]["train_loss"]


@pytest.mark.longer
def test_a_pattern_of_files_is_one_table(gdrun, houses):
    """The rows of two halves, in the order of the names of the files, are those of the whole."""
    header, *lines = Path("houses.csv").read_text(encoding="utf-8").splitlines()
    Path("parts").mkdir()
    for name, half in (("1.csv", lines[:60]), ("2.csv", lines[60:])):
        Path("parts", name).write_text("\n".join([header, *half, ""]), encoding="utf-8")
    words = ("epochs=2", "target=price")
    whole, _ = document(gdrun, "houses.csv", *words)
    found, notes = document(gdrun, "parts/*.csv", *words)
    assert found["config"]["dataset"]["path"].endswith("parts/*.csv")
    assert found["summary"]["train_loss"] == whole["summary"]["train_loss"]
    assert "assumed model: regression" in notes
    for study in (("sweep", "lr=0.1,0.3"), ("compare", "adam", "momentum")):
        options = (*words, "engine=numpy", "--seeds", "1", "--json")
        of_whole, of_parts = (
            json.loads(gdrun(*study, data, *options).out)["ranking"]
            for data in ("houses.csv", "parts/*.csv")
        )
        assert [each["median"] for each in of_parts] == [each["median"] for each in of_whole]
    # What a shell makes of the pattern without quotes.
    for command in (("train",), ("sweep", "lr")):
        answer = gdrun(*command, "parts/1.csv", "parts/2.csv")
        assert answer.code == 2
        assert "to read several files as one table, quote the pattern: 'parts/*.csv'" in answer.err
    answer = gdrun("train", "parts/*.parquet")
    assert answer.err.startswith("error: parts/*.parquet: there is no such file\n")


@pytest.mark.longer
def test_a_new_config_leaves_out_the_same_columns_of_later_files(gdrun, tmp_path, monkeypatch):
    """In February the numbers of the parts begin again, so that they identify no row."""
    monkeypatch.chdir(tmp_path)
    for name, parts in (("jan", 60), ("feb", 30)):
        rows = [f"{100 + k % parts},{k % 7},{k % 5},{k * k % 11}.5" for k in range(60)]
        text = "\n".join(["part_no,a,b,y", *rows, ""])
        Path(f"{name}.csv").write_text(text, encoding="utf-8")
    assert gdrun("config", "new", "jan.csv", "ignore=b", "jan.yaml").code == 0
    dataset = yaml.safe_load(Path("jan.yaml").read_text(encoding="utf-8"))["dataset"]
    assert dataset["ignore"] == ["b", "part_no"]
    for file in ("jan.csv", "feb.csv"):
        answer = gdrun("train", "jan.yaml", f"path={file}", "epochs=1", "engine=numpy", "--json")
        assert package.read_run(json.loads(answer.out)["directory"]).model.feature_names == ("a",)


OTHER_DATA = ["path=b.csv", "dataset.path=b.csv", "dataset=iris", "query=SELECT * FROM 'b.csv'"]


@pytest.mark.parametrize("words", [["train"], ["sweep", "lr=0.1,1"], ["compare", "bgd", "mbgd"]])
@pytest.mark.parametrize("other", [*OTHER_DATA, "surface=bowl"])
def test_two_sources_of_data_are_refused(gdrun, tmp_path, monkeypatch, words, other):
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x,y\n" + "1,2\n2,3\n3,5\n" * 5, encoding="utf-8")
    answer = gdrun(*words, "a.csv", other)
    assert (answer.code, answer.out) == (2, "")
    error = f"error: {other!r}: names other data than a.csv\nhint: leave one of them out\n"
    assert answer.err == error
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("model", [(), ("model=linear",)])
def test_two_keys_of_data_are_refused_and_one_twice_is_not(gdrun, tmp_path, monkeypatch, model):
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x,y\n" + "1,2\n2,3\n3,5\n" * 5, encoding="utf-8")
    more = (*model, "target=y", "epochs=1")
    answer = gdrun("train", "query=SELECT * FROM 'b.csv'", "path=a.csv", *more)
    assert re.search("^error: ['\"].+: names other data than .+\nhint: leave one", answer.err)
    assert gdrun("train", "a.csv", f"path={tmp_path}/a.csv", *more[len(model) :]).code == 0
    # For one key the last value counts.
    last, _ = document(gdrun, "path=a.csv", "path=b.csv", *more)
    assert last["config"]["dataset"]["path"].endswith("b.csv")


@pytest.mark.parametrize("key", ["path", "dataset.path", "query", "dataset.target"])
def test_data_beside_a_surface_are_refused_as_a_contradiction(gdrun, tmp_path, monkeypatch, key):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("x,y\n" + "1,2\n2,3\n" * 5, encoding="utf-8")
    answer = gdrun("train", f"{key}=a.csv", "surface=bowl")
    assert (answer.code, answer.err) == (
        2,
        f"error: '{key}=a.csv': a surface replaces dataset and model\n"
        f"hint: remove {key} or surface; surface=none removes the surface of a config file\n",
    )


def test_a_dataset_beside_arrays_is_refused():
    data = ([[0.0], [1.0], [2.0], [3.0]] * 5, [0.0, 1.0, 2.0, 3.0] * 5)
    config = {"model": "linear", "stopping": {"epochs": 1}}
    for other in OTHER_DATA:
        with pytest.raises(package.ConfigError, match=r"names other data than data=\(X, y\)"):
            package.train(config, other, data=data)
    assert package.train(config, "dataset=arrays", data=data).status == "exhausted"
