"""Damaged files of a run: for any wrong value, reading works or the error names the file."""

import copy
import io
import json

import pytest
import yaml
from rich.console import Console

import gdrun
from gdrun.runs.run_list import differing_settings, list_runs
from gdrun.views.experiment_panel import experiment_panel
from gdrun.views.quality import confusion_table
from gdrun.views.run_table import runs_table
from gdrun.views.training import run_result

CONFIGS = {
    "classes": {
        "dataset": "iris",
        "model": "softmax",
        "clip": {"norm": 0.1},
        "stopping": {"epochs": 1, "watch": ["target_accuracy"]},
    },
    "walk": {"surface": "bowl", "variant": "bgd", "stopping": {"steps": 2}},
    "network": {
        "dataset": "iris",
        "model": {"name": "mlp", "hidden": [2]},
        "stopping": {"epochs": 1},
    },
}
MISSING = object()
VALUES = (None, -1, "x", [], 10**400, float("nan"), MISSING)


@pytest.fixture(scope="module", params=CONFIGS.values(), ids=CONFIGS)
def trained(request, tmp_path_factory):
    return gdrun.train(request.param, out=tmp_path_factory.mktemp("runs")).directory


def paths(document, path=()):
    """The path of every value, and of the first of each list."""
    yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from paths(value, (*path, key))
    elif isinstance(document, list) and document:
        yield from paths(document[0], (*path, 0))


def damaged(document):
    """The document with each value in turn replaced by each of VALUES."""
    for path in list(paths(document)):
        for value in VALUES:
            if not path:
                yield {} if value is MISSING else value
                continue
            changed = copy.deepcopy(document)
            place = changed
            for key in path[:-1]:
                place = place[key]
            if value is MISSING:
                del place[path[-1]]
            else:
                place[path[-1]] = value
            yield changed


def show(directory):
    """Read the directory as `gdrun show` and `gdrun runs` do."""
    screen = Console(file=io.StringIO(), width=100)
    found = list_runs(directory.parent)
    screen.print(runs_table(found, directory.parent, differing_settings(found)))
    run = gdrun.read_run(directory)
    screen.print(experiment_panel(run.config, run.record), run_result(run), repr(run))
    screen.print(confusion_table(run.summary, run.record))


def survives(path, texts):
    """Show the run under each text of one of its files; count those that are errors."""
    whole, refused = path.read_text(), 0
    for text in texts:
        path.write_text(text)
        try:
            show(path.parent)
        except gdrun.GdrunError as error:
            assert path.name in str(error)
            refused += 1
    path.write_text(whole)
    return refused


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run.json", "config.yaml"])
def test_any_value_of_a_file(trained, name):
    path = trained / name
    write, parse = (
        (json.dumps, json.loads) if name == "run.json" else (yaml.safe_dump, yaml.safe_load)
    )
    assert survives(path, map(write, damaged(parse(path.read_text())))) > 100


@pytest.mark.slow
def test_any_value_of_a_line_of_the_trace(trained):
    path = trained / "trace.jsonl"
    lines = path.read_text().splitlines()
    texts = (
        "\n".join([*lines[:at], json.dumps(document), *lines[at + 1 :]])
        for at in (0, 1)
        for document in damaged(json.loads(lines[at]))
    )
    assert survives(path, texts) > 50


@pytest.mark.longer
@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("seed",), MISSING, "seed is missing"),
        (("status",), "done", "status must be one of running, converged, stopped"),
        (("stop", "message"), 3, "stop.message must be text, got 3"),
        (("summary", "steps"), "x", "summary.steps must be a whole number, got 'x'"),
        (("summary", "train_loss"), [], r"summary.train_loss must be a number, got \[\]"),
        (("data", "parts", "train"), -1, "data.parts.train must be ≥ 0, got -1"),
        (("data",), None, "data must be keys and values, got nothing"),
        (("stop",), None, "stop is null, but the status is exhausted"),
        (("schema_version",), "new", "schema_version must be a whole number, got 'new'"),
    ],
)
def test_the_error_says_where_and_what(tmp_path, path, value, sentence):
    directory = gdrun.train(CONFIGS["classes"], out=tmp_path).directory
    file = directory / "run.json"
    record = json.loads(file.read_text())
    place = record
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    if value is MISSING:
        del place[path[-1]]
    file.write_text(json.dumps(record))
    with pytest.raises(gdrun.RecordError, match=f"{file}: cannot be read: {sentence}") as caught:
        gdrun.read_run(directory)
    hint = f"restore the file from a copy, or delete the directory {directory}"
    assert caught.value.problems[0].hint == hint
    assert [row["status"] for row in list_runs(tmp_path)] == ["damaged"]


def test_further_keys_are_no_damage(tmp_path):
    directory = gdrun.train(CONFIGS["classes"], out=tmp_path).directory
    file = directory / "run.json"
    record = json.loads(file.read_text()) | {"note": "mine"}
    file.write_text(json.dumps(record))
    del record["config"]  # a Run has it as `config`
    assert gdrun.read_run(directory).record == record
