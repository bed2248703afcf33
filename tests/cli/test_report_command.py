"""`gdrun report`: the file it writes, and what it refuses."""

import json
import re

import pytest


def trained(gdrun, out, *words):
    answer = gdrun("train", "dataset=iris", "model=softmax", "epochs=2", "-q", "-o", out, *words)
    assert answer.code == 0


@pytest.mark.longer
def test_a_page_of_runs(gdrun, tmp_path):
    runs, page = str(tmp_path / "runs"), tmp_path / "page.html"
    trained(gdrun, runs, "name=first")
    trained(gdrun, runs, "name=second")
    answer = gdrun("report", "first", "second", "--runs", runs, "-o", str(page), "--json")
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(answer.out) == {"report": str(page), "runs": 2}
    text = page.read_text(encoding="utf-8")
    assert "<title>2 runs</title>" in text
    again = gdrun("report", "first", "--runs", runs, "-o", str(page))
    assert (again.code, again.out) == (2, "")
    assert "page.html: the file exists already" in again.err
    assert page.read_text(encoding="utf-8") == text


@pytest.mark.longer
def test_a_page_of_a_sweep_has_its_own_name(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("lr=0.1,1", "dataset=iris", "model=softmax", "epochs=2", "-q")
    assert gdrun("sweep", *words).code == 0
    answer = gdrun("report")
    assert answer.code == 0
    (page,) = tmp_path.glob("*.html")
    assert answer.out == f"written to {page.name}: open it in a browser\n"
    (study,) = (tmp_path / "runs").iterdir()
    assert page.stem == study.name
    trained(gdrun, "runs", "name=lone")
    answer = gdrun("report", study.name, "lone", "-o", "both.html")
    assert answer.code == 2
    assert "is a study, which needs a report of its own" in answer.err


def test_a_report_is_html(gdrun, tmp_path):
    trained(gdrun, str(tmp_path), "name=first")
    answer = gdrun("report", "first", "--runs", str(tmp_path), "-o", "page.pdf")
    assert answer.code == 2
    assert "page.pdf: a report is an HTML file\nhint: choose a name such as page.pdf.html" in (
        answer.err
    )


@pytest.mark.longer
def test_the_subtitle_counts_the_runs_that_it_does_not_list(gdrun, tmp_path):
    runs, page = str(tmp_path / "runs"), tmp_path / "page.html"
    names = [f"run{k}" for k in range(7)]
    for name in names:
        trained(gdrun, runs, f"name={name}")
    for some, end in ((names[:5], ""), (names, " and 2 more")):
        assert gdrun("report", *some, "--runs", runs, "-o", str(page), "--force").code == 0
        text = page.read_text(encoding="utf-8")
        listed = json.loads(re.search(r'"subtitle":\s*("[^"]*")', text)[1])
        assert listed.count("-run") == 5
        assert listed.endswith(end) and (end or "more" not in listed)
