"""`gdrun predict`: predictions as CSV, JSON and files, and what is refused."""

import csv
import json

import numpy as np
import pytest
from houses import table, write
from saved_models import COLUMNS, LINE, WORDS, error_of, save

pytestmark = pytest.mark.usefixtures("line_file")


def test_predictions_as_csv(here, tmp_path):
    write(tmp_path / "new.csv", ["area", "city"], [["30", "Ulm"], ["1.5", "Bonn"]])
    answer = here("predict", "line.npz", "new.csv")
    # 100 + 2 · 30 + 10, and 100 + 2 · 1.5.
    assert (answer.code, answer.out, answer.err) == (0, "prediction\n170.0\n103.0\n", "")


def test_missing_values_unseen_categories_and_other_columns(here, tmp_path):
    lines = [["a", "NA", "Ulm"], ["b", "1", ""], ["c", "1", "Kiel"]]
    write(tmp_path / "new.csv", ["id", "area", "city"], lines)
    answer = here("predict", "line.npz", "new.csv", "--unseen", "ignore")
    # 100 + 2 · 50 + 10; 100 + 2 · 1 + 10 · 0.75; 100 + 2 · 1, with 0 for both cities.
    assert answer.out == "prediction\n210.0\n109.5\n102.0\n"
    assert answer.err == (
        "note: ignored 1 column that the model does not use: id\n"
        "note: missing values filled as in training: city (1), area (1)\n"
        "note: all 0/1 columns are 0 for values that training did not see: city (1)\n"
    )


def test_the_target_may_be_there_and_is_no_extra_column(here, tmp_path):
    write(tmp_path / "new.csv", ["price", "city", "area"], [["what?", "Bonn", "0"]])
    answer = here("predict", "line.npz", "new.csv")
    assert (answer.out, answer.err) == ("prediction\n100.0\n", "")


def test_columns_of_the_data_in_front_of_the_predictions(here, tmp_path):
    rows = [["007", "30", "Ulm", "a,b"], ["8", "1.50", "Bonn", ""]]
    write(tmp_path / "new.csv", ["id", "area", "city", "note"], rows)
    answer = here("predict", "line.npz", "new.csv", "--id", "id", "--id", "note", "--id", "area")
    # A cell is written as it is in the file: 007 is no number, and 1.50 has its two digits.
    assert answer.out == 'id,note,area,prediction\n007,"a,b",30,170.0\n8,,1.50,103.0\n'
    assert answer.err == ""
    found = json.loads(here("predict", "line.npz", "new.csv", "--id", "id", "--json").out)
    assert found["ids"] == {"id": ["007", "8"]}
    assert found["notes"] == ["ignored 1 column that the model does not use: note"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("new.csv", "--id", "Id"), "error: new.csv: has no column 'Id'\nhint: did you mean id"),
        (("new.csv", "--id", "prediction"), "error: --id prediction: two columns of the"),
        (("new.csv", "--id", "id", "--id", "id"), "error: --id id: two columns of the predictions"),
        (("new.npy", "--id", "id"), "error: new.npy: has no column 'id': its columns have no"),
    ],
)
def test_columns_that_cannot_be_in_front_of_the_predictions(here, tmp_path, words, text):
    write(tmp_path / "new.csv", ["id", "area", "city"], [["1", "30", "Ulm"]])
    np.save("new.npy", np.zeros((2, 3)))
    assert error_of(here("predict", "line.npz", *words)).startswith(text)


def test_a_file_as_output_is_never_overwritten(here, tmp_path):
    write(tmp_path / "new.csv", ["area", "city"], [["30", "Ulm"]])
    answer = here("predict", "line.npz", "new.csv", "-o", "out.csv")
    assert (answer.code, answer.page) == (0, "wrote 1 prediction to out.csv\n")
    assert (tmp_path / "out.csv").read_text() == "prediction\n170.0\n"
    assert error_of(here("predict", "line.npz", "new.csv", "-o", "out.csv")) == (
        "error: out.csv: the file exists already\n"
        "hint: choose another name, or add --force to replace it\n"
    )
    assert error_of(here("predict", "line.npz", "new.csv", "-o", "no/out.csv")) == (
        "error: no/out.csv: the file cannot be written: No such file or directory\n"
        "hint: the directory no does not exist\n"
    )


