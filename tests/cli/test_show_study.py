"""`gdrun show` of a sweep or comparison: it prints the same tables, from the files."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from study.cases import LEAST_SQUARES, LOGISTIC

from gdrun.config.writing import to_yaml


@pytest.fixture
def here(gdrun, tmp_path, monkeypatch):
    """gdrun in the test's own directory, with two configs."""
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(to_yaml({"name": "small"} | LOGISTIC), encoding="utf-8")
    Path("squares.yaml").write_text(to_yaml({"name": "squares"} | LEAST_SQUARES), encoding="utf-8")
    return gdrun


STUDIES = {
    "rates": ("sweep", "lr=0.001,0.1,1,1e6", "-c", "small.yaml", "--seeds", "2"),
    "limit": ("sweep", "lr=log:0.1:3:7", "-c", "squares.yaml", "epochs=20", "--seeds", "1"),
    "limits": ("sweep", "optimizer=vanilla,nesterov", "lr=log:0.1:3:7", "-c", "squares.yaml"),
    "names": ("sweep", "optimizer=adam,lion", "sampling", "-c", "small.yaml", "epochs=2"),
    "halving": ("sweep", "lr=log:1e-4:1:9", "epochs=9", "--halving", "-c", "small.yaml"),
    "random": ("sweep", "lr", "--search", "random", "--trials", "5", "-c", "small.yaml"),
    "unlike": ("sweep", "model.loss=mse,mae", "-c", "squares.yaml", "epochs=2"),
    "accuracy": ("sweep", "model=logistic,svm", "-c", "small.yaml", "--seeds", "2"),
    "surface": ("sweep", "lr=0.01,0.1", "surface=bowl", "steps=20", "schedule=constant"),
    "variants": ("compare", "bgd", "mbgd", "mbgd+lr=1e6", "-c", "small.yaml", "--seeds", "2"),
    "tuned": ("compare", "bgd", "adam", "--tune", "lr=0.01,0.1,1", "-c", "small.yaml"),
    "target": ("compare", "bgd", "mbgd", "--target", "accuracy=0.8", "-c", "small.yaml"),
    "lost": ("compare", "bgd+lr=1e7", "mbgd+lr=1e6", "-c", "small.yaml", "--seeds", "1"),
}


@pytest.mark.slow
@pytest.mark.parametrize("words", STUDIES.values(), ids=STUDIES)
def test_it_shows_what_was_shown(here, words):
    printed = here(*words).out
    shown = here("show")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == re.sub("^written to", "from", printed, flags=re.MULTILINE)


def test_it_needs_neither_data_nor_the_files_of_contenders(here, tmp_path):
    rows = "\n".join(f"{k % 7},{k % 3},{k % 2}" for k in range(60))
    Path("data.csv").write_text(f"a,b,y\n{rows}\n", encoding="utf-8")
    config = {"dataset": {"path": "data.csv", "target": "y"}, "model": "logistic"}
    for name, rate in (("slow", 0.01), ("fast", 0.5)):
        rule = {"optimizer": {"name": "vanilla", "lr": rate}, "stopping": {"epochs": 3}}
        Path(f"{name}.yaml").write_text(to_yaml(config | rule), encoding="utf-8")
    words = ("slow.yaml", "fast.yaml", "-c", "slow.yaml", "--seeds", "2")
    printed = here("compare", *words).out.splitlines()
    for name in ("data.csv", "slow.yaml", "fast.yaml"):
        Path(name).unlink()
    assert here("show").out.splitlines()[:-1] == printed[:-1]


def test_a_study_that_was_killed_is_shown_as_far_as_it_went(here):
    here("sweep", "lr=0.01,0.1,1", "-c", "small.yaml", "--seeds", "2")
    (directory,) = Path("runs").iterdir()
    # The files after kill -9: two complete trials, an incomplete one, and no ranking.
    for name in ("trials.jsonl", "traces.jsonl"):
        first, second, third, *_ = (directory / name).read_text().splitlines(keepends=True)
        (directory / name).write_text(first + second + third[:20])
    record = json.loads((directory / "study.json").read_text())
    asked = ("schema_version", "id", "verb", "base", "asked", "seeds", "candidates", "trials")
    asked += ("metric", "halving", "command")
    left = {key: record[key] for key in asked} | {"status": "running", "target": None}
    (directory / "study.json").write_text(json.dumps(left))
    before = (directory / "trials.jsonl").read_text()
    answer = here("show", directory.name[-4:])
    assert answer.code == 0
    rows = [line.split()[0] for line in answer.out.splitlines() if re.match(r" *[\d.]+  \w", line)]
    assert rows == ["0.01", "0.1"]
    assert re.search(r"^best +lr=0\.1: val loss [\d.]+, one seed$", answer.out, re.MULTILINE)
    command = f"gdrun sweep --resume {directory}"
    assert f"4 of 6 runs are missing; to continue:\n  {command}\n" in answer.out
    # The study may still be running, so showing it must not change its files.
    assert (directory / "trials.jsonl").read_text() == before


