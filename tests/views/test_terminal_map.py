"""Maps in the terminal: shades of a table, and the places of a walk."""

from dataclasses import replace

import numpy as np

from gdrun.views.study_figures import HeatMap
from gdrun.views.terminal_map import heat_lines, walk_lines
from gdrun.views.walks import Path, Walks

TABLE = HeatMap(
    "name",
    "beta",
    "lr",
    ("0", "0.9"),
    ("0.1", "1"),
    np.array([[1.0, 4.0], [2.0, np.inf]]),
    "loss",
    marked=(0, 0),
    texts=(("1", "4"), ("2", "–")),
)


def test_a_table_shows_a_shade_and_a_number():
    # From 1 to 4 there are four shades: 2 is one third of the way, in the second quarter.
    assert heat_lines(TABLE, 80) == [
        "loss, lr down, beta across",
        "     0    0.9",
        "0.1  * 1  █ 4",
        "  1  ▒ 2  × –",
        "░ from 1 to █ 4",
        "* best",
        "× diverged, or no value",
    ]


def test_what_was_not_tried_has_a_mark_of_its_own():
    untried = np.array([[False, True], [False, False]])
    values = np.where(untried, np.nan, TABLE.values)
    table = replace(TABLE, values=values, untried=untried, texts=(("1", ""), ("2", "–")))
    assert heat_lines(table, 80)[2:] == [
        "0.1  * 1  ·",
        "  1  █ 2  × –",
        "░ from 1 to █ 2",
        "* best",
        "× diverged, or no value",
        "· not tried",
    ]
    assert heat_lines(table, 12, ascii_only=True)[1] == "0.1  *  -"


def test_a_narrow_ascii_table_has_only_shades():
    lines = heat_lines(TABLE, 12, ascii_only=True)
    assert lines[1:4] == ["0.1  *  #", "  1  :  x", "beta: from 0 to 0.9"]
    assert "".join(lines).isascii()


def test_columns_that_do_not_fit_are_counted():
    columns = tuple(map(str, range(50)))
    wide = HeatMap("", "x", "y", columns, ("a",), np.arange(50.0)[None], "loss")
    lines = heat_lines(wide, 30)
    assert max(map(len, lines)) <= 30
    assert "shown: 1 of every 2 columns" in lines


def test_a_table_of_equal_or_missing_numbers_has_a_map():
    for values in (np.full((1, 2), 3.0), np.full((1, 2), np.nan)):
        assert heat_lines(HeatMap("", "x", "y", ("a", "b"), ("c",), values, "loss"), 40)


def walk(*places):
    x, y = np.linspace(-1, 1, 201), np.linspace(-1, 1, 201)
    values = np.add.outer(y**2, x**2)
    paths = (Path("adam", np.array(places)),)
    return Walks(x, y, values, title="bowl", lowest=0.0, minima=((0.0, 0.0),), paths=paths)


def test_a_walk_runs_from_its_start_and_the_minimum_is_marked():
    lines = walk_lines(walk((-1.0, 1.0), (-1.0, -1.0)), 60)
    assert not any("#" in line for line in lines)
    rows = [line.split("│")[1] for line in lines if "│" in line]
    # The walk is the left edge from top to bottom; the minimum is in the middle of 16 rows.
    assert all(row[0] == "a" for row in rows)
    middle = [(row, text.index("*")) for row, text in enumerate(rows) if "*" in text]
    ((row, column),) = middle
    assert row == 8
    assert abs(column - (60 - 4) / 2) <= 1
    assert lines[-1] == "  a  adam"


def test_a_walk_that_leaves_the_picture_is_cut_at_its_edge():
    lines = walk_lines(walk((0.5, 0.5), (1e9, 1e9)), 40, ascii_only=True)
    assert max(map(len, lines)) <= 40
    assert "".join(lines).isascii()
    assert sum("a" in line for line in lines if "|" in line) == 1
