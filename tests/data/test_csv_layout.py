"""Headers, separators and rows of another width."""

import numpy as np
import pytest

SPECIES = "0,1,species\n5.1,3.5,a\n4.9,3.0,b\n4.7,3.2,a\n4.6,3.1,b\n5.0,3.6,a\n5.4,3.9,b\n"


def test_the_numbers_of_unnamed_columns_are_a_header(read):
    # What pandas writes for columns without names.
    table = read(SPECIES)
    assert table.feature_names == ("0", "1")
    assert table.X.shape == (6, 2)
    assert table.classes == ("a", "b")
    assert table.notes == (
        "the first row, 0, 1, species, holds the names of the columns; "
        "header: false reads it as an example",
    )
    assert len(read(SPECIES, header=False).y) == 7


def test_a_second_header_is_named(refused, read):
    text = "a,b,y\n" + "m,kg,class\n" + "".join(f"{i}.5,{i * i},{i % 2}\n" for i in range(9))
    assert refused(text) == (
        "error: made.csv:2: this row has text, such as 'm', in all columns of numbers\n"
        "hint: remove this line if it is a second header, such as one with units"
    )
    # A typing error is no header.
    assert "1 cell of text among 9 numbers" in refused(text.replace("m,kg,class", "m,1,1"))
    assert len(read(text.replace("m,kg,class\n", "")).y) == 9


def test_pandas_with_and_without_an_index(read):
    import pandas

    frame = pandas.DataFrame(np.array([[5.5, 1.5, 3], [4.5, 2, 7], [9, 8, 1.25]]))
    for index in (True, False):
        table = read(frame.to_csv(index=index))
        np.testing.assert_array_equal(table.X, frame.to_numpy()[:, :2])
        np.testing.assert_array_equal(table.y, frame.to_numpy()[:, 2])


COUNTRIES = [f"{place},{k * 10},{k * k * 3},{k + 0.5}" for k, place in enumerate("ABCDEFGH")]
KINDS = [f"{k * k % 11},{k * 10},{k % 5},{'ab'[k % 2]}" for k in range(12)]
CODES = [f"{k * k % 11},{k * 10},{k % 5},{k % 2}" for k in range(9)]
MEASURES = [f"{k * k % 11},{k / 4},{k * 7 % 13}" for k in range(9)]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("country,2019,2020,2021", COUNTRIES),
        ("country,2019,2020,growth", COUNTRIES),
        ("country,1,2,3", COUNTRIES),
        ("country,0,1,2", COUNTRIES),
        ("2019,2020,2021,kind", KINDS),
        ("1,2,3,kind", KINDS),
        ("0.0,1.0,2.0,kind", KINDS),
        ("1,2,3,kind", CODES),
        ("2019,2020,2021", MEASURES),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_years_and_counted_columns_are_names(read, header, rows, delimiter):
    names = header.split(",")
    text = "\n".join([header, *rows]) + "\n"
    table = read(text.replace(",", delimiter))
    assert len(table.y) == len(rows)
    assert table.target_name == names[-1]
    assert dict.fromkeys(name.partition("=")[0] for name in table.feature_names) == dict.fromkeys(
        names[:-1]
    )
    cells = [row.split(",")[-1] for row in rows]
    found = [table.classes[code] for code in table.y] if table.classes else table.y.tolist()
    assert found == (cells if table.classes else list(map(float, cells)))
    assert table.notes[0] == (
        f"the first row, {', '.join(names)}, holds the names of the columns; "
        "header: false reads it as an example"
    )
    assert len(read(text, header=False, keep=0).y) == len(rows) + 1


@pytest.mark.parametrize(
    "rows",
    [
        # The first house was built and sold in earlier years than the others.
        [f"{'ABCDEFGH'[k]},{1990 + k},{1995 + 2 * k},{k * k}" for k in range(8)],
        [f"{1990 + k},{1995 + 2 * k},{2000 + k * k}" for k in range(8)],
        ["1,2,3", "4,5,6", "7,8,10"],
        ["5,1,2,a", "6,3,3,b", "7,1,2,a", "5,1,2,b"],
    ],
)
def test_years_and_counts_that_are_values(read, rows):
    table = read("\n".join(rows) + "\n")
    assert len(table.y) == len(rows)
    assert (table.target_name, table.notes) == (f"x{rows[0].count(',')}", ())


