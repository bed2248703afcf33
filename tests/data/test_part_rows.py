"""Rows of a part that training did not have, or had too: classes, missing values, groups."""

import numpy as np
import pandas as pd
import pytest
from parts import BASE, data_of, failure, frame

import gdrun
from gdrun.data.inspection import inspect_data
from gdrun.symptoms.data_rules import repeated_rows
from gdrun.symptoms.facts import Traced


def test_rows_repeated_in_a_file_are_not_cured_by_reading_the_other_one_once(files):
    pd.concat([files["later"], files["train"].iloc[:5]]).to_csv("later.csv", index=False)
    run = gdrun.train(BASE, "validation=later.csv", "split.test=0", "variant=bgd", "epochs=2")
    found = repeated_rows(Traced(run.config, {}, data=run.record["data"]))
    assert found.evidence.startswith("the training part also has 5 of 18 validation rows (2")
    assert found.remedies == ()


def test_rows_of_the_training_file_are_counted(files):
    again = pd.concat([files["later"], files["train"].iloc[[3, 7, 7]]])
    again.to_csv("later.csv", index=False)
    data = data_of("validation=later.csv", "test=last.csv")
    assert (data.repeated.all, data.repeated.validation, data.repeated.test) == (0, 3, 0)
    said = (
        "repeated rows: the training part also has 3 of 16 validation rows, equal in the features"
    )
    assert f"{said} and the target" in data.notes
    inspected = inspect_data({"path": "train.csv", "validation": {"path": "later.csv"}})
    assert (inspected.files["validation"].rows, inspected.files["validation"].repeated) == (16, 3)


@pytest.mark.parametrize(("model", "task"), [("softmax", "classification"), ("linear", None)])
def test_whole_numbers_are_repeated_as_classes_and_as_numbers(tmp_path, monkeypatch, model, task):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").write_text("a,grade\n" + "1.5,3\n2.5,5\n3.5,8\n" * 5)
    (tmp_path / "test.csv").write_text("grade,a\n8,1.5\n5,2.5\n3,7.5\n")
    base = {"dataset": {"path": "train.csv", "task": task}, "model": model}
    data = data_of("test=test.csv", "split.validation=0", base=base)
    assert data.repeated.test == 1  # 2.5 with grade 5
    assert data.test.y.tolist() == ([2, 1, 0] if task else [8, 5, 3])


def test_a_category_that_training_did_not_see(files):
    files["later"].replace("west", "east").to_csv("later.csv", index=False)
    files["train"].replace("west", "south").to_csv("train.csv", index=False)
    assert failure("validation=later.csv") == (
        "error: later.csv:4 town: training did not see the value 'east'\n"
        "hint: training saw north, south; dataset.validation.unseen=ignore sets all 0/1 columns of "
        "town to 0"
    )
    ignored = data_of(
        "validation=later.csv", "dataset.validation.unseen=ignore", "standardize=false"
    )
    # The rows 2, 5, 8 and 11 of 13 have the town west, which is now east.
    np.testing.assert_array_equal(ignored.validation.X[:, :2].sum(axis=1), np.arange(13) % 3 != 2)
    note = "later.csv: all 0/1 columns are 0 for values that training did not see: town (4)"
    assert note in ignored.notes


@pytest.mark.longer
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("price,size\n1,2\n", "part.csv: lacks the column that the model needs: town"),
        ("town,size\nnorth,2\n", "part.csv: lacks the column that the model needs: price"),
        ("town,size,price\n", "part.csv: has a header but no examples"),
        ("town,size,price\nnorth,x,1\n", "part.csv:2 size: 'x' is not a number"),
        ("town,size,price\nnorth,,1\n", "part.csv:2 size: the value is missing, and the model"),
        ("town,size,price\nnorth,1,\n", "part.csv:2 price: the target is missing"),
        ("town,size,price\nnorth,1,cheap\n", "part.csv:2 price: 'cheap' is not a number"),
        ("town,size,price\nnorth,1,inf\n", "part.csv:2 price: the value is infinite"),
    ],
)
def test_rows_that_cannot_be_used_are_named(files, tmp_path, text, said):
    (tmp_path / "part.csv").write_text(text)
    message = failure("test=part.csv")
    assert message.startswith(f"error: {said}")
    assert "\nhint: " in message
    problem = inspect_data({"path": "train.csv", "test": {"path": "part.csv"}}).problems[0]
    assert str(problem) == message


