"""Texts in the columns of a table: categories, booleans, hashed texts, or errors."""

import numpy as np
import pytest
from csv_rows import rows

from gdrun.errors import DataError


def test_categories_are_one_column_a_value(read):
    table = read("kind,size,label\nred,1,no\nblue,2,yes\nred,3,no\ngreen,4,no\n")
    assert table.feature_names == ("kind=blue", "kind=green", "kind=red", "size")
    assert table.X.tolist() == [[0, 0, 1, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 1, 0, 4]]
    assert table.classes == ("no", "yes")
    assert table.y.tolist() == [0, 1, 0, 0]
    assert table.y.dtype == np.int64


def test_a_target_may_mix_numbers_and_text(read):
    table = read("a,rings\n1,1\n2,2\n3,3+\n4,1\n")
    assert table.classes == ("1", "2", "3+")
    assert table.y.tolist() == [0, 1, 2, 0]


def test_an_underscore_makes_text(read):
    # Python would read 1_000 as a number; a file means a label.
    table = read("a,code\n1,1_0\n2,2_0\n3,1_0\n")
    assert table.classes == ("1_0", "2_0")


@pytest.mark.longer
def test_many_values_are_no_categories(read):
    rows = "".join(f"k{i % 1001},{i % 2}\n" for i in range(3000))
    with pytest.raises(DataError) as caught:
        read("kind,y\n" + rows)
    assert str(caught.value).endswith(
        "made.csv kind: has 1001 different texts in 3000 rows, too many for categories\n"
        'hint: leave it out with ignore: ["kind"]; or hash its texts into at most 256 '
        "columns with hash: 256"
    )
    assert read("kind,y\n" + rows.replace("k1000,", "k0,")).X.shape == (3000, 1000)
    # As a target they are classes.
    assert len(read("kind,y\n" + rows, target="kind").classes) == 1001


@pytest.mark.longer
@pytest.mark.parametrize(
    "cells",
    [
        ("A11", "A12", "A13"),
        ("10th", "11th", "12th"),
        ("zone 1", "zone 2", "zone 3"),
        ("5-10", "10-15", "15-20"),
        ("1+", "2+", "3+"),
        ("3door", "5door", "hatchback"),
    ],
)
def test_codes_with_numbers_are_categories(read, cells):
    assert read("a,y\n" + rows(*cells)).feature_names == tuple(
        f"a={cell}" for cell in sorted(cells)
    )
    swapped = "b,y\n" + "".join(f"{k * k % 7},{cells[k % 3]}\n" for k in range(12))
    assert read(swapped).classes == tuple(sorted(cells))


@pytest.mark.longer
@pytest.mark.parametrize(
    ("false", "true"),
    [("no", "yes"), ("False", "True"), ("FALSE", "TRUE"), ("f", "t"), ("N", "Y"), ("off", "ON")],
)
def test_booleans_are_one_column(read, false, true):
    table = read(f"open,y\n{true},1\n{false},2\n{true.title()},3\n")
    assert table.feature_names == ("open",)
    assert table.X.tolist() == [[1], [0], [1]]
    # As labels they are two columns, and as a target classes.
    assert len(read(f"open,y\n{true},1\n{false},2\n", categories="open").feature_names) == 2
    assert read(f"open,y\n{true},1\n{false},2\n", target="open").classes == tuple(
        sorted((false, true))
    )


@pytest.mark.longer
@pytest.mark.parametrize("cells", [("yes", "true"), ("yes", "maybe", "no"), ("m", "f"), ("yes",)])
def test_other_texts_are_categories(read, cells):
    text = "a,y\n" + rows(*cells)
    assert read(text).feature_names == tuple(f"a={cell}" for cell in sorted(cells))


@pytest.mark.longer
@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ([f"{k // 60}:{k % 60:02}:00" for k in range(0, 1000, 40)], "times without a date"),
        ([f"{k}/{k + 1}" for k in range(1, 26)], "fractions"),
    ],
)
def test_many_amounts_are_no_labels_although_they_are_repeated(refused, read, cells, what):
    text = "at,y\n" + rows(*cells * 4)
    assert f"has 25 different {what}, such as" in refused(text)
    # Both next moves of the hint work.
    labelled = read(text, categories=("at",))
    assert len(labelled.feature_names) == 25
    assert not any("labels" in note for note in labelled.notes)
    assert read("n," + text.replace("\n", "\n1,").rstrip("1,"), ignore=("at",)).feature_names == (
        "n",
    )
    assert (
        f"at has {what}, which are read as labels" in read("at,y\n" + rows(*cells[:5] * 4)).notes[0]
    )


