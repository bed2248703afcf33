"""Indexes and identifiers are left out of the features, and this is said."""

import numpy as np
import pytest

LEFT_OUT = (
    "left out column 0, which has no name: each row has a different whole number, like an "
    "identifier; keep: [0] makes it a feature"
)


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_an_index_in_any_order_is_left_out(read, name):
    table = read(f"{name},a,y\n17,1,2\n4,2.5,3\n9,3,1\n")
    assert table.feature_names == ("a",)
    expected = LEFT_OUT
    if name:
        expected = LEFT_OUT.replace("column 0, which has no name", name)
        expected = expected.replace("[0]", f'["{name}"]')
    assert table.notes == (expected,)


def test_a_shuffled_frame_of_pandas(read):
    import pandas

    frame = pandas.DataFrame({"a": [1.5, 2, 3, 4], "y": [1, 2, 3, 4]})
    table = read(frame.sample(frac=1, random_state=0).to_csv())
    assert table.feature_names == ("a",)


@pytest.mark.parametrize("values", [("3", "3", "1"), ("0.5", "1.5", "2"), ("-1", "4", "2")])
def test_other_numbers_without_a_name_stay(read, values):
    rows = "".join(f"{value},{i * i + 5},{i}\n" for i, value in enumerate(values))
    assert read(",a,y\n" + rows).feature_names == ("x0", "a")


@pytest.mark.longer
@pytest.mark.parametrize("name", ["id", "passenger_id", "customerID", "Index", "No"])
def test_a_numeric_identifier_in_any_order_is_left_out(read, name):
    text = f"size,{name},y\n1.5,17,2\n2,4,3\n9,9,1\n"
    table = read(text)
    assert table.feature_names == ("size",)
    assert table.notes == (
        f"left out {name}: each row has a different whole number, like an identifier; "
        f'keep: ["{name}"] makes it a feature',
    )
    assert read(text, keep=name).feature_names == ("size", name)
    assert read(text, categories=name).feature_names[1] == f"{name}=17"


def test_a_repeated_identifier_is_a_feature_and_said(read):
    lines = "".join(f"{1000 + row // 3 * 7},{row * row % 5},{row}\n" for row in range(36))
    table = read("user_id,b,y\n" + lines)
    assert table.feature_names == ("user_id", "b")
    assert table.notes == (
        "user_id has the name of an identifier, and is a feature because its numbers are repeated; "
        'ignore: ["user_id"] leaves it out, and split.group=user_id keeps rows with the same '
        "number in one part",
    )
    assert read("user_id,b,y\n" + lines, keep="user_id").notes == ()
    # A number of rooms or of another few values counts something.
    few = "".join(f"{row % 4},{row * row % 5},{row}\n" for row in range(36))
    assert read("room_no,b,y\n" + few).notes == ()


@pytest.mark.parametrize("name", ["size", "humid", "grid"])
def test_other_whole_numbers_are_features(read, name):
    table = read(f"{name},b,y\n17,1,2\n4,1,3\n9,1,1\n")
    assert table.feature_names == (name, "b")
    assert table.notes == ()


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("shuffled", [False, True])
def test_a_column_that_numbers_the_rows(read, first, shuffled):
    order = np.arange(first, first + 12)
    if shuffled:
        order = np.random.default_rng(0).permutation(order)
    rows = "".join(f"{i * i % 7},{k},{i % 3}\n" for i, k in enumerate(order))
    table = read("size,case,y\n" + rows)
    assert table.feature_names == ("size",)
    said = "it numbers the rows in another order" if shuffled else "it numbers the rows"
    assert table.notes == (f'left out case: {said}; keep: ["case"] makes it a feature',)


def test_years_and_a_few_rows_number_nothing(read):
    assert read("day,size,y\n1,2,3\n2,5,6\n3,1,4\n").feature_names == ("day", "size")
    rows = "".join(f"{2001 + i},{i * i % 7},{i}\n" for i in range(20))
    assert read("year,size,y\n" + rows).feature_names == ("year", "size")


def test_the_only_feature_stays_even_if_it_numbers_the_rows(read):
    table = read("x,y\n" + "".join(f"{i},{2 * i + 1}\n" for i in range(20)))
    assert table.feature_names == ("x",)


def test_codes_are_identifiers_and_sentences_are_refused(read, refused):
    codes = "".join(f"A-{i * 37},{i % 5},{i % 2}\n" for i in range(30))
    table = read("ticket,a,y\n" + codes)
    assert table.feature_names == ("a",)
    assert table.notes == (
        "left out ticket: each row has a different text, like an identifier, such as A-0; "
        'keep: ["ticket"] makes it a feature',
    )
    words = "".join(f"word {i} more,{i % 5},{i % 2}\n" for i in range(30))
    assert refused("remark,a,y\n" + words).startswith(
        "error: made.csv remark: has 30 different texts in 30 rows, too many for categories\n"
        'hint: leave it out with ignore: ["remark"]; or hash its texts'
    )


