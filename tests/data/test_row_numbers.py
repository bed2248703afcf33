"""Indexes and identifiers: left out if they have no name, else noted."""

import pytest

LEFT_OUT = (
    "left out column 0, which has no name: it has another whole number in each row, as an index has"
)


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_an_index_in_any_order_is_left_out(read, name):
    table = read(f"{name},a,y\n17,1,2\n4,2.5,3\n9,3,1\n")
    assert table.feature_names == ("a",)
    assert table.notes == (LEFT_OUT,)


def test_a_shuffled_frame_of_pandas(read):
    import pandas

    frame = pandas.DataFrame({"a": [1.5, 2, 3, 4], "y": [1, 2, 3, 4]})
    table = read(frame.sample(frac=1, random_state=0).to_csv())
    assert table.feature_names == ("a",)


@pytest.mark.parametrize("values", [("3", "3", "1"), ("0.5", "1.5", "2"), ("-1", "4", "2")])
def test_other_numbers_without_a_name_stay(read, values):
    rows = "".join(f"{value},{i * i + 5},{i}\n" for i, value in enumerate(values))
    assert read(",a,y\n" + rows).feature_names == ("x0", "a")


@pytest.mark.parametrize("name", ["id", "passenger_id", "customerID", "Index", "No"])
def test_a_numeric_identifier_in_any_order_is_noted(read, name):
    table = read(f"size,{name},y\n1.5,17,2\n2,4,3\n9,9,1\n")
    assert table.feature_names == ("size", name)
    assert table.notes == (
        f"{name} has another whole number in each row; if it is not a feature, "
        f'leave it out with ignore: ["{name}"]',
    )


@pytest.mark.parametrize("name", ["size", "humid", "grid"])
def test_other_whole_numbers_are_not_noted(read, name):
    assert read(f"{name},b,y\n17,1,2\n4,1,3\n9,1,1\n").notes == ()
