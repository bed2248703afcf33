"""`gdrun train DATA.csv` and `gdrun config new DATA.csv`: a first experiment on a data file."""

import json
import re
import shlex
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

import gdrun as package
from gdrun.data import csv_files, load_table
from gdrun.data.csv_layout import read_layout
from gdrun.study.design.axis_words import varied_keys
from gdrun.study.starting import start_study

ROWS = 120


@pytest.fixture
def houses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    size, town = rng.normal(80, 20, ROWS), rng.integers(0, 2, ROWS)
    price = 100_000 + 2_500 * size + 40_000 * town + rng.normal(0, 5_000, ROWS)
    towns, bands = ("north", "south"), ("low", "mid", "high")
    lines = [
        f"{s:.1f},{towns[t]},{p:.0f},{bands[int(s > 70) + int(s > 90)]}"
        for s, t, p in zip(size, town, price, strict=True)
    ]
    (tmp_path / "houses.csv").write_text("size,town,price,band\n" + "\n".join(lines) + "\n")
    return tmp_path


def document(gdrun, *words):
    """The document that `gdrun train` prints, with the config of the run; and its notes."""
    answer = gdrun("train", *words, "engine=numpy", "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    config = Path(found["directory"], "config.yaml").read_text()
    return found | {"config": yaml.safe_load(config)}, answer.err


def test_text_in_the_last_column_is_classified(gdrun, houses):
    found, notes = document(gdrun, "houses.csv")
    assert found["config"]["model"]["name"] == "softmax"
    assert found["config"]["dataset"]["target"] == "band"
    assert "dataset.target: band, the last column" in notes
    assert "model: classification, because the target has labels: 3 classes" in notes
    assert found["summary"]["metrics"]["test"]["accuracy"] > 0.8


def test_prices_are_predicted_on_a_standardised_target(gdrun, houses):
    found, notes = document(gdrun, "houses.csv", "target=price", "ignore=band")
    assert found["config"]["model"]["name"] == "linear"
    assert found["config"]["dataset"]["standardize"] == {"features": True, "target": True}
    # The noise has a standard deviation of 5000, and the prices one of about 54,000.
    assert 3_000 < found["summary"]["metrics"]["train"]["rmse"] < 6_500
    assert "dataset.target" not in notes
    assert "model: regression, because the target has numbers" in notes


@pytest.mark.parametrize(
    ("words", "model", "said"),
    [
        (
            [],
            "softmax",
            "few different whole numbers: 3 classes; task=regression predicts the numbers",
        ),
        (
            ["task=classification"],
            "softmax",
            "classification, because dataset.task says so: 3 classes",
        ),
        (["task=regression"], "linear", "regression, because dataset.task says so"),
        (["task=regression", "model=mlp", "hidden=[3]"], "mlp", ""),
    ],
)
def test_the_task_settles_whether_few_whole_numbers_are_classes(gdrun, houses, words, model, said):
    rows = "".join(f"{row % 7},{row % 3}\n" for row in range(80))
    (houses / "grades.csv").write_text("x,grade\n" + rows)
    found, notes = document(gdrun, "grades.csv", "epochs=2", "lr=0.1", *words)
    assert found["config"]["model"]["name"] == model
    assert said in notes
    named = {"predicts the numbers" not in notes, bool(words)}
    assert len(named) == 1
    assert bool(found["summary"]["metrics"]["train"].get("rmse")) == ("task=regression" in words)


@pytest.mark.longer
@pytest.mark.parametrize(
    ("keys", "path", "value"),
    [
        (["lr=0.02"], ("optimizer", "lr"), 0.02),
        (["optimizer=vanilla"], ("optimizer", "name"), "vanilla"),
        (["target=price", "model=mlp", "hidden=[4]"], ("model", "hidden"), [4]),
        (["target=town"], ("model", "name"), "logistic"),
        (["epochs=3"], ("stopping", "epochs"), 3),
        (["variant=bgd"], ("variant", "name"), "bgd"),
        (["target=price", "standardize=true"], ("dataset", "standardize"), True),
        (["split.validation=0"], ("dataset", "split", "validation"), 0),
    ],
)
def test_keys_change_what_is_assumed(gdrun, houses, keys, path, value):
    found, _ = document(gdrun, "houses.csv", *keys)
    here = found["config"]
    for key in path:
        here = here[key]
    assert here == value


def test_a_column_called_target_is_the_target(gdrun, houses):
    (houses / "named.csv").write_text(
        "y,a,b\n" + "".join(f"{r % 2},{r},{r * r}\n" for r in range(80))
    )
    found, notes = document(gdrun, "named.csv")
    assert found["config"]["dataset"]["target"] == "y"
    assert found["config"]["model"]["name"] == "logistic"
    assert "dataset.target: y, the column of this name" in notes
    assert "few different whole numbers: 2 classes" in notes


def test_missing_values_are_filled_and_said(gdrun, houses):
    lines = [f"{r if r % 7 else ''},{r * 2.5}" for r in range(80)]
    (houses / "gaps.csv").write_text("a,b\n" + "\n".join(lines) + "\n")
    found, notes = document(gdrun, "gaps.csv")
    assert found["config"]["dataset"]["missing"] == "mean"
    assert "dataset.missing: missing values are replaced by the mean" in notes


def test_the_config_that_is_written_trains_when_typed(gdrun, houses):
    answer = gdrun("config", "new", "houses.csv", "target=price", "houses.yaml")
    assert (answer.code, answer.page) == (0, "wrote houses.yaml\n")
    text = (houses / "houses.yaml").read_text()
    assert "#   town: " in text
    assert "# regression, because the target has numbers" in text
    plain = yaml.safe_load(text)
    assert plain["dataset"]["target"] == "price"
    assert gdrun("config", "check", "houses.yaml").code == 0
    written, _ = document(gdrun, "houses.yaml")
    direct, _ = document(gdrun, "houses.csv", "target=price")
    assert written["summary"]["test_loss"] == direct["summary"]["test_loss"]


def test_the_file_is_read_once(gdrun, houses, monkeypatch):
    """The table that was read to choose the model is that which is trained on."""
    read = []
    monkeypatch.setattr(csv_files, "read_layout", lambda *of: read.append(of) or read_layout(*of))
    direct, _ = document(gdrun, "houses.csv", "target=price")
    assert len(read) == 1
    repeated, _ = document(gdrun, f"{direct['directory']}/config.yaml")
    assert len(read) == 2
    assert direct["summary"]["test_loss"] == repeated["summary"]["test_loss"]


@pytest.mark.parametrize("words", [["sweep", "lr=0.01,0.1"], ["compare", "adam", "momentum"]])
def test_a_study_reads_the_file_once(gdrun, houses, monkeypatch, words):
    read = []
    monkeypatch.setattr(csv_files, "read_layout", lambda *of: read.append(of) or read_layout(*of))
    answer = gdrun(*words, "houses.csv", "target=price", "epochs=2", "--seeds", "2")
    assert (answer.code, len(read)) == (0, 1), answer.err


def test_config_new_prints_without_a_second_file_and_overwrites_nothing(gdrun, houses):
    printed = gdrun("config", "new", "houses.csv", "lr=0.5")
    assert yaml.safe_load(printed.out)["dataset"]["path"] == "houses.csv"
    (houses / "taken.yaml").write_text("mine")
    answer = gdrun("config", "new", "houses.csv", "taken.yaml")
    assert answer.code == 2
    assert "exists already" in answer.err
    assert (houses / "taken.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "split"),
    [
        ([], {"validation": 0.1, "test": 0.1}),
        (["test=houses.csv"], {"validation": 0.1}),
        (["test=houses.csv", "validation=houses.csv"], None),
    ],
)
def test_the_config_splits_what_has_no_file(gdrun, houses, words, split):
    plain = yaml.safe_load(gdrun("config", "new", "houses.csv", "lr=0.5", *words).out)
    assert plain["dataset"].get("split") == split


def test_keys_of_config_new_are_in_the_file(gdrun, houses):
    plain = yaml.safe_load(gdrun("config", "new", "houses.csv", "lr=0.5", "epochs=7").out)
    assert plain["optimizer"]["lr"] == 0.5
    assert plain["stopping"]["epochs"] == 7


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["houses.csv", "target=prise"], "did you mean price?"),
        (["houses.csv", "lrr=0.1"], "unknown key 'lrr'"),
        (["absent.csv"], "no such file"),
    ],
)
def test_bad_words_are_named(gdrun, houses, words, message):
    for command in (("train",), ("config", "new")):
        answer = gdrun(*command, *words)
        assert answer.code == 2
        assert message in answer.err
        assert "Traceback" not in answer.err


