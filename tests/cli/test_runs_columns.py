"""`gdrun runs`: which settings and metrics are columns, and under which names."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from short_runs import names


@pytest.fixture
def bowls(here):
    """Three runs on a surface, which differ in optimizer, rate, clipping and dtype."""
    bowl = ("train", "surface=bowl", "epochs=none", "steps=3", "engine=numpy", "-q")
    adam = ["optimizer=adam", "lr=0.1", "clip.norm=1", "dtype=float32"]
    for words in (["lr=0.1"], ["lr=0.25"], adam):
        here(*bowl, *words, "name=bowl")
    return here


@pytest.mark.longer
def test_the_settings_that_differ_are_columns(bowls, monkeypatch):
    def table(*filters):
        return [line.split() for line in bowls("runs", *filters).page.splitlines()]

    # Adam has no beta, from which momentum could differ; no run has a validation loss.
    monkeypatch.setenv("COLUMNS", "90")
    head, *rows = table()
    assert head == ["run", "status", "train", "loss", "optimizer", "lr", "norm", "dtype"]
    assert [row[-4:] for row in rows] == [
        ["momentum", "0.1", "–", "float64"],
        ["momentum", "0.25", "–", "float64"],
        ["adam", "0.1", "1", "float32"],
    ]
    # Among runs of momentum only the rate differs.
    assert table("optimizer=momentum")[0] == ["run", "status", "train", "loss", "lr"]


@pytest.mark.longer
@pytest.mark.parametrize("width", [34, 45, 55, 66, 75, 200])
def test_a_setting_that_differs_is_a_column_or_named_below(bowls, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    page = bowls("runs").page
    table, _, below = page.partition("the runs also differ in ")
    assert max(map(len, page.splitlines())) <= width
    named = below.partition(":")[0].replace("\n", " ").split(", ") if below else []
    first = table.splitlines()[0].split()
    # On a narrow terminal the first line is the id of a run, with its result below.
    columns = [name for name in first[1:] if name != "status"]
    assert {*named, *columns} - {"train", "loss"} == {"lr", "optimizer", "norm", "dtype"}
    assert not set(named) & set(columns)
    # The command that the sentence names shows them.
    if named:
        found = bowls("runs", "--columns", ",".join(named), "--csv").out
        assert found.splitlines()[0] == ",".join(["id", *named])


@pytest.mark.longer
@pytest.mark.parametrize("width", [34, 50, 80, 200])
def test_values_of_chosen_columns_stay_whole(bowls, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    keys = ("lr", "optimizer", "engine", "dtype")
    page = bowls("runs", "dtype=float32", "--columns", ",".join(keys)).page
    assert max(map(len, page.splitlines())) <= width
    (row,) = json.loads(bowls("runs", "dtype=float32", "--json").out)["runs"]
    words = page.split()
    values = [word for word in words[words.index(row["id"]) + 1 :] if word not in keys]
    assert values[:4] == ["0.1", "adam", "numpy", "float32"]


@pytest.mark.longer
def test_columns_and_csv(three):
    answer = three("runs", "--columns", "lr,optimizer,train_loss")
    head, *rows = (line.split() for line in answer.page.splitlines())
    assert head == ["run", "lr", "optimizer", "train_loss"]
    chosen = [["0.1", "momentum"], ["0.1", "adam"], ["1e+200", "momentum"]]
    assert [row[1:3] for row in rows] == chosen
    answer = three("runs", "name=lower", "--columns", "optimizer", "--csv")
    line, row = answer.out.splitlines()
    assert (line, row.split(",")[1]) == ("id,optimizer", "adam")
    lines = three("runs", "--csv").out.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("id,name,status,started,seed,tags,note,dataset,")
    answer = three("runs", "name=lower", "--columns", "dtype,engine", "--csv")
    record = json.loads(next(Path("runs").glob("*-lower-*/run.json")).read_text(encoding="utf-8"))
    assert answer.out.splitlines()[0] == "id,dtype,engine"
    assert answer.out.endswith(f",float64,{record['engine']}\n")
    answer = three("runs", "--columns", "optimiser")
    assert "there is no column or setting 'optimiser'\nhint: did you mean optimizer" in answer.err


@pytest.mark.longer
def test_the_list_has_the_column_by_which_it_is_sorted(three):
    answer = three("runs", "--sort", "-test_f1")
    heading = answer.out.splitlines()[0].split()
    assert heading == ["run", "train_loss", "validation_loss", "test_f1"]
    assert three("runs", "--sort", "-val_loss").out.splitlines()[0].split()[:2] == ["run", "status"]


@pytest.mark.longer
def test_a_column_that_most_runs_leave_empty_is_left_out_first(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    walk = ["surface=bowl", "steps=3", "-q"]
    for words in (walk, walk, ["dataset=iris", "model=softmax", "epochs=1", "-q"]):
        assert gdrun("train", *words).code == 0
    monkeypatch.setenv("COLUMNS", "60")
    heading = gdrun("runs").out.splitlines()[0]
    assert "train loss" in heading
    assert "val loss" not in heading


@pytest.mark.longer
def test_keys_of_the_config_name_the_columns_of_their_sections(three):
    full = three("runs", "--columns", "dataset.name,dataset.path,optimizer.name", "--csv")
    short = three("runs", "--columns", "dataset,dataset,optimizer", "--csv")
    assert (full.code, full.out) == (0, short.out)
    assert names(three("runs", "optimizer.name=adam")) == ["lower"]
    answer = three("runs", "--columns", "optimizer.path.name")
    assert "there is no column or setting 'optimizer.path.name'" in answer.err


@pytest.fixture
def nested(here):
    """Three runs on a table, which differ only in the entries of mappings, and in the rates."""
    rows = [f"{day},{day % 7},{'' if day % 5 == 0 else day},{day % 2}" for day in range(80)]
    Path("bills.csv").write_text("\n".join(["day,week,kwh,late", *rows]), encoding="utf-8")
    words = ("train", "bills.csv", "dataset.target=late", "epochs=5", "schedule=constant", "-q")
    fill = 'dataset.missing={kwh: median, "*": most_frequent}'
    here(*words, "name=plain", "lr=0.1", "optimizer=momentum", "dataset.missing=mean")
    here(*words, "name=timed", "lr=0.2", "optimizer=adam", "dataset.split.time=week", fill)
    here(*words, "name=early", "lr=0.2", "optimizer=adam", "early_stopping.metric=accuracy", fill)
    return here


@pytest.mark.longer
def test_entries_of_mappings_are_settings(nested):
    page = " ".join(nested("runs").page.split())
    for name in ("optimizer", "lr", "split.time", "early_stopping", "missing"):
        assert re.search(rf"(^| ){re.escape(name)}( |,|:|$)", page), name
    listed = nested("runs", "--json", "--columns", "split.time,early_stopping.metric,missing.kwh")
    assert (listed.code, listed.err) == (0, "")
    entries = [list(row.values())[1:] for row in json.loads(listed.out)["runs"]]
    assert entries == [
        [None, None, None],
        ["week", None, "median"],
        [None, "accuracy", "median"],
    ]
    # A mapping is shown with its values.
    columns = nested("runs", "--columns", "missing,dataset.split").page
    assert columns.count('{kwh: median, "*": most_frequent}') == 2
    assert columns.count("time: week}") == 1
    assert " –" not in columns
    for condition in ("\"split.time\" = 'week'", "\"dataset.split.time\" = 'week'"):
        assert names(nested("runs", "--where", condition)) == ["timed"]
    assert names(nested("runs", "split.time=week")) == ["timed"]
    assert names(nested("runs", "early_stopping.metric=accuracy")) == ["early"]
    rows = list(csv.DictReader(io.StringIO(nested("runs", "--csv").out)))
    assert [row["dataset.split.time"] for row in rows] == ["", "week", ""]
    assert [row["dataset.missing"] for row in rows][:2] == [
        "mean",
        '{kwh: median, "*": most_frequent}',
    ]


def test_the_rates_of_different_rules_are_compared(here):
    bowl = ("train", "surface=bowl", "epochs=none", "steps=3", "engine=numpy", "-q")
    for words in (("optimizer=adam", "lr=0.1"), ("optimizer=momentum", "lr=0.2")):
        here(*bowl, *words)
    head, *rows = here("runs").page.splitlines()[:3]
    assert head.split()[-2:] == ["optimizer", "lr"]
    assert [row.split()[-2:] for row in rows] == [["adam", "0.1"], ["momentum", "0.2"]]
