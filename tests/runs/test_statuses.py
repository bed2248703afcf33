"""A run that met the user's target did not converge: tables say that it reached its target."""

import pytest

import gdrun
from gdrun.errors import RecordError
from gdrun.runs.run_list import list_runs
from gdrun.runs.statuses import shown_status

BOWL = ("surface=bowl", "variant=bgd", "lr=0.1", "schedule=constant", "engine=numpy", "epochs=200")


@pytest.fixture
def runs(tmp_path):
    stops = {"target": "target_loss=1", "flat": "grad_norm=0.1", "budget": "epochs=5"}
    for name, stop in stops.items():
        gdrun.train(None, *BOWL, stop, f"name={name}", out=tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"filters": ["status=converged"]}, {"target", "flat"}),
        ({"filters": ["status=reached target"]}, {"target"}),
        ({"filters": ["status=finished"]}, {"budget"}),
        ({"filters": ["status=exhausted"]}, {"budget"}),
        ({"where": "status = 'converged'"}, {"target", "flat"}),
        ({"where": "status = 'reached target'"}, {"target"}),
        ({"where": "status IN ('converged', 'finished')"}, {"target", "flat", "budget"}),
        ({"where": "status IN ('reached target', 'finished')"}, {"target", "budget"}),
    ],
)
def test_a_target_has_its_own_word_in_tables_and_filters(runs, words, found):
    assert {row["name"] for row in list_runs(runs, **words)} == found


def test_the_file_has_the_status_and_the_screen_the_word(runs):
    read = {row["name"]: gdrun.read_run(runs / row["id"]) for row in list_runs(runs)}
    assert {name: run.status for name, run in read.items()} == {
        "target": "converged",
        "flat": "converged",
        "budget": "exhausted",
    }
    words = {name: shown_status(run.record) for name, run in read.items()}
    assert words == {"target": "reached target", "flat": "converged", "budget": "finished"}


def test_an_unknown_status_is_refused(runs):
    with pytest.raises(RecordError, match="there is no status 'reached'"):
        list_runs(runs, ["status=reached"])
