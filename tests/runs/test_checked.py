"""Checks of documents against TypedDicts: the error names the wrong key."""

from typing import Any, Literal, NotRequired

import pytest
from typing_extensions import TypedDict

from gdrun.errors import RecordError
from gdrun.runs.checked import Count, Seconds, checked, misfit


class Inner(TypedDict):
    count: Count


class Outer(TypedDict):
    name: str
    inner: Inner
    rows: list[Inner]
    share: NotRequired[float | None]
    word: NotRequired[Literal["a", "b"]]
    more: NotRequired[dict[str, Any]]
    time: NotRequired[Seconds]
    either: NotRequired[list[str] | list[Inner]]


FITTING = {"name": "x", "inner": {"count": 1}, "rows": [{"count": 2}]}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"unknown": object()},
        {"share": 1},
        {"share": float("nan")},
        {"share": None, "word": "a", "more": {"b": [1, "c"]}, "time": 3},
        {"either": []},
        {"either": [{"count": 1}]},
    ],
)
def test_a_document_that_fits_is_returned_as_it_is(change):
    document = FITTING | change
    assert misfit(document, Outer) is None
    assert checked(document, Outer, "file") is document


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 1}, "name must be text, got 1"),
        ({"inner": {}}, "inner.count is missing"),
        ({"inner": []}, "inner must be keys and values, got []"),
        ({"inner": {"count": 1.5}}, "inner.count must be a whole number, got 1.5"),
        ({"inner": {"count": True}}, "inner.count must be a whole number, got true"),
        ({"inner": {"count": -1}}, "inner.count must be ≥ 0, got -1"),
        ({"rows": [{"count": 1}, {}]}, "rows[1].count is missing"),
        ({"share": "much"}, "share must be a number, got 'much'"),
        ({"share": False}, "share must be a number, got false"),
        ({"word": "c"}, "word must be one of a, b, got 'c'"),
        ({"more": 1}, "more must be keys and values, got 1"),
        ({"time": float("nan")}, "time must be a finite number, got nan"),
        ({"time": float("inf")}, "time must be a finite number, got inf"),
        ({"either": 1}, "either must be a list, got 1"),
    ],
)
def test_the_first_misfit(change, said):
    assert misfit(FITTING | change, Outer) == said
    with pytest.raises(RecordError) as caught:
        checked(FITTING | change, Outer, "file")
    assert caught.value.problems[0].what == f"cannot be read: {said}"
    assert caught.value.problems[0].where == "file"


@pytest.mark.parametrize("document", [[], None, 3, "text"])
def test_a_document_that_is_no_mapping(document):
    with pytest.raises(RecordError, match="file: cannot be read: the document must be keys and"):
        checked(document, Outer, "file")
