"""Hints on files that are missing, or that have another format, lead to a command that works."""

import gzip
import json
from pathlib import Path

import pandas
import pytest


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


def test_a_directory_that_is_missing_is_named(here):
    answer = here("show", "-o", "nowhere")
    assert answer.err.startswith("error: nowhere: there is no such directory\n")


def test_a_file_that_is_missing_is_reported_after_an_override_too(here):
    answer = here("train", "lr=0.1", "missing.yaml")
    assert answer.err.splitlines()[0] == "error: missing.yaml: there is no such file"


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
