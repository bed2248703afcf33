"""Tables on a narrow terminal: where names are broken, and what is said of missing columns."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from gdrun.views.fitting import fitting
from gdrun.views.names import Name, broken


def printed(view, width):
    screen = Console(file=io.StringIO(), width=width, highlight=False)
    screen.print(view)
    return screen.file.getvalue()


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("metric=balanced_accuracy", 80, ["metric=balanced_accuracy"]),
        ("metric=balanced_accuracy", 20, ["metric=balanced_", "accuracy"]),
        ("payment_method=electronic check", 12, ["payment_", "method=", "electronic", "check"]),
        ("a.b.c", 2, ["a.", "b.", "c"]),
        ("immeasurable", 5, ["immea", "surab", "le"]),
        ("数据数据", 4, ["数据", "数据"]),  # each sign is two cells wide
        ("", 4, [""]),
    ],
)
def test_a_name_is_broken_after_signs(text, width, lines):
    assert broken(text, width) == lines


@pytest.mark.longer
@given(st.lists(st.from_regex(r"[a-z]{1,6}[._=,]", fullmatch=True), max_size=8), st.integers(7, 40))
def test_no_word_that_fits_is_broken_and_no_sign_is_lost(parts, width):
    lines = broken("".join(parts), width)
    assert "".join(lines) == "".join(parts)
    assert all(len(line) <= width for line in lines)
    # Every line but the last ends with the sign after a word.
    assert all(re.search("[._=,]$", line) for line in lines[:-1])


def test_a_cell_has_the_lines_of_its_name():
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_row(Name("optimizer.lr=0.1 +\nstopping.epochs=400"), "12345")
    assert [line.rstrip() for line in printed(table, 20).splitlines()] == [
        "optimizer.lr=  12345",
        "0.1 +",
        "stopping.",
        "epochs=400",
    ]


@pytest.mark.parametrize(("width", "said"), [(20, True), (79, False), (80, False)])
def test_a_narrow_table_says_which_columns_it_lacks(width, said):
    table = Table(box=None, pad_edge=False)
    for heading in ("epoch", "train loss", "val loss"):
        table.add_column(heading, no_wrap=True)
    table.add_row("1", "0.5", "0.6")
    shown = printed(fitting(table, ["train loss"]), width)
    assert ("no room for the" in shown) is said
    if said:
        assert " ".join(shown.split()).endswith("no room for the column train loss")


def test_a_table_for_the_usual_width_says_nothing():
    """At 80 columns, notes take the place of the columns that are left out."""
    table = Table(box=None, pad_edge=False)
    for heading in ("a" * 50, "b" * 50):
        table.add_column(heading, no_wrap=True)
    assert "no room" in printed(fitting(table, ["b" * 50]), 79)
    assert "no room" not in printed(fitting(table, ["b" * 50]), 80)


@pytest.mark.longer
@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(4, 60))
def test_no_column_is_left_out_that_has_room(widths, width):
    table = Table(box=None, pad_edge=False)
    table.add_column("id", no_wrap=True)
    names = [chr(ord("a") + place) * size for place, size in enumerate(widths)]
    for name in names:
        table.add_column(name, no_wrap=True)
    shown = printed(fitting(table, names), width).splitlines()[0].split()
    # From the most important column, which is the last: two spaces, and the name.
    used, expected = 2, []
    if 2 + sum(2 + size for size in widths) <= width:
        expected = names
    else:
        for name in reversed(names):
            if used + 2 + len(name) <= width:
                used += 2 + len(name)
                expected.insert(0, name)
    assert shown == ["id", *expected]
