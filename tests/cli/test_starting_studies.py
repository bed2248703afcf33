"""Studies, rates and batch sizes of a first experiment on a data file."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from first_experiments import document

import gdrun as package
from gdrun.study.design.axis_words import varied_keys
from gdrun.study.starting import start_study


@pytest.mark.longer
def test_a_study_begins_with_a_data_file_as_training_does(gdrun, houses):
    words = ("houses.csv", "target=price", "epochs=2", "engine=numpy")
    trained, _ = document(gdrun, *words)
    answer = gdrun("sweep", "lr=0.1,0.3", *words, "--seeds", "2", "--json")
    assert answer.code == 0, answer.err
    swept = json.loads(answer.out)
    assert "assumed model: regression" in answer.err
    assert "assumed optimizer" not in answer.err  # its rate is what the sweep varies
    answer = gdrun("compare", "adam", "momentum", *words, "beta1=0.8", "--seeds", "2", "--json")
    assert answer.code == 0, answer.err
    compared = json.loads(answer.out)
    for study in (swept, compared):
        config = yaml.safe_load(Path(study["directory"], "best.yaml").read_text())
        config["dataset"]["path"] = str(houses / config["dataset"]["path"])
        for key in ("dataset", "model", "variant", "schedule"):
            assert config[key] == trained["config"][key]
    again = gdrun("compare", "adam", "momentum", *words, "-q", "beta1=0.8", "--seeds", "2",
                  "--resume", compared["directory"])  # fmt: skip
    assert "no new runs; 4 runs already done" in again.out


@pytest.mark.longer
def test_a_default_range_lies_around_the_rate_that_training_would_take(gdrun, houses):
    words = ("houses.csv", "target=price", "epochs=2", "engine=numpy")
    trained, _ = document(gdrun, *words)
    rate = trained["config"]["optimizer"]["lr"]
    answer = gdrun("sweep", "lr", *words, "--seeds", "1", "--json")
    assert f"assumed optimizer: lr {rate:g} had the lowest training loss" in answer.err
    tried = [each["settings"]["optimizer.lr"] for each in json.loads(answer.out)["candidates"]]
    # Three decades below it, and two above it, in steps of √10.
    assert tried[0] == pytest.approx(rate / 1000, rel=1e-3)
    assert tried[6] == pytest.approx(rate, rel=1e-3)
    assert tried[-1] == pytest.approx(rate * 100, rel=1e-3)


@pytest.mark.longer
def test_a_tested_rate_at_the_edge_of_the_grid_is_said(gdrun, tmp_path):
    """A target of thousands needs far larger steps than the largest rate, 0.3, allows."""
    rows = [f"{x},{1000 * x + 500 * ((x * 7919) % 1009)}" for x in range(600)]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["week,sales", *rows, ""]), encoding="utf-8")
    answer = gdrun("train", str(path), "standardize=true", "epochs=1", "-q", "-o", str(tmp_path))
    assert answer.err == ""  # -q prints no assumptions
    told = gdrun("train", str(path), "standardize=true", "epochs=1", "-o", str(tmp_path)).err
    assert (
        "lr 0.3 had the lowest training loss in a short test of rates; it is the largest of them"
        in told
    )
    inside = gdrun("train", str(path), "epochs=1", "-o", str(tmp_path)).err
    assert "in a short test of rates\n" in inside


def test_values_of_the_rate_need_no_test_of_rates(houses):
    for values in (["lr=0.1,0.3"], {"lr": [0.1, 0.3]}):
        config, assumed = start_study("houses.csv", ["target=price"], varied_keys(values))
        assert config["optimizer"] == {"name": "adam"}
        assert "optimizer" not in assumed


def test_a_study_has_one_file_which_exists(gdrun, houses):
    answer = gdrun("sweep", "lr", "houses.csv", "-c", "houses.csv")
    assert answer.code == 2
    assert "houses.csv: is a second file; the first is houses.csv" in answer.err
    answer = gdrun("compare", "adam", "momentum", "house.csv")
    assert answer.err == (
        "error: house.csv: there is no such file\nhint: did you mean houses.csv?\n"
    )


@pytest.mark.longer
def test_python_begins_with_a_data_file_as_the_command_line_does(gdrun, houses):
    found, _ = document(gdrun, "houses.csv", "target=price", "epochs=2")
    options = ("target=price", "epochs=2", {"engine": "numpy"})
    run = package.train("houses.csv", *options)
    assert run.summary["train_loss"] == found["summary"]["train_loss"]
    sweep = package.sweep(houses / "houses.csv", "lr=0.1,0.3", *options)
    assert sweep.best.experiment.model.name == "linear"
    compared = package.compare(["adam", "momentum"], "houses.csv", *options, seeds=2)
    assert compared.results.shape == (2, 2)


@pytest.mark.longer
@pytest.mark.parametrize("words", [(), ("epochs=8",)])
def test_no_run_ends_while_its_rate_is_high(gdrun, tmp_path, monkeypatch, words):
    """The target is noise, so that the validation loss does not improve for most of the run."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(2)
    lines = [f"{x:.3f},{y:.3f}" for x, y in rng.normal(size=(1000, 2))]
    (tmp_path / "noise.csv").write_text("\n".join(["x,y", *lines, ""]))
    found, _ = document(gdrun, "noise.csv", *words)
    stopping = found["config"]["stopping"]
    assert stopping["epochs"] == (8 if words else 50)
    assert (found["status"], found["summary"]["epochs"]) == ("exhausted", stopping["epochs"])
    assert stopping["early_stopping"]["restore_best"]
    assert found["summary"]["best"]["epoch"] < stopping["epochs"]
    trace = Path(found["directory"], "trace.jsonl").read_text().splitlines()
    rates = [each["lr"] for each in map(json.loads, trace) if each["kind"] == "step"]
    assert rates[-1] < rates[0] / 20  # the cosine schedule has decayed
    study = gdrun(
        "sweep", "lr=0.01,0.1", "noise.csv", *words, "--seeds", "1", "--json", "engine=numpy"
    )
    base = json.loads(study.out)["base"]["stopping"]
    assert base["early_stopping"]["patience"] == base["epochs"] == stopping["epochs"]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (("dataset.path=small.csv", "model=logistic"), 32),
        (("dataset.path=small.csv", "model=logistic", "variant=mbgd"), 32),
        (("dataset=blobs", "n=60"), 48),
        (("surface=bowl", "noise=1", "examples=20"), 20),
    ],
)
def test_few_rows_are_one_batch_unless_the_user_gives_its_size(
    gdrun, tmp_path, monkeypatch, words, rows
):
    monkeypatch.chdir(tmp_path)
    lines = (f"{k * 0.37 % 1:.3f},{k % 2}" for k in range(40))
    (tmp_path / "small.csv").write_text("x,y\n" + "\n".join(lines) + "\n")
    quick = ("epochs=2", "engine=numpy", "--json")
    answer = gdrun("train", *words, *quick)
    assert f"all rows in one batch: the {rows} training rows are fewer" in answer.err
    summary = json.loads(answer.out)["summary"]
    # Full batches of N examples: two epochs are two steps and 2 N gradients.
    assert (summary["steps"], summary["gradients"]) == (2, 2 * rows)
    whole = json.loads(gdrun("train", *words, "variant=bgd", *quick).out)["summary"]
    assert summary["train_loss"] == pytest.approx(whole["train_loss"], rel=1e-12)
    for given in ("batch_size=64", "variant={name: mbgd, batch_size: 64}"):
        refused = gdrun("train", *words[:-1] if "variant=mbgd" in words else words, given, *quick)
        assert refused.code == 2
        assert f"batch_size is 64, but there are {rows} training examples" in refused.err


@pytest.mark.longer
@pytest.mark.parametrize(
    "words",
    [
        "train",
        "sweep lr=0.1,0.2 --seeds 1",
        "compare adam momentum --seeds 1",
    ],
)
def test_a_table_with_fewer_rows_than_the_default_batch(gdrun, tmp_path, monkeypatch, words):
    # 40 of the 50 rows are for training, and a batch of the quickstart has 64.
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{k * k % 7},{k % 5},{k / 2}\n" for k in range(50))
    (tmp_path / "few.csv").write_text(f"a,b,c\n{rows}")
    answer = gdrun(*words.split(), "dataset.path=few.csv", "model=linear", "epochs=2")
    assert answer.code == 0
    changed = "variant: bgd" if words == "train" else "variant.batch_size: 40"
    said = f"assumed {changed}, all rows in one batch: the 40 training rows are fewer than"
    assert said in " ".join((answer.out + answer.err).split())