def test_as_a_document(here):
    first = json.loads(here("sweep", "lr=0.1,1e6", "-c", "small.yaml", "--json").out)
    assert json.loads(here("show", first["id"], "--json").out) == first


@pytest.mark.longer
def test_the_tuning_of_a_comparison_shows_all_values_that_were_tried(here):
    words = ("epochs=2", "--tune", "lr=0.001,0.1,1", "-c", "small.yaml", "--seeds", "2")
    here("compare", "bgd", "mbgd", *words)
    (directory,) = Path("runs").iterdir()
    answer = here("show", str(directory / "tuning"))
    assert (answer.code, answer.err) == (0, "")
    lines = [line.split() for line in answer.out.splitlines() if re.search(" of [12]", line)]
    written = (directory / "tuning" / "trials.jsonl").read_text()
    trials = list(map(json.loads, written.splitlines()))
    for name, rows in (("bgd", lines[:3]), ("mbgd", lines[3:])):
        losses = {}
        for trial in trials:
            if trial["name"].startswith(f"{name} "):
                rate = f"{trial['settings']['optimizer.lr']:g}"
                losses.setdefault(rate, []).append(trial["summary"]["validation_loss"])
        medians = {rate: float(np.median(values)) for rate, values in losses.items()}
        assert [row[1] for row in rows] == sorted(medians, key=medians.get)
        assert [row[2] for row in rows] == [f"{medians[row[1]]:.4g}" for row in rows]
        assert [row[0] for row in rows] == [name] * 3
        assert [row[-1] for row in rows].count("chosen") == 1
    for word in ("last/tuning", f"{directory.name}/tuning", f"{directory.name[-4:]}/tuning"):
        assert here("show", word).out == answer.out
    for command in ("plot", "report"):
        refused = here(command, "last/tuning")
        assert f"{directory}/tuning: contains only the tuning part" in refused.err.replace(
            "\n", " "
        )
        assert f"`gdrun show {directory}/tuning` shows the values" in " ".join(refused.err.split())
        assert f"{directory}/tuning/trials.jsonl has a line for each run" in refused.err
    record = json.loads(here("show", "last/tuning", "--json").out)
    assert (record["verb"], record["trials"]) == ("tune", len(trials))
    unknown = here("show", "last/tunning")
    assert unknown.err.startswith(f"error: {directory}: has no part 'tunning'\nhint: did you mean")


@pytest.mark.longer
@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_table_of_tuned_values_has_whole_headings_and_numbers(here, monkeypatch, width):
    names = ("bgd+optimizer=momentum+beta=0.95", "mbgd+optimizer=adam+beta1=0.85")
    words = ("epochs=2", "--tune", "lr=0.001,0.1", "-c", "small.yaml", "--seeds", "2")
    here("compare", *names, *words)
    monkeypatch.setenv("COLUMNS", str(width))
    table = here("show", "last/tuning").out.split("\n\n")[1]
    heading, *rows = table.splitlines()
    assert heading.split()[:4] == ["contender", "lr", "val", "loss"]
    assert ("range" in heading) == (width >= 80)
    # A long name takes several lines, and the numbers are in the first of them.
    numbers = [re.findall(r" (0\.\d+)(?= |$)", row)[:2] for row in rows]
    rates = [rate for rate, _ in filter(None, numbers)]
    assert sorted(rates) == ["0.001", "0.001", "0.1", "0.1"]
    assert "…" not in table.replace(" … ", "")


@pytest.mark.longer
def test_settings_that_come_last_for_another_reason_than_their_median_are_marked(here):
    words = ("dataset=digits", "epochs=3", "--metric", "validation_accuracy", "--seeds", "2")
    # At the rate 30 the training loss is many times that of the start, between batches.
    swept = here("sweep", "lr=0.0001,3,30", "beta=0.5,0.9", "optimizer=momentum", *words)
    rows = [
        line.split() for line in swept.out.splitlines() if re.match(r" *[\d.]+ +0\.[59] ", line)
    ]
    assert [row[0] for row in rows[-2:]] == ["30", "30"]
    numbers = [float(next(word for word in row[3:] if word.startswith("0."))) for row in rows]
    assert numbers[-2] > numbers[-3]
    text = " ".join(swept.out.split())
    assert "order last, and never at the target, whatever the val acc, because they div" in text
    named = text.partition("above its start: ")[2].partition(" seeds ")[0]
    assert named.count("lr=30 beta=0.5") == named.count("lr=30 beta=0.9") == 1
    assert named.endswith((" of 2 runs)", " of 2 runs each)"))
    plain = here("sweep", "lr=0.1,3", "beta=0.5,0.9", "optimizer=momentum", *words)
    assert "\norder " not in plain.out