def test_a_table_without_features_says_why(refused):
    text = "code,y\n" + rows(*(f"A-{i}" for i in range(30)))
    assert refused(text) == (
        "error: made.csv: has no feature: code is left out, because each row has a different text, "
        'like an identifier, such as A-0\nhint: write keep: ["code"] to make it a feature; or '
        "choose another target"
    )


def test_problems_of_all_columns_are_reported_together(refused):
    text = "sold,code,age,y\n" + "".join(
        f"2020-01-{i % 28 + 1:02},note {i} end,{i or ''},{i}\n" for i in range(30)
    )
    said = refused(text, dates="refuse")
    assert "made.csv:2 sold: the column has dates" in said
    assert "made.csv code: has 30 different texts" in said
    assert "made.csv:2 age: 1 of 30 values is missing" in said


def test_hashed_texts(read, refused):
    text = "remark,y\n" + "".join(f"note {i % 40} end,{i}\n" for i in range(60))
    table = read(text, hash=16)
    # The same hash, written by itself.
    import hashlib

    def bucket(text):
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little") % 16

    used = sorted({bucket(f"note {i} end") for i in range(40)})
    assert table.feature_names == tuple(f"remark#{number}" for number in used)
    expected = [
        [float(bucket(f"note {i % 40} end") == number) for number in used] for i in range(60)
    ]
    assert table.X.tolist() == expected
    assert table.notes == (
        f"remark: 40 texts are hashed into 16 buckets, of which {len(used)} are used; "
        f"{40 - len(used)} collisions",
    )
    assert read(text, hash="2**4").feature_names == table.feature_names
    assert refused(text, hash=1).startswith(
        "error: dataset.hash: must be a whole number of buckets from 2 to 2**31, got 1"
    )


def test_codes_with_as_many_words_as_numbers_are_a_category(read):
    assert len(read("a,y\n" + rows("A", "B", "C", "1", "2")).feature_names) == 5


def test_labels_that_differ_in_case_are_said(read):
    table = read("town,y\n" + rows("north", "South", "North", "south", "West"))
    assert len(table.feature_names) == 5
    assert table.notes == ("town has labels that differ only in case, such as North and north",)


def test_a_feature_that_mixes_numbers_and_words_may_be_a_category(read, refused):
    text = "doors,y\n2,1\n3,2\n4,3\n5more,4\n2,5\n"
    assert refused(text).endswith('or read them as labels with categories: ["doors"]')
    table = read(text, categories=["doors"])
    assert table.feature_names == ("doors=2", "doors=3", "doors=4", "doors=5more")
    assert table.X.tolist()[3:] == [[0, 0, 0, 1], [1, 0, 0, 0]]


def test_a_column_of_numbers_may_be_a_category(read):
    table = read("zip,y\n53111,1\n01067,2\n53111,3\n", categories=0)
    assert table.feature_names == ("zip=01067", "zip=53111")
    assert table.X.tolist() == [[0, 1], [1, 0], [0, 1]]


@pytest.mark.parametrize("option", ["categories", "keep", "missing"])
def test_a_column_that_does_not_exist(refused, option):
    value = {"zap": "mean"} if option == "missing" else "zap"
    assert refused("zip,y\n1,2\n", **{option: value}) == (
        f"error: dataset.{option}: made.csv has no column 'zap'\nhint: did you mean zip?"
    )


def test_all_columns_that_do_not_exist_are_named_at_once(refused):
    options = {"target": "yes", "ignore": ["zap", 7], "missing": {"sipe": "drop"}, "keep": "kap"}
    said = refused("zip,size,cap,y\n1,2,3,4\n", **options)
    lines = [line for line in said.splitlines() if line.startswith("error: ")]
    assert lines == [
        "error: dataset.target: made.csv has no column 'yes'",
        "error: dataset.ignore: made.csv has no column 'zap'",
        "error: dataset.ignore: made.csv has no column 7",
        "error: dataset.missing: made.csv has no column 'sipe'",
        "error: dataset.keep: made.csv has no column 'kap'",
    ]


@pytest.mark.parametrize("sign", ["\x1b", "\x01", "\x9b", "\x7f"])
def test_control_characters_are_not_shown(refused, sign):
    code = f"0x{ord(sign):02x}"
    said = refused(f"a,y\nok,1\nx{sign}[31m,2\n")
    assert said.startswith(f"error: made.csv:3 a: a text contains the control character {code}")
    said = refused(f"a{sign},y\n1,2\n")
    assert said.startswith("error: made.csv:1: the name of column 0 contains the control chara")
    assert sign not in said
