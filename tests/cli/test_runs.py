"""`gdrun runs`: the list, filtered and sorted, for different widths of the terminal."""

import csv
import io
import json
import os
import re
import socket
import time
from pathlib import Path

import pytest

IRIS = ("dataset=iris", "model=softmax", "schedule=constant", "epochs=3", "-q")


@pytest.fixture
def three(here):
    """Three runs: one plain, one whose loss is lower, one that diverged."""
    here("train", *IRIS, "name=plain")
    here("train", *IRIS, "name=lower", "optimizer=adam", "lr=0.1")
    here(
        *("train", "dataset=diabetes", "model=linear", "variant=bgd", "schedule=constant"),
        *("lr=1e200", "name=lost", "-q"),
    )
    return here


def masked(text):
    return re.sub(r"\d{8}-\d{6}-(\w+)-[0-9a-f]{4}", r"YYYYMMDD-HHMMSS-\1-xxxx", text)


def names(answer):
    return re.findall(r"^\d{8}-\d{6}-(\w+)-", answer.out, re.MULTILINE)


@pytest.mark.longer
def test_the_list(three):
    answer = three("runs")
    assert (answer.code, answer.err) == (0, "")
    assert masked(answer.page) == (
        "run                         status    val loss  optimizer      lr  dataset\n"
        "YYYYMMDD-HHMMSS-plain-xxxx  finished    0.4866  momentum      0.1  iris\n"
        "YYYYMMDD-HHMMSS-lower-xxxx  finished    0.4451  adam          0.1  iris\n"
        "YYYYMMDD-HHMMSS-lost-xxxx   diverged         –  momentum   1e+200  diabetes\n"
        "the runs also differ in model, variant, stopping.epochs: --columns KEY,... shows\nthese\n"
    )


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
def test_filters_and_sorting(three):
    assert names(three("runs")) == ["plain", "lower", "lost"]
    # The word of the table, and that of run.json.
    for status in ("finished", "exhausted"):
        assert names(three("runs", f"status={status}")) == ["plain", "lower"]
    assert names(three("runs", "optimizer=adam")) == ["lower"]
    assert names(three("runs", "dataset=iris", "optimizer.beta=0.9")) == ["plain"]
    assert names(three("runs", "--sort", "name")) == ["lost", "lower", "plain"]
    assert names(three("runs", "--sort", "train_loss")) == ["lower", "plain", "lost"]
    assert names(three("runs", "--sort", "-train_loss")) == ["lost", "plain", "lower"]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("status = 'finished'", ["plain", "lower"]),
        ("status = 'exhausted'", ["plain", "lower"]),
        ("status <> 'finished'", ["lost"]),
        ("status != 'exhausted'", ["lost"]),
        ("status IN ('finished', 'stopped')", ["plain", "lower"]),
        ("\"status\" = 'finished' AND lr < 1 OR status = 'exhausted'", ["plain", "lower"]),
        ("status LIKE 'fin%'", ["plain", "lower"]),
        ("status = 'converged'", []),
    ],
)
def test_a_condition_may_have_the_status_of_the_table_or_of_the_record(three, condition, found):
    assert names(three("runs", "--where", condition)) == found


@pytest.mark.longer
@pytest.mark.parametrize("words", [("status=done",), ("--where", "status = 'done'")])
def test_a_status_that_no_run_can_have_is_refused_with_all_that_there_are(three, words):
    answer = three("runs", *words)
    assert answer.code == 2
    listed = answer.err.partition("hint: choose from ")[2].split(", ")
    assert {"finished", "diverged", "stopped", "converged"} < {each.strip() for each in listed}
    assert "there is no status 'done'" in answer.err


@pytest.mark.longer
def test_an_unknown_column_of_a_condition_is_refused_with_the_columns_that_there_are(three):
    assert "choose from id, name, status" in three("runs", "--where", "stopped = 'finished'").err


