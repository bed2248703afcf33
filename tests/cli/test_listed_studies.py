"""`gdrun runs` and `gdrun show` where there are studies as well as runs."""

import json
import re
from pathlib import Path

import pytest
from short_runs import QUIET_IRIS, names


@pytest.fixture
def studied(here):
    """A sweep, and a comparison in which all diverged."""
    here("sweep", "lr=0.01,0.1", *QUIET_IRIS[:-1], "name=flowers", "--seeds", "2")
    words = ("dataset=diabetes", "model=linear", "schedule=constant", "name=lost", "--seeds", "1")
    here("compare", "bgd+lr=1e200", "mbgd+lr=1e200", *words)
    return here


@pytest.mark.longer
def test_studies_stand_below_the_runs(studied):
    text = re.sub(r"\d{8}-\d{6}-([\w-]+?)-[0-9a-f]{4}\b", r"<\1>", studied("runs").page)
    assert [line.split() for line in text.splitlines()] == [
        ["study", "status", "runs", "best"],
        ["<sweep-lr-flowers>", "complete", "4", "lr=0.1"],
        ["<compare-lost>", "complete", "2"],
    ]
    studied("train", *QUIET_IRIS, "name=plain")
    answer = studied("runs")
    assert names(answer)[0] == "plain"
    assert answer.out.startswith("run ")
    assert "\n\nstudy " in answer.out
    assert "study" not in studied("runs", "status=exhausted").out


@pytest.mark.longer
def test_studies_as_a_document(studied):
    studies = json.loads(studied("runs", "--json").out)["studies"]
    assert [(row["verb"], row["trials"], row["best"]) for row in studies] == [
        ("sweep", 4, "lr=0.1"),
        ("compare", 2, None),
    ]


@pytest.mark.longer
def test_the_last_may_be_a_study(studied, tmp_path):
    assert json.loads(studied("show", "--json").out)["verb"] == "compare"
    studied("train", *QUIET_IRIS, "name=plain")
    assert json.loads(studied("show", "--json").out)["name"] == "plain"


def test_no_best_is_listed_where_the_losses_differ(here):
    # Mean squared and Huber losses have different values, so the sweep ranks none of them.
    here("sweep", "model.loss=huber,mse", "dataset=diabetes", "model=linear", "epochs=1", "-q")
    (listed,) = json.loads(here("runs", "--json").out)["studies"]
    assert listed["best"] is None


@pytest.mark.longer
def test_tags_are_listed_and_shown_for_runs_and_studies(studied):
    studied("train", *QUIET_IRIS, "name=plain")
    studied("runs", "tag", "plain", "paper")
    (sweep,) = (path.name for path in Path("runs").glob("*-sweep-*"))
    for words in (("tag", sweep, "paper", "final"), ("note", sweep, "for the talk")):
        assert studied("runs", *words).code == 0
    runs, studies = (part.splitlines() for part in studied("runs").page.split("\n\n")[:2])
    assert (runs[0].split()[-2:], runs[1].split()[-1]) == (["acc", "tags"], "paper")
    assert studies[0].split() == ["study", "status", "runs", "best", "tags"]
    assert studies[1].split()[-3:] == ["lr=0.1", "paper", "final"]
    found = json.loads(studied("runs", "tags=paper", "--json").out)
    assert [len(found["runs"]), len(found["studies"])] == [1, 1]
    found = json.loads(studied("runs", "tags=final", "--json").out)
    assert found["runs"] == [] and found["studies"][0]["note"] == "for the talk"
    assert "matches the filters" not in studied("runs", "tags=final").out
    assert "tags paper final, note for the talk\n" in studied("show", sweep).out
    assert "tags paper\n" in studied("show", "plain").out


@pytest.mark.longer
def test_the_last_model_is_named_if_a_study_is_newer(here, tmp_path):
    data = tmp_path / "new.csv"
    data.write_text("a,b\n0,1\n1,2\n2,1\n3,5\n4,2\n5,6\n")
    words = ("model=linear", "split.validation=0", "split.test=0", "epochs=2", "engine=numpy")
    here("train", str(data), *words, "-q", "name=lone")
    alone = here("predict", "last", str(data))
    assert alone.err == ""
    here("sweep", "lr=0.1,0.2", str(data), *words, "--seeds", "1", "-q")
    later = here("predict", "last", str(data))
    assert later.out == alone.out
    assert re.search(
        r"^note: the model is that of runs/\S+lone\S+, the last single run;", later.err
    )
    assert re.search(r"`gdrun train \S+best.yaml` trains its best", later.err)