def test_odd_column_names_are_escaped(gdrun, houses):
    (houses / "odd.csv").write_text("a,[red]b\n" + "".join(f"{r},{r * 1.5}\n" for r in range(80)))
    answer = gdrun("train", "odd.csv", "engine=numpy")
    assert answer.code == 0
    assert "dataset.target: [red]b, the last column" in answer.err
    assert yaml.safe_load(gdrun("config", "new", "odd.csv").out)["dataset"]["target"] == "[red]b"


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


def test_python_begins_with_a_data_file_as_the_command_line_does(gdrun, houses):
    found, _ = document(gdrun, "houses.csv", "target=price", "epochs=2")
    options = ("target=price", "epochs=2", {"engine": "numpy"})
    run = package.train("houses.csv", *options)
    assert run.summary["train_loss"] == found["summary"]["train_loss"]
    sweep = package.sweep(houses / "houses.csv", "lr=0.1,0.3", *options)
    assert sweep.best.experiment.model.name == "linear"
    compared = package.compare(["adam", "momentum"], "houses.csv", *options, seeds=2)
    assert compared.results.shape == (2, 2)


def test_the_name_of_a_column_is_its_key(gdrun, houses):
    answer = gdrun("train", "houses.csv", "price")
    assert answer.err == (
        "error: price: is a column of the data\nhint: to predict it, write target=price\n"
    )