@pytest.mark.longer
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("7,9,kind\n5.1,3.5,a\n4.9,3.0,b\n4.7,3.2,a\n4.6,3.1,b\n", "'kind' occurs only here"),
        ("7,9,kind\n5.1,3.5,1\n4.9,3.0,0\n4.7,3.2,1\n4.6,3.1,0\n", "'kind' is above numbers"),
        ("7,9,price\n5.1,3.5,15\n4.9,3.0,9\n4.7,3.2,8\n", "'price' is above numbers"),
        ("place,2020,kind\nA,3.5,a\nB,3.0,b\nC,3.2,a\n", "'2020' is a year, and no value below is"),
    ],
)
def test_a_row_that_may_hold_names_is_asked_for(refused, read, text, why):
    assert refused(text) == (
        f"error: made.csv:1: this row may hold the names of the columns: {why}\n"
        "hint: set header: true if it does, header: false if it is an example"
    )
    rows = text.count("\n")
    assert len(read(text, header=True).y) == rows - 1
    assert len(read(text, header=False, categories=[0, 1, 2]).y) == rows


HOUSING = " 0.00632  18.00   2.310  0  24.00\n 27.0      0.00   7.070 12  21.60 \n"


def test_blanks_may_separate(read):
    table = read(HOUSING, "housing.data")
    assert table.X.tolist() == [[0.00632, 18, 2.31, 0], [27, 0, 7.07, 12]]
    assert table.y.tolist() == [24, 21.6]
    table = read("a b label\n1 2 yes\n3 4 no\n")
    assert table.feature_names == ("a", "b")
    assert table.classes == ("no", "yes")


def test_blanks_where_some_rows_have_tabs_or_decimal_commas(read, refused):
    table = read("a b y\n1  2\t3.5\n4\t5 6\n7 8 9\n", "made.txt")
    assert table.feature_names == ("a", "b")
    assert table.X.tolist() == [[1, 2], [4, 5], [7, 8]]
    commas = "a b y\n1,5 2 3\n2,5 4 5\n"
    assert 'hint: set decimal: ","' in refused(commas, "made.txt")
    assert read(commas, "made.txt", decimal=",").X.tolist() == [[1.5, 2], [2.5, 4]]
    # Blanks within texts separate nothing.
    assert read("name,y\nanna 1,5\nbert 2,6\n").feature_names == ("name=anna 1", "name=bert 2")


def test_blanks_around_quotes_and_tabs(read):
    # The UCI file auto-mpg: blanks between the numbers, a tab before the quoted name.
    rows = '18.0   8   307.0\t"chevrolet chevelle malibu"\n15.0   8   350.0\t"buick skylark"\n'
    table = read(rows, "auto-mpg.data", target=0)
    assert table.y.tolist() == [18, 15]
    assert table.feature_names[2:] == ("x3=buick skylark", "x3=chevrolet chevelle malibu")


def test_letters_and_numbers_between_blanks(read):
    # The UCI file german: codes and numbers, no header.
    table = read("A11 6 A34 1\nA12 48 A32 2\nA14 12 A34 1\nA11 42 A32 1\n", "german.data")
    assert len(table.y) == 4
    assert table.feature_names[:3] == ("x0=A11", "x0=A12", "x0=A14")


def test_an_identifier_between_blanks_is_left_out(read):
    rows = "".join(f"ADT{i}_YEAST  0.{i + 10}  {i % 2}\n" for i in range(30))
    table = read(rows, "yeast.data")
    assert table.feature_names == ("x1",)
    assert table.notes == (
        "left out x0: each row has a different text, like an identifier, such as ADT0_YEAST; "
        'keep: ["x0"] makes it a feature',
    )


