"""Classes that are probably mistakes: a few rows among frequent classes, or another case."""

import duckdb
import pytest

import gdrun

SOFTMAX = "use model: softmax"


@pytest.fixture
def refused(tmp_path):
    """A function that returns the error of a logistic regression on a target with these cells."""

    def failing(cells, *, typed=False):
        path = tmp_path / "made.csv"
        path.write_text("a,y\n" + "".join(f"{k % 7},{cell}\n" for k, cell in enumerate(cells)))
        if typed:
            path, source = tmp_path / "made.parquet", path
            duckdb.sql(f"FROM read_csv('{source}')").write_parquet(str(path))
        with pytest.raises(gdrun.GdrunError) as caught:
            gdrun.train({"dataset": {"path": str(path), "target": "y"}, "model": "logistic"})
        return str(caught.value).replace(str(path), path.name)

    return failing


def cells(stray, often=20):
    """60 rows: 40 with no, and yes; those from row 30, and so from line 32, are the stray label."""
    found = ["no", "no", "yes"] * often
    for k, label in enumerate(stray):
        found[30 + 3 * k] = label
    return found


@pytest.mark.parametrize("typed", [False, True])
def test_a_class_of_one_row_is_named_with_its_line(refused, typed):
    place = "row 30, where the first is row 0" if typed else "line 32"
    assert refused(cells(["maybe"]), typed=typed) == (
        f"error: model.name: logistic needs 2 classes, but made.{'parquet' if typed else 'csv'} "
        f"has 3: no (39 rows), yes (20 rows), maybe (1 row, {place})\n"
        "hint: correct the cell with maybe, or leave out the row with "
        f'missing_values: ["standard", "maybe"] and missing: drop; or {SOFTMAX}'
    )


def test_a_class_in_another_case_is_to_be_written_as_the_others(refused):
    """Listed as a missing value, No would also remove no."""
    assert refused(cells(["No"] * 5)) == (
        "error: model.name: logistic needs 2 classes, but made.csv has 3: no (35 rows), "
        "yes (20 rows), No (5 rows, the first in line 32)\n"
        f"hint: write no instead of No; or {SOFTMAX}"
    )


def test_a_rare_number_is_no_mark_of_missing_values(refused):
    """The number 2 is also in the column of the feature."""
    numbers = [{"no": 0, "yes": 1}.get(cell, 2) for cell in cells(["maybe"] * 2)]
    assert refused(numbers) == (
        "error: model.name: logistic needs 2 classes, but made.csv has 3: 0 (38 rows), "
        "1 (20 rows), 2 (2 rows, the first in line 32)\n"
        f"hint: correct the cells with 2; or {SOFTMAX}"
    )


def test_frequent_classes_are_counted_only(refused):
    assert refused(["no", "maybe", "yes"] * 20).endswith(
        f"maybe (20 rows), no (20 rows), yes (20 rows)\nhint: {SOFTMAX}"
    )


def test_the_advice_as_it_is_written_leaves_out_the_row(tmp_path):
    path = tmp_path / "made.csv"
    labels = cells(["maybe"])
    path.write_text("a,y\n" + "".join(f"{k % 7},{cell}\n" for k, cell in enumerate(labels)))
    data = {"path": str(path), "target": "y", "missing_values": ["standard", "maybe"]}
    data["missing"] = "drop"
    run = gdrun.train({"dataset": data, "model": "logistic"}, "epochs=1")
    assert run.record["data"]["classes"] == ["no", "yes"]
    assert run.record["data"]["rows"] == 59
