"""Definitions: the options from a signature, and the parts of a docstring."""

from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Lt

from gdrun.methods.definitions import (
    Count,
    Decay,
    Fraction,
    Nested,
    Option,
    Rate,
    define,
    inputs_of,
    option_names,
    options_of,
)
from gdrun.methods.docstrings import parse_doc


def equation(w, g, t, lr: Rate = 0.1, count: Count = 3, plain=0.5, form: Literal["a", "b"] = "a"):
    """A sentence that
    goes on.

        w ← w − α g
          with its own indent

        and a second part

    Notes: α is lr.

    More of them.

    Source: Someone 1900,
    on two lines.

    Elsewhere: not at all.
    """


def test_a_docstring_is_taken_apart():
    doc = define(equation).doc
    assert doc.summary == "A sentence that goes on."
    assert doc.equation == "w ← w − α g\n  with its own indent\n\nand a second part"
    assert doc.notes == "Notes: α is lr.\n\nMore of them."
    assert doc.source == "Someone 1900, on two lines."
    assert dict(doc.extra) == {"Elsewhere": "not at all."}


def test_no_docstring_is_an_empty_one():
    doc = parse_doc(None)
    assert (doc.summary, doc.equation, doc.notes, doc.source) == ("", "", "", "")


def test_inputs_have_no_default_and_options_have():
    assert inputs_of(equation) == ("w", "g", "t")
    assert option_names(equation) == ("lr", "count", "plain", "form")
    assert define(equation).defaults == {"lr": 0.1, "count": 3, "plain": 0.5, "form": "a"}


def test_only_real_numbers_vary_along_the_lanes():
    varies = {name: option.varies for name, option in options_of(equation).items()}
    assert varies == {"lr": True, "count": False, "plain": True, "form": False}


@pytest.mark.parametrize(
    ("annotation", "bounds"),
    [
        (Rate, "0 < x"),
        (Decay, "0 ≤ x < 1"),
        (Fraction, "0 < x ≤ 1"),
        (Annotated[float, Ge(-2), Lt(5)], "-2 ≤ x < 5"),
        (float, ""),
    ],
)
def test_bounds_in_words(annotation, bounds):
    assert Option("x", annotation, 0.5).bounds == bounds


def test_an_option_may_list_entries_of_its_own_kind():
    assert Option("parts", Annotated[tuple[object, ...], Nested()], ()).nested
    assert not Option("lr", Rate, 0.1).nested