@pytest.mark.longer
def test_a_setting_that_meets_the_target_but_never_reaches_it_says_why(here):
    words = ("dataset=digits", "optimizer=momentum", "epochs=3", "--seeds", "2")
    answer = here("sweep", "lr=0.001,0.1,30,100", *words, "--metric", "validation_accuracy")
    rows = [line.split() for line in answer.out.splitlines() if re.match(r" *[\d.]+  [a-z]", line)]
    text = " ".join(answer.out.split())
    target = float(re.search(r"epochs until val acc ≥ (0\.\d+)", text)[1])
    # The table has the order of the rates; the largest two are better than the target.
    for row in rows[2:]:
        assert row[1] == "unstable" and float(row[2]) > target and "never" in row
    assert "order last, and never at the target, whatever the val acc, because they div" in text
    assert re.search(r"its start: lr=(30, lr=100|100, lr=30) \(2 of 2 runs each\) ", text)
    # Here they do not meet it: log 10 = 2.3 is the loss of the start.
    plain = here("sweep", "lr=0.001,0.1,30,100", *words)
    assert "unstable" in plain.out and "\norder " not in plain.out


@pytest.fixture
def rare(here):
    """A file with 6 rows of yes and 54 of no, whose feature says nothing about the label."""
    x = np.random.default_rng(0).normal(size=60)
    lines = [f"{each:.3f},{'no' if k % 10 else 'yes'}" for k, each in enumerate(x)]
    Path("rare.csv").write_text("\n".join(["x,label", *lines, ""]))


@pytest.mark.longer
def test_a_best_setting_that_is_no_better_than_a_constant_says_so(here, rare):
    # Weights of 0 predict ½, with the loss ln 2 = 0.69. One step with the rate 1e-3 hardly changes
    # this. With n of 60 rows to train on, k of them yes, the constant prediction is k/n.
    words = ("rare.csv", "optimizer=vanilla", "variant=bgd", "epochs=1", "--seeds", "1")
    swept = here("sweep", "lr=0.0001,0.001", *words)
    text = " ".join(swept.out.split())
    value = re.search(
        r"warning: the best setting is no better than always predicting no, which has a val loss "
        r"of (0\.\d+)",
        text,
    )[1]
    (directory,) = Path("runs").iterdir()
    line = json.loads((directory / "trials.jsonl").read_text().splitlines()[0])
    assert float(value) == pytest.approx(line["summary"]["baseline"]["loss"]["validation"], 1e-3)
    assert float(value) < 0.6 and "no features always" not in text
    assert " ".join(here("show", "last").out.split()).count("is no better than always") == 1
    compared = " ".join(
        here("compare", "vanilla", "adam", "lr=0.001", *words[:1], *words[2:]).out.split()
    )
    assert "warning: the best contender is no better than always predicting no" in compared


@pytest.mark.longer
def test_the_value_of_a_constant_prediction_is_below_the_table(here):
    # Ten digits that are about equally frequent: log 10 = 2.303.
    text = here("sweep", "lr=0.1,0.3", "dataset=digits", "epochs=1", "--seeds", "1").out
    assert re.search(r"\nno features +always predicting \d has a val loss of 2\.30\d\n", text)
    assert "no better than" not in text
    surface = here("sweep", "lr=0.01,0.1", "surface=bowl", "epochs=5").out
    assert "constant prediction" not in surface and "always predicting" not in surface


@pytest.mark.longer
def test_the_tuning_says_which_settings_lost_because_their_loss_rose(here):
    # log 10 = 2.3 is the loss of the start; at the rate 300 it is far above this at the end.
    words = ("dataset=digits", "epochs=3", "--tune", "lr=0.1,3,300", "--seeds", "2")
    here("compare", "vanilla", "bgd", *words)
    (directory,) = Path("runs").iterdir()
    answer = here("show", str(directory / "tuning"))
    rows = [line.split() for line in answer.out.splitlines() if line.startswith("vanilla")]
    assert [row[1] for row in rows][-1] == "300"
    assert float(rows[-1][2]) > np.log(10)
    assert " ".join(rows[-1]).endswith("0 of 2 2 of 2")
    assert " ".join(rows[0]).endswith("0 of 2 0 of 2 chosen")
    text = " ".join(answer.out.split())
    assert "rose: runs that diverged, exploded, or ended with a training loss above its st" in text
    assert "with half of its runs or more, a setting comes last, whatever its val loss" in text


def test_a_damaged_study_says_where(here):
    here("sweep", "lr=0.1,1", "-c", "small.yaml", "--seeds", "1")
    (directory,) = Path("runs").iterdir()
    record = json.loads((directory / "study.json").read_text())
    del record["base"]
    (directory / "study.json").write_text(json.dumps(record))
    answer = here("show")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f"error: {directory}/study.json: cannot be read: base is missing\n"
        f"hint: restore the file from a copy, or delete the directory {directory}\n"
    )
