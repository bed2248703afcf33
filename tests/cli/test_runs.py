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
from short_runs import QUIET_IRIS, names


def masked(text):
    return re.sub(r"\d{8}-\d{6}-(\w+)-[0-9a-f]{4}", r"YYYYMMDD-HHMMSS-\1-xxxx", text)


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
    here("train", *QUIET_IRIS, "name=plain")
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
def test_a_condition_names_the_column_of_a_heading(three):
    answer = three("runs", "--where", "test_acc > 0.5")
    assert answer.err.endswith("hint: did you mean test_accuracy?\n")
    assert three("runs", "--where", "test_accuracy > 0.5").code == 0


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