def test_a_column_cannot_be_kept_and_ignored(refused):
    assert refused("a,b,y\n1,2,3\n", keep="a", ignore="a").startswith(
        "error: dataset.keep: the column 'a' is listed in keep and in ignore"
    )


def test_an_identifier_stays_one_with_gaps_marks_and_a_row_twice(read):
    # Row 7 has no number, and row 5 is there twice: 39 different ones of 40, above 95 %.
    ids = [str(1000 + 37 * (row * 17 % 41)) for row in range(41)]
    ids[7], ids[6] = "", ids[5]
    rows = [f"{row * row % 7},{row % 5}" for row in range(41)]
    table = read("id,a,y\n" + "".join(f"{a},{b}\n" for a, b in zip(ids, rows, strict=True)))
    assert table.feature_names == ("a",)
    assert table.notes == (
        "left out id: nearly every row has a different whole number, like an identifier; "
        'keep: ["id"] makes it a feature',
    )
    report = table.reports[0]
    assert (report.kind, report.missing, report.different) == ("identifier", 1, 39)
    marked = "".join(f'"{int(a or 99):,}",{b}\n' for a, b in zip(ids, rows, strict=True))
    assert read("id,a,y\n" + marked).feature_names == ("a",)


def test_a_nameless_index_after_joins_and_samples_with_repetition(read):
    import pandas

    # Sorted by class, the index of a bootstrap sample would predict the class.
    frame = pandas.DataFrame({"a": [k * k % 11 for k in range(60)], "y": [0] * 30 + [1] * 30})
    joined = pandas.concat([frame[:30], frame[30:].reset_index(drop=True)])
    for made in (frame.sample(60, replace=True, random_state=0).sort_values("y"), joined):
        table = read(made.to_csv())
        assert table.feature_names == ("a",)
        assert table.notes == (
            "left out column 0, which has no name: it has whole numbers and no name, like an "
            "index that was sampled or joined; keep: [0] makes it a feature",
        )
        assert table.reports[0].different == made.index.nunique()


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_the_index_of_pandas_is_no_target_and_no_feature(read, tmp_path, ending):
    import pandas

    frame = pandas.DataFrame(
        {"a": [k * k % 11 for k in range(40)], "y": [k / 2 for k in range(40)]}
    )
    shuffled = frame.sample(frac=0.5, random_state=1)
    if ending == "parquet":
        shuffled.to_parquet(tmp_path / "frame.parquet")
    else:
        import pyarrow
        from pyarrow import feather

        feather.write_feather(pyarrow.Table.from_pandas(shuffled), str(tmp_path / "frame.feather"))
    table = read((tmp_path / f"frame.{ending}").read_bytes(), f"made.{ending}")
    assert (table.feature_names, table.target_name) == (("a",), "y")
    assert table.y.tolist() == shuffled["y"].tolist()
    assert table.notes == (
        "left out __index_level_0__: it is the index of a pandas frame; "
        'keep: ["__index_level_0__"] makes it a feature',
    )


@pytest.mark.longer
@pytest.mark.parametrize("kind", ["text", "repeated", "date", "fraction"])
def test_any_index_of_pandas_is_left_out_by_its_name(read, tmp_path, kind):
    import pandas

    index = {
        "text": [f"part {k % 4}" for k in range(40)],
        "repeated": [k % 3 for k in range(40)],
        "date": pandas.date_range("2024-01-31", periods=40),
        "fraction": [k / 7 for k in range(40)],
    }[kind]
    frame = pandas.DataFrame({"a": [k * k % 11 for k in range(40)], "y": range(40)}, index=index)
    frame.to_parquet(tmp_path / "frame.parquet")
    data = (tmp_path / "frame.parquet").read_bytes()
    assert read(data, "made.parquet").feature_names == ("a",)
    kept = read(data, "made.parquet", keep="__index_level_0__")
    assert len(kept.feature_names) > 1


def test_an_identifier_that_became_the_target_is_said(read):
    rows = "".join(f"{row * row % 7},{row % 5},{900 - 7 * row}\n" for row in range(30))
    said = (
        "the target id has a different whole number in each row, like an identifier; "
        "target=NAME chooses another column"
    )
    assert read("a,y,id\n" + rows).notes == (said,)
    assert said not in read("a,y,id\n" + rows, target="y").notes