def test_a_line_of_excel_names_the_separator(read):
    for first in ("sep=;\n", '"sep=;"\n', "\ufeffsep=;\r\n"):
        table = read(first + "a;b;y\n1;2;3\n4;5;6\n".replace("\n", first[-2:].lstrip(';"')))
        assert table.X.tolist() == [[1, 2], [4, 5]]


UNNAMED = (
    "\nhint: name every column; put a field that contains the separator in quotes; "
    "write.table in R needs row.names = FALSE"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a,b,y\n1,2,3\n4,5\n7,8,9\n",
            ":3: this row has 2 fields, but the first row has 3\nhint: add the missing fields; "
            "a missing value is an empty field between two separators",
        ),
        (
            "a,b,y\n1,2,3\n4,x,5,6\n7,8,9,10\n0,0,0\n",
            ":3: this row has 4 fields, but the first row has 3 (2 rows differ from the first)\n"
            "hint: put a field that contains the separator in quotes",
        ),
        (
            "# made today\na,b,y\n1,2,3\n4,5,6\n",
            ":1: this line is a comment: it begins with #\n"
            "hint: remove the comments; the CSV format has none",
        ),
        (
            "a,b,y\n1,2,3\n# half\n4,5,6\n",
            ":3: this line is a comment: it begins with #\n"
            "hint: remove the comments; the CSV format has none",
        ),
        (
            "Houses of Bonn\na,b,y\n1,2,3\n4,5,6\n",
            ":1: this line has another number of fields (1) than the rows below (3)\n"
            "hint: remove this line if it is a title; a header has 3 names, one for each column",
        ),
        (
            "Houses of Bonn\n2020\n\na,b,y\n1,2,3\n4,5,6\n7,8,9\n",
            ":1: the first 2 lines have another number of fields (1) than the rows below (3)\n"
            "hint: remove the lines above the table, such as a title",
        ),
        (
            "a b\n1 5 3\n2 5 6\n3 4 5\n",
            ":1: the header has 2 names, but the rows have 3 fields" + UNNAMED,
        ),
        (
            "x,at,y\n1,Jan 31, 2020,3\n2,Feb 1, 2020,4\n",
            ":1: the header has 3 names, but the rows have 4 fields" + UNNAMED,
        ),
        (
            "a,b,y\n1,2,3,,\n4,5,6,,\n",
            ":1: the rows end with 2 separators that the header does not have\n"
            "hint: remove them from the rows; or end the header with the same separators",
        ),
        (
            "Houses of Bonn,,\na,b,y\n1,2,3\n4,5,6\n",
            ":1: this line has a text in the first column only, like a title\n"
            "hint: remove the lines above the names of the columns",
        ),
        (
            "% houses\n@RELATION houses\n@ATTRIBUTE a NUMERIC\n@DATA\n1,2\n",
            ":2: this is the header of a Weka file\n"
            "hint: remove the lines that begin with @ or %, write the names of the columns in the "
            "first line, and name the file .csv",
        ),
    ],
    ids=[
        "short",
        "long",
        "comment",
        "comment below",
        "title",
        "two titles",
        "R",
        "dates",
        "separators",
        "title of Excel",
        "Weka",
    ],
)
def test_each_wrong_width_has_its_own_message(refused, text, said):
    assert refused(text) == f"error: made.csv{said}"


def test_the_next_move_of_these_messages_works(read):
    ended = read("a,b,y,,\n1,2,3,,\n4,5,6,,\n")
    assert (ended.X.tolist(), ended.y.tolist()) == ([[1, 2], [4, 5]], [3, 6])
    dates = read('x,at,y\n1,"Jan 31, 2020",3\n2,"Feb 1, 2020",4\n')
    assert dates.feature_names == ("x", "at.year", "at.month", "at.weekday", "at.days")


@pytest.mark.parametrize("blank", ["", " "])
def test_separators_at_the_end_of_rows_add_no_column(read, blank):
    table = read(f"a,b,y\n1,2,3,{blank}\n4,5,6,{blank}\n")
    assert table.X.tolist() == [[1, 2], [4, 5]]
    assert table.y.tolist() == [3, 6]