def test_a_class_that_training_did_not_see(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").write_text("a,kind\n" + "1.5,ant\n2.5,bee\n" * 9)
    (tmp_path / "test.csv").write_text("a,kind\n1.5,ant\n1.5,wasp\n")
    base = {"dataset": {"path": "train.csv", "test": "test.csv"}, "model": "softmax"}
    assert failure(base=base) == (
        "error: test.csv:3 kind: training did not see the class 'wasp'\nhint: choose from ant, bee"
    )


def test_missing_values_are_treated_as_in_the_training_file(files, tmp_path):
    (tmp_path / "gaps.csv").write_text(
        "town,size,price\nnorth,50,1\n,60,2\nsouth,,3\nwest,70,\nwest,80,5\n"
    )
    filled = data_of("validation=gaps.csv", "missing=median", "standardize=false")
    # A row without a target is dropped; a size takes the median of the training rows.
    assert filled.validation.y.tolist() == [1, 2, 3, 5]
    median = np.median(filled.train.X[:, 3])
    assert filled.validation.X[:, 3].tolist() == [50, 60, median, 80]
    assert "gaps.csv: dropped 1 of 5 rows because the target is missing" in filled.notes
    assert "gaps.csv: missing values filled as in training: town (1), size (1)" in filled.notes
    dropped = data_of("validation=gaps.csv", "missing=drop", "standardize=false")
    assert dropped.validation.y.tolist() == [1, 5]
    assert "gaps.csv: dropped 3 of 5 rows because values are missing" in dropped.notes
    each = data_of("validation=gaps.csv", 'missing={size: drop, "*": most_frequent}')
    assert each.validation.y.tolist() == [1, 2, 5]


def test_a_row_that_is_dropped_may_have_any_category(files, tmp_path):
    lines = "town,size,price\nnorth,50,1\nTotal,,\neast,,3\nsouth,60,\neast,70,5\n"
    (tmp_path / "totals.csv").write_text(lines)
    # Without the row that has another town and is used.
    (tmp_path / "fine.csv").write_text(lines.replace("east,70,5\n", ""))
    fine = data_of("validation=fine.csv", "missing=drop")
    assert fine.validation.y.tolist() == [1]
    assert "fine.csv: dropped 3 of 4 rows because values are missing" in fine.notes
    assert failure("validation=totals.csv", "missing=drop").startswith(
        "error: totals.csv:6 town: training did not see the value 'east'"
    )
    # Under a filling only rows without a target are dropped.
    assert failure("validation=fine.csv", "missing=mean").startswith(
        "error: fine.csv:4 town: training did not see the value 'east'"
    )


def test_a_part_whose_rows_are_all_dropped_is_an_error(files, tmp_path):
    (tmp_path / "gaps.csv").write_text("town,size,price\nnorth,,1\nsouth,,3\n")
    assert failure("validation=gaps.csv", "missing=drop").startswith(
        "error: gaps.csv: has no row without missing values"
    )


@pytest.mark.longer
@pytest.mark.parametrize("named", [False, True], ids=["numbers", "texts"])
@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_groups_that_a_file_shares_with_the_training_part(files, named, ending):
    def visits(first, last, seed):
        patients = np.repeat(np.arange(first, last), 3)
        rows = frame(len(patients), seed)
        return rows.assign(patient=[f"P {k}" for k in patients] if named else patients)

    visits(0, 20, 0).to_csv("train.csv", index=False)
    last = visits(16, 30, 1)
    last.loc[2, "price"] = np.nan  # one of the three rows of the first group
    {
        "csv": lambda: last.to_csv("last.csv", index=False),
        "parquet": lambda: last.to_parquet("last.parquet"),
        "jsonl": lambda: last.to_json("last.jsonl", orient="records", lines=True),
    }[ending]()
    words = ("split.group=patient", f"test=last.{ending}", "target=price", "missing=mean")
    data = data_of(*words, "split.validation=0")
    assert "town" in data.feature_names[0] and data.rows["test"] == 41
    # The patients 16 to 19, of 16 to 29.
    said = "4 of its 14 groups by patient are in the training part too, with 11 of 41 rows"
    assert f"last.{ending}: {said}" in data.notes
    assert not any("ignored" in note for note in data.notes)
    # With a part of validation, its groups are not those of the training part.
    fewer = data_of(*words, "split.validation=0.5")
    assert f"last.{ending}: {said}" not in fewer.notes


def test_groups_of_a_file_that_shares_none_or_has_none(files):
    files["train"].assign(patient=np.arange(60) // 3).to_csv("train.csv", index=False)
    files["last"].assign(patient=77).to_csv("last.csv", index=False)
    words = ("split.group=patient", "target=price", "test=last.csv", "validation=later.csv")
    notes = data_of(*words).notes
    assert not any("last.csv" in note for note in notes)
    said = "has no column patient, so its groups cannot be compared with the training part"
    assert f"later.csv: {said}" in notes