def test_a_model_for_numbers_names_the_one_for_two_classes(gdrun, houses):
    answer = gdrun("train", "houses.csv", "target=town", "model=linear", "-q")
    assert "hint: use model=logistic to predict a class" in answer.err
    answer = gdrun("train", "houses.csv", "target=band", "model=linear", "-q")
    assert "hint: use model=softmax to predict a class" in answer.err


def test_new_rows_need_a_run_and_for_measuring_a_target(gdrun, houses):
    assert gdrun("train", "houses.csv", "target=town", "epochs=2", "engine=numpy", "-q").code == 0
    for command in ("predict", "evaluate"):
        answer = gdrun(command, "houses.csv")
        assert answer.err == (
            f"error: RUN is missing\nhint: the run comes first: gdrun {command} last houses.csv\n"
        )
        assert gdrun(command, "last", "houses.csv").code == 0
    rows = Path("houses.csv").read_text().splitlines()
    Path("new.csv").write_text(
        "\n".join(",".join(c for k, c in enumerate(row.split(",")) if k != 1) for row in rows)
    )
    answer = gdrun("evaluate", "last", "new.csv")
    assert answer.err == (
        "error: new.csv: lacks the target, town\n"
        "hint: only rows with a town can be evaluated; `gdrun predict RUN DATA` predicts it\n"
    )
    assert gdrun("predict", "last", "new.csv").code == 0


def test_a_missing_file_names_that_with_another_ending_first(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("sales_new.csv", "sale.csv", "sales.csv.gz", "sales.parquet"):
        (tmp_path / name).touch()
    hint = "hint: did you mean sales.csv.gz or sales.parquet?\n"
    for words in (("train",), ("inspect",), ("sweep", "lr")):
        assert gdrun(*words, "sales.csv").err.endswith(hint)


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