def test_json(here, tmp_path):
    write(tmp_path / "new.csv", ["area", "city", "id"], [["30", "Ulm", "1"]])
    answer = here("predict", "line.npz", "new.csv", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(answer.out) == {
        "run": "line.npz",
        "data": "new.csv",
        "target": "price",
        "rows": 1,
        "classes": [],
        "notes": ["ignored 1 column that the model does not use: id"],
        "predictions": [170.0],
    }
    in_file = json.loads(here("predict", "line.npz", "new.csv", "--json", "-o", "x.csv").out)
    assert in_file["file"] == "x.csv"
    assert "predictions" not in in_file


def test_probabilities_are_in_the_order_of_the_classes(here, tmp_path):
    # log-odds of the class "a,b" against "c": 2 · area − 1.
    save(
        "two.npz",
        {"w": [2.0], "b": -1.0},
        columns=[{"name": "area", "labels": []}],
        classes=["c", "a,b"],
        options={"name": "logistic", "bias": True},
    )
    write(tmp_path / "new.csv", ["area"], [["0.5"], ["2"]])
    answer = here("predict", "two.npz", "new.csv")
    lines = list(csv.reader(answer.out.splitlines()))
    assert lines[0] == ["prediction", "probability_c", "probability_a,b"]
    # At area ½ the log-odds are 0, and both classes have p = ½; the first class is predicted.
    assert lines[1] == ["c", "0.5", "0.5"]
    assert lines[2][0] == "a,b"
    assert float(lines[2][2]) == pytest.approx(1 / (1 + np.exp(-3)), rel=1e-15)
    found = json.loads(here("predict", "two.npz", "new.csv", "--json").out)
    assert found["classes"] == ["c", "a,b"]
    assert found["probabilities"][0] == [0.5, 0.5]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("names", "line", "text"),
    [
        (
            ["id", "price"],
            ["1", "2"],
            "error: new.csv: lacks 2 columns that the model needs: city, area\n"
            "hint: it has id, price; the names must be those of the training data\n",
        ),
        (
            ["city"],
            ["Ulm"],
            "error: new.csv: lacks the column that the model needs: area\n"
            "hint: it has city; the names must be those of the training data; if new rows never "
            'have it, add "area" to ignore and train again\n',
        ),
        (
            ["city", "Area"],
            ["Ulm", "1"],
            "error: new.csv: lacks the column that the model needs: area\n"
            "hint: did you mean Area for area? the names must be those of the training data\n",
        ),
        (
            ["city", "area"],
            ["Kiel", "1"],
            "error: new.csv:2 city: training did not see the value 'Kiel'\n"
            "hint: training saw Bonn, Ulm; --unseen ignore sets all 0/1 columns of city to 0\n",
        ),
        (
            ["city", "area"],
            ["Kiel", "much"],
            "error: new.csv:2 city: training did not see the value 'Kiel'\n"
            "hint: training saw Bonn, Ulm; --unseen ignore sets all 0/1 columns of city to 0\n"
            "error: new.csv:2 area: 'much' is not a number\n"
            "hint: this column had numbers in training; correct the cell, or leave it empty if the "
            "model fills missing values\n",
        ),
        (
            ["city", "area"],
            ["Ulm", "inf"],
            "error: new.csv:2 area: the value is infinite\n"
            "hint: correct it, or leave it empty if the model fills missing values\n",
        ),
        (
            ["city", "area"],
            ["Ulm", "1", "2"],
            "error: new.csv:2: this row has 3 fields, but the first row has 2\n"
            "hint: put a field that contains the separator in quotes\n",
        ),
        (
            ["city", "area", "city"],
            ["Ulm", "1", "2"],
            "error: new.csv:1: columns 0, 2 have the same name 'city'\n"
            "hint: give each column its own name\n",
        ),
    ],
)
def test_new_rows_that_do_not_fit(here, tmp_path, names, line, text):
    write(tmp_path / "new.csv", names, [line])
    assert error_of(here("predict", "line.npz", "new.csv")) == text