@pytest.mark.longer
def test_each_table_has_the_same_word_for_a_status(three):
    words = {"finished", "diverged"}
    (head, *rows) = (
        line.split() for line in three("runs").page.split("the runs also")[0].splitlines()
    )
    assert {row[head.index("status")] for row in rows} == words
    (_, *rows) = (line.split() for line in three("runs", "--columns", "status").page.splitlines())
    assert {row[1] for row in rows} == words
    for columns in ([], ["--columns", "lr,status"]):
        rows = list(csv.DictReader(io.StringIO(three("runs", "--csv", *columns).out)))
        assert {row["status"] for row in rows} == words


@pytest.mark.longer
def test_as_a_document(three):
    rows = json.loads(three("runs", "status=diverged", "--json").out)["runs"]
    assert [(row["name"], row["optimizer"], row["lr"]) for row in rows] == [
        ("lost", "momentum", 1e200)
    ]


@pytest.mark.longer
@pytest.mark.parametrize("width", [200, 80, 60, 45, 30])
def test_ids_stay_whole_in_any_width_that_holds_them(three, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    answer = three("runs")
    if width >= 40:
        assert names(answer) == ["plain", "lower", "lost"]
        whole = re.findall(r"^\d{8}-.*-[0-9a-f]{4}(?:  |$)", answer.out, re.MULTILINE)
        assert len(whole) == 3
        # No terminal is so narrow that settings replace the results.
        assert re.findall(r"0\.4866|0\.4451", answer.out) == ["0.4866", "0.4451"]
        assert [answer.out.count(word) for word in ("finished", "diverged")] == [2, 1]
    assert max(map(len, answer.page.splitlines())) <= width


@pytest.mark.longer
def test_mistakes(three):
    answer = three("runs", "stat=diverged")
    assert (answer.code, answer.out) == (2, "")
    assert (
        answer.err
        == "error: there is no column or setting 'stat'\nhint: did you mean status or started?\n"
    )
    answer = three("runs", "--sort", "train_los")
    assert answer.err == (
        "error: there is no column or setting 'train_los'\n"
        "hint: did you mean train_loss or train_f1 or initial_train_loss?\n"
    )


def test_no_runs(here, tmp_path):
    answer = here("runs")
    assert (answer.code, answer.out) == (0, "there are no runs in runs; `gdrun train` makes one\n")
    assert json.loads(here("runs", "--json", "-o", "nowhere").out) == {"runs": [], "studies": []}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.longer
def test_a_filter_that_leaves_none(three):
    assert three("runs", "seed=7").out == "no run in runs matches the filters\n"


@pytest.fixture
def studied(here):
    """A sweep, and a comparison in which all diverged."""
    here("sweep", "lr=0.01,0.1", *IRIS[:-1], "name=flowers", "--seeds", "2")
    words = ("dataset=diabetes", "model=linear", "schedule=constant", "name=lost", "--seeds", "1")
    here("compare", "bgd+lr=1e200", "mbgd+lr=1e200", *words)
    return here


@pytest.mark.longer
def test_studies_stand_below_the_runs(studied):
    text = re.sub(r"\d{8}-\d{6}-([\w-]+?)-[0-9a-f]{4}\b", r"<\1>", studied("runs").page)
    assert [line.split() for line in text.splitlines()] == [
        ["study", "status", "runs", "best"],
        ["<sweep-lr-flowers>", "complete", "4", "lr=0.1"],
        ["<compare-lost>", "complete", "2"],
    ]
    studied("train", *IRIS, "name=plain")
    answer = studied("runs")
    assert names(answer)[0] == "plain"
    assert answer.out.startswith("run ")
    assert "\n\nstudy " in answer.out
    assert "study" not in studied("runs", "status=exhausted").out


@pytest.mark.longer
def test_studies_as_a_document(studied):
    studies = json.loads(studied("runs", "--json").out)["studies"]
    assert [(row["verb"], row["trials"], row["best"]) for row in studies] == [
        ("sweep", 4, "lr=0.1"),
        ("compare", 2, None),
    ]


@pytest.mark.longer
def test_the_last_may_be_a_study(studied, tmp_path):
    assert json.loads(studied("show", "--json").out)["verb"] == "compare"
    studied("train", *IRIS, "name=plain")
    assert json.loads(studied("show", "--json").out)["name"] == "plain"


@pytest.mark.longer
def test_conditions_in_sql(three):
    condition = '"optimizer.lr" <= 0.1 AND train_loss < 0.45'
    assert names(three("runs", "--where", condition)) == ["lower"]
    condition = "status = 'diverged' OR name LIKE 'pl%'"
    assert names(three("runs", "--where", condition)) == ["plain", "lost"]
    # A run without the value is neither below nor above it.
    assert names(three("runs", "--where", "beta1 > 0")) == ["lower"]
    answer = three("runs", "--where", "lr <")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: --where: the condition fails: ")


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


def test_no_best_is_listed_where_the_losses_differ(here):
    # Mean squared and Huber losses have different values, so the sweep ranks none of them.
    here("sweep", "model.loss=huber,mse", "dataset=diabetes", "model=linear", "epochs=1", "-q")
    (listed,) = json.loads(here("runs", "--json").out)["studies"]
    assert listed["best"] is None


@pytest.mark.longer
def test_tags_are_listed_and_shown_for_runs_and_studies(studied):
    studied("train", *IRIS, "name=plain")
    studied("runs", "tag", "plain", "paper")
    (sweep,) = (path.name for path in Path("runs").glob("*-sweep-*"))
    for words in (("tag", sweep, "paper", "final"), ("note", sweep, "for the talk")):
        assert studied("runs", *words).code == 0
    runs, studies = (part.splitlines() for part in studied("runs").page.split("\n\n")[:2])
    assert (runs[0].split()[-2:], runs[1].split()[-1]) == (["acc", "tags"], "paper")
    assert studies[0].split() == ["study", "status", "runs", "best", "tags"]
    assert studies[1].split()[-3:] == ["lr=0.1", "paper", "final"]
    found = json.loads(studied("runs", "tags=paper", "--json").out)
    assert [len(found["runs"]), len(found["studies"])] == [1, 1]
    found = json.loads(studied("runs", "tags=final", "--json").out)
    assert found["runs"] == [] and found["studies"][0]["note"] == "for the talk"
    assert "matches the filters" not in studied("runs", "tags=final").out
    assert "tags paper final, note for the talk\n" in studied("show", sweep).out
    assert "tags paper\n" in studied("show", "plain").out


@pytest.mark.longer
def test_tags_and_notes(three):
    assert three("runs", "tag", "plain", "baseline", "paper").code == 0
    assert three("runs", "tag", "lower", "paper", "paper").code == 0
    answer = three("runs", "note", "plain", "the start is zero")
    assert re.search(
        r"-plain-\w+: tags baseline paper, note the start is zero$", answer.out.strip()
    )
    assert names(three("runs", "tags=paper")) == ["plain", "lower"]
    assert names(three("runs", "tags=baseline")) == ["plain"]
    assert names(three("runs", "--where", "note LIKE '%zero'")) == ["plain"]
    assert three("runs", "untag", "plain", "paper").code == 0
    assert names(three("runs", "tags=paper")) == ["lower"]
    answer = three("runs", "untag", "plain", "paper")
    assert (answer.code, "has no tag 'paper'\nhint: the tags are baseline" in answer.err) == (
        2,
        True,
    )
    for bad in ("two words", "a=b", ""):
        answer = three("runs", "tag", "plain", bad)
        assert answer.code == 2 and "is not a tag" in answer.err
    assert three("runs", "tag", "plain").err == (
        "error: gdrun runs tag: needs the name of a run, and a word after it\n"
        "hint: write for example `gdrun runs tag last baseline`\n"
    )


@pytest.mark.longer
def test_deleting_is_confirmed(three, tmp_path):
    answer = three("runs", "delete", "plain")
    assert (answer.code, len(names(three("runs")))) == (2, 3)
    assert "hint: add --yes" in answer.err
    answer = three("runs", "delete", "plain", "lost", "--yes")
    assert answer.code == 0 and answer.out.endswith("deleted 2 directories\n")
    assert names(three("runs")) == ["lower"]
    (tmp_path / "mine").mkdir()
    answer = three("runs", "delete", str(tmp_path / "mine"), "--yes")
    assert answer.code == 2 and (tmp_path / "mine").is_dir()
    assert "is neither a run nor a study" in answer.err


@pytest.mark.longer
def test_a_running_run_is_not_deleted(three):
    (row,) = json.loads(three("runs", "name=plain", "--json").out)["runs"]
    file = Path("runs") / row["id"] / "run.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    process = {"host": socket.gethostname(), "pid": os.getpid()}
    record |= {"status": "running", "process": process}
    file.write_text(json.dumps(record), encoding="utf-8")
    answer = three("runs", "delete", "plain", "--yes")
    assert answer.code == 2 and "the run is still running" in answer.err
    assert file.is_file()


@pytest.mark.slow
def test_a_thousand_runs_take_little_more_than_reading_their_records(here, tmp_path):
    here("train", *IRIS, "name=plain")
    (first,) = (tmp_path / "runs").iterdir()
    record = json.loads((first / "run.json").read_text())
    for k in range(1000):
        copy = tmp_path / "many" / f"{first.name[:-4]}{k:04x}"
        copy.mkdir(parents=True)
        (copy / "run.json").write_text(json.dumps(record | {"id": copy.name}))
    start = time.process_time()
    for file in (tmp_path / "many").glob("*/run.json"):
        json.loads(file.read_bytes())
    reading = time.process_time() - start
    start = time.process_time()
    answer = here("runs", "-o", "many")
    listing = time.process_time() - start
    assert names(answer) == ["plain"] * 1000
    # About 5 times on the machine where this was written; 100 times if each config.yaml were read.
    assert listing < 20 * reading


@pytest.mark.longer
def test_the_list_has_the_column_by_which_it_is_sorted(three):
    answer = three("runs", "--sort", "-test_f1")
    heading = answer.out.splitlines()[0].split()
    assert heading == ["run", "train_loss", "validation_loss", "test_f1"]
    assert three("runs", "--sort", "-val_loss").out.splitlines()[0].split()[:2] == ["run", "status"]


@pytest.mark.longer
def test_a_condition_names_the_column_of_a_heading(three):
    answer = three("runs", "--where", "test_acc > 0.5")
    assert answer.err.endswith("hint: did you mean test_accuracy?\n")
    assert three("runs", "--where", "test_accuracy > 0.5").code == 0


@pytest.mark.longer
def test_the_last_model_is_named_if_a_study_is_newer(here, tmp_path):
    data = tmp_path / "new.csv"
    data.write_text("a,b\n0,1\n1,2\n2,1\n3,5\n4,2\n5,6\n")
    words = ("model=linear", "split.validation=0", "split.test=0", "epochs=2", "engine=numpy")
    here("train", str(data), *words, "-q", "name=lone")
    alone = here("predict", "last", str(data))
    assert alone.err == ""
    here("sweep", "lr=0.1,0.2", str(data), *words, "--seeds", "1", "-q")
    later = here("predict", "last", str(data))
    assert later.out == alone.out
    assert re.search(
        r"^note: the model is that of runs/\S+lone\S+, the last single run;", later.err
    )
    assert re.search(r"`gdrun train \S+best.yaml` trains its best", later.err)


@pytest.mark.longer
def test_a_file_is_replaced_only_if_asked(here, tmp_path):
    data = tmp_path / "new.csv"
    data.write_text("a,b\n0,1\n1,2\n2,1\n3,5\n4,2\n5,6\n")
    here("train", str(data), "model=linear", "split.test=0", "epochs=2", "engine=numpy", "-q")
    for command in (("predict", "last", str(data)), ("report", "last")):
        file = tmp_path / f"{command[0]}.html"
        file.write_text("old")
        assert here(*command, "-o", str(file)).code == 2
        assert file.read_text() == "old"
        assert here(*command, "-o", str(file), "--force").code == 0
        assert file.read_text() != "old"


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
