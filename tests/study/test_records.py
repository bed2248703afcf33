"""What is written of a study, against the types that describe it."""

from typing import Any, Literal, NotRequired, TypedDict, get_args, get_type_hints

import pytest

import gdrun
from gdrun.errors import RecordError
from gdrun.runs.strict_json import loads
from gdrun.study.storage.misfits import misfits, part_of
from gdrun.study.storage.records import (
    ComparisonFindings,
    PlanRecord,
    StudyNews,
    StudyOrigin,
    StudyRecord,
    SweepFindings,
    TraceRecord,
    TrialRecord,
    TrialSummary,
)
from study.cases import LEAST_SQUARES, LOGISTIC

WALK = {"surface": "bowl", "stopping": {"steps": 20}}
STUDIES = {
    "sweep": lambda out: gdrun.sweep(LOGISTIC, {"lr": [0.1, 1e6]}, seeds=2, out=out),
    "limit": lambda out: gdrun.sweep(LEAST_SQUARES, {"lr": [0.1, 3.0]}, out=out),
    "halving": lambda out: gdrun.sweep(
        LOGISTIC, {"lr": [0.001, 0.01, 0.1, 1e6]}, "epochs=9", halving=True, out=out
    ),
    "walk": lambda out: gdrun.sweep(WALK, {"lr": [0.01, 0.1]}, out=out),
    "comparison": lambda out: gdrun.compare(["bgd", "mbgd"], LOGISTIC, seeds=2, out=out),
    "tuned": lambda out: gdrun.compare(
        ["bgd", "mbgd"], LOGISTIC, tune="lr=0.1,1,1e6", seeds=2, out=out
    ),
}


@pytest.fixture(params=STUDIES)
def directory(request, tmp_path):
    STUDIES[request.param](tmp_path)
    (found,) = tmp_path.iterdir()
    return found


def test_every_key_of_a_study_is_described(directory):
    for file in directory.rglob("study.json"):
        document = loads(file.read_text(encoding="utf-8"))
        assert list(misfits(document, StudyRecord)) == []
        assert document.keys() <= get_type_hints(StudyRecord).keys()
        findings = {"sweep": SweepFindings, "compare": ComparisonFindings}.get(document["verb"])
        if findings is not None:
            assert list(misfits(document, findings)) == []


@pytest.mark.parametrize(("name", "kind"), [("trials", TrialRecord), ("traces", TraceRecord)])
def test_every_key_of_a_trial_is_described(directory, name, kind):
    for line in (directory / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        document = loads(line)
        assert list(misfits(document, kind)) == []
        assert document.keys() == get_type_hints(kind).keys()
        if kind is TrialRecord:
            summary = document["summary"].keys() | {"place", "distance"}
            assert summary == get_type_hints(TrialSummary).keys()


def test_all_that_is_written_into_a_study_is_a_part_of_its_record():
    known = get_type_hints(StudyRecord)
    for part in (PlanRecord, StudyOrigin, *get_args(StudyNews)):
        assert get_type_hints(part).keys() <= known.keys()


class Inner(TypedDict):
    count: int


class Outer(TypedDict):
    name: str
    inner: Inner
    rows: list[Inner]
    share: NotRequired[float | None]
    word: NotRequired[Literal["a", "b"]]
    more: NotRequired[dict[str, Any]]


FITTING = {"name": "x", "inner": {"count": 1}, "rows": [{"count": 2}]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"unknown": object()}, []),
        ({"share": 1}, []),
        ({"share": None, "word": "a", "more": {"b": [1, "c"]}}, []),
        ({"name": 1}, ["name is not a text"]),
        ({"inner": {}}, ["inner.count is missing"]),
        ({"inner": []}, ["inner is not a mapping"]),
        ({"inner": {"count": 1.5}}, ["inner.count is not a whole number"]),
        ({"inner": {"count": True}}, ["inner.count is not a whole number"]),
        ({"rows": [{"count": 1}, {}]}, ["rows[1].count is missing"]),
        ({"share": "much"}, ["share is neither a number nor null"]),
        ({"share": False}, ["share is neither a number nor null"]),
        ({"word": "c"}, ["word is not 'a' or 'b'"]),
        ({"more": 1}, ["more is not a mapping"]),
    ],
)
def test_a_document_and_its_type(change, said):
    assert list(misfits(FITTING | change, Outer)) == said


@pytest.mark.parametrize("document", [[], None, 3, "text"])
def test_a_document_that_is_no_mapping(document):
    with pytest.raises(RecordError, match="error: file: cannot be read: it is not a mapping"):
        part_of(document, Outer, "file")