def test_a_missing_value_where_training_had_none(here, tmp_path):
    save("strict.npz", {"w": LINE["w"], "b": LINE["b"]})
    write(tmp_path / "new.csv", ["city", "area"], [["Ulm", "1"], ["Ulm", "?"], ["", "2"]])
    hint = (
        "hint: fill it in, or train with dataset.missing=mean, so that the mean of the training "
        "rows replaces it\n"
    )
    what = "the value is missing, and the model was trained without missing values"
    assert error_of(here("predict", "strict.npz", "new.csv")) == (
        f"error: new.csv:4 city: {what}\n{hint}error: new.csv:3 area: {what}\n{hint}"
    )


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["nothing", "new.csv"],
            "error: runs: no run is called 'nothing'\n"
            "hint: `gdrun train` makes a run; --runs is the directory that holds the runs\n",
        ),
        (
            ["last", "new.csv", "--runs", "elsewhere"],
            "error: elsewhere: there is no such directory\n"
            "hint: `gdrun train` makes a run; --runs is the directory that holds the runs\n",
        ),
        (
            ["new.csv", "line.npz"],
            "error: new.csv: is a file, not a run\n"
            "hint: the run comes first, then the data: `gdrun predict last new.csv`\n",
        ),
        (
            ["line.npz"],
            "error: DATA is missing\nhint: usage: gdrun predict [OPTIONS] RUN DATA\n",
        ),
        (
            ["line.npz", "new.cvs"],
            "error: new.cvs: no such file\nhint: did you mean new.csv?\n",
        ),
        (
            ["line.npz", "irsi"],
            "error: there is no file and no dataset 'irsi'\nhint: did you mean iris?\n",
        ),
        (
            ["line.npz", "iris"],
            "error: iris: lacks 2 columns that the model needs: city, area\n"
            "hint: it has sepal length (cm), sepal width (cm), petal length (cm), petal width "
            "(cm); the names must be those of the training data\n",
        ),
        (
            ["broken.npz", "new.csv"],
            "error: broken.npz: cannot be read: it is not a file of NumPy arrays, or is "
            "incomplete\n"
            "hint: restore the file from a copy, or train the model again\n",
        ),
        (
            ["line.npz", "model.pkl"],
            "error: model.pkl: is a pickle, which gdrun does not load because it can run code\n"
            "hint: write it with pandas: frame.to_parquet('train.parquet'), and give that file\n",
        ),
    ],
)
def test_words_that_name_nothing(here, tmp_path, words, text):
    write(tmp_path / "new.csv", ["area", "city"], [["30", "Ulm"]])
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and nothing more")
    (tmp_path / "model.pkl").write_bytes(b"")
    assert error_of(here("predict", *words)) == text


@pytest.mark.longer
def test_a_run_by_id_and_the_last_run(here, tmp_path):
    table(tmp_path / "houses.csv", "size")
    trained = here("train", "dataset.path=houses.csv", "model=softmax", *WORDS)
    assert trained.code == 0
    (run,) = (tmp_path / "runs").iterdir()
    expected = here("predict", str(run), "houses.csv")
    assert expected.code == 0
    for word in ("last", run.name, run.name[-4:]):
        assert here("predict", word, "houses.csv").out == expected.out
    (run / "weights.npz").unlink()
    assert error_of(here("predict", "last", "houses.csv")) == (
        f"error: runs/{run.name}: has no weights: weights.npz is missing\n"
        f"hint: `gdrun train runs/{run.name}/config.yaml` trains it again\n"
    )


@pytest.mark.longer
@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"schema_version": 3}, "was written by a newer gdrun (schema 3)"),
        ({"columns": 3}, "cannot be read: columns must be a list, got 3"),
        ({"dtype": "int8"}, "cannot be read: `model` has an unknown model or dtype"),
        ({"options": {"name": ["linear"]}}, "cannot be read: `model` has an unknown model"),
        (
            {"options": {"name": "linear", "loss": "mze"}},
            "no loss is called 'mze'",
        ),
        ({"options": {"name": "mlp", "hidden": "x"}}, "the model's description cannot be used: "),
        ({"columns": COLUMNS[1:]}, "cannot be read: `fill.mean` must be floats of shape (1,)"),
        ({"classes": ["a", "b"], "options": {"name": "softmax"}}, "w must be floats of shape"),
        (
            {"options": {"name": "mlp"}},
            "layer1.w must be floats of shape (3, 64), got nothing",
        ),
        ({"classes": ["a"], "numbered": True}, "the model's description cannot be used: "),
    ],
)
def test_a_damaged_file(here, changes, what):
    save("damaged.npz", LINE, **changes)
    message = error_of(here("predict", "damaged.npz", "iris"))
    assert message.startswith(f"error: damaged.npz: {what}")
