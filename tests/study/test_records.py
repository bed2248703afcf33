"""The files of a study have the types that the TypedDicts describe."""

from typing import get_args, get_type_hints

import pytest

import gdrun
from gdrun.errors import GdrunError
from gdrun.runs.checked import misfit
from gdrun.runs.strict_json import dumps, loads
from gdrun.runs.summary import Summary
from gdrun.study.storage.records import (
    ComparisonFindings,
    PlanRecord,
    StudyNews,
    StudyOrigin,
    StudyRecord,
    SweepFindings,
)
from gdrun.study.storage.trial_records import TraceRecord, TrialRecord
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


@pytest.mark.longer
def test_every_key_of_a_study_is_described(directory):
    for file in directory.rglob("study.json"):
        document = loads(file.read_text(encoding="utf-8"))
        assert misfit(document, StudyRecord) is None
        assert document.keys() <= get_type_hints(StudyRecord).keys()
        findings = {"sweep": SweepFindings, "compare": ComparisonFindings}.get(document["verb"])
        if findings is not None:
            assert misfit(document, findings) is None


@pytest.mark.longer
def test_a_damaged_study_is_read_or_refused(directory):
    """No value of the record may raise another exception, when it is missing or another value."""
    file = directory / "study.json"
    whole = loads(file.read_text(encoding="utf-8"))
    refused = 0
    for key in whole:
        without = {each: whole[each] for each in whole if each != key}
        for changed in (without, *({**whole, key: other} for other in (None, -3, "x", [], {}))):
            file.write_text(dumps(changed), encoding="utf-8")
            try:
                gdrun.read_study(directory)
            except GdrunError:
                refused += 1
    assert refused > len(whole)


@pytest.mark.longer
@pytest.mark.parametrize(("name", "kind"), [("trials", TrialRecord), ("traces", TraceRecord)])
def test_every_key_of_a_trial_is_described(directory, name, kind):
    for line in (directory / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        document = loads(line)
        assert misfit(document, kind) is None
        assert document.keys() == get_type_hints(kind).keys()
        if kind is TrialRecord:
            optional = {"place", "distance", "baseline", "recalls", "tested"}
            summary = document["summary"].keys() | optional
            assert summary == get_type_hints(Summary).keys()


def test_all_that_is_written_into_a_study_is_a_part_of_its_record():
    known = get_type_hints(StudyRecord)
    for part in (PlanRecord, StudyOrigin, *get_args(StudyNews)):
        assert get_type_hints(part).keys() <= known.keys()
