"""gdrun.sweep(resume=) and gdrun.compare(resume=): the other arguments are in the record."""

import numpy as np
import pytest

import gdrun
from gdrun.errors import ConfigError, RecordError
from gdrun.runs.signals import Interruption
from gdrun.runs.strict_json import dumps, loads

CONFIG = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 9}}
RATES = np.geomspace(1e-3, 0.1, 3)
STUDIES = {
    "grid": ("sweep", (CONFIG, {"lr": RATES}, "l2=0.01"), {"seeds": 2, "metric": "f1"}),
    "random": ("sweep", (CONFIG, "lr=log:1e-3:1"), {"search": "random", "trials": np.int64(4)}),
    "halving": ("sweep", (CONFIG, {"lr": list(np.geomspace(1e-3, 1, 9))}), {"halving": True}),
    "comparison": ("compare", (["bgd", "mbgd+adam"], CONFIG), {"seeds": 2, "baseline": "bgd"}),
    "tuning": (
        "compare",
        (["sgd", CONFIG | {"name": "own"}], CONFIG, {"lr": 0.5}),
        {"seeds": 2, "tune": {"lr": RATES}, "budget": {"epochs": 4}, "target": "loss=0.3"},
    ),
}


def _interrupted(function, arguments, options, monkeypatch):
    """Interrupt a study at its third check, in the middle of its training."""
    checks = iter([None, None])
    with monkeypatch.context() as patched:
        patched.setattr(Interruption, "name", lambda self: next(checks, "a test"))
        return function(*arguments, **options)


@pytest.mark.parametrize("name", STUDIES)
def test_the_directory_alone_gives_the_results_of_a_whole_study(name, tmp_path, monkeypatch):
    verb, arguments, options = STUDIES[name]
    function = getattr(gdrun, verb)
    whole = function(*arguments, **options)
    begun = _interrupted(function, arguments, options | {"out": tmp_path}, monkeypatch)
    assert not begun.complete
    (directory,) = tmp_path.iterdir()
    continued = function(resume=directory)
    assert continued.complete
    assert np.array_equal(continued.results, whole.results, equal_nan=True)
    assert [row.name for row in continued.ranking] == [row.name for row in whole.ranking]
    assert continued.metric == whole.metric
    again = function(resume=directory, jobs=1)
    assert (again.work.run, again.work.found) == (0, again.plan.runs)


def test_arguments_beside_resume_are_refused_together(tmp_path):
    gdrun.sweep(CONFIG, "lr=0.1,0.2", out=tmp_path)
    (directory,) = tmp_path.iterdir()
    with pytest.raises(ConfigError) as caught:
        gdrun.sweep(resume=directory, seeds=3, metric="f1")
    assert [problem.where for problem in caught.value.problems] == ["seeds", "metric"]
    with pytest.raises(RecordError, match=r"gdrun\.sweep\(resume='.+'\) continues it"):
        gdrun.compare(resume=directory)


@pytest.mark.parametrize("keys", [["lr"], ["lr", "beta"]])
def test_an_array_beside_resume_is_refused(keys, tmp_path):
    gdrun.compare(["bgd", "mbgd"], CONFIG, seeds=1, out=tmp_path)
    with pytest.raises(ConfigError, match="tune: the study has this argument in its record"):
        gdrun.compare(resume="last", out=tmp_path, tune=np.array(keys))


def test_a_study_of_another_function_is_continued_as_the_hint_says(tmp_path):
    config = {"dataset": "iris", "model": "softmax"}
    gdrun.sweep(config, {"lr": [0.01, 0.1]}, "epochs=2", seeds=1, out=tmp_path)
    (study,) = tmp_path.iterdir()
    with pytest.raises(RecordError) as caught:
        gdrun.compare(resume=study)
    hint = caught.value.problems[0].hint
    assert eval(hint.removesuffix(" continues it"), {"gdrun": gdrun}).complete
    record = loads((study / "study.json").read_text())
    del record["call"]
    record["command"] = "gdrun sweep lr=0.01,0.1 epochs=2 --seeds 1"
    (study / "study.json").write_text(dumps(record))
    with pytest.raises(RecordError) as caught:
        gdrun.compare(resume=study)
    line = "the command line can continue it: it was started by gdrun sweep lr=0.01,0.1 epochs=2"
    assert caught.value.problems[0].hint == f"{line} --seeds 1"


def test_a_study_on_arrays_needs_them_again(tmp_path):
    rng = np.random.default_rng(0)
    data = (rng.normal(size=(40, 2)), rng.integers(0, 2, 40))
    config = {"model": "logistic", "stopping": {"epochs": 2}}
    gdrun.sweep(config, "lr=0.1,0.2", data=data, out=tmp_path)
    (directory,) = tmp_path.iterdir()
    with pytest.raises(RecordError, match="was run on arrays"):
        gdrun.sweep(resume=directory)
    assert gdrun.sweep(resume=directory, data=data).work.run == 0


def test_a_record_without_arguments_needs_every_one(tmp_path):
    gdrun.sweep(CONFIG, "lr=0.1,0.2", out=tmp_path)
    (directory,) = tmp_path.iterdir()
    record = directory / "study.json"
    assert loads(record.read_text())["call"]["values"] == "lr=0.1,0.2"
    record.write_text(record.read_text().replace('"call"', '"other"'), encoding="utf-8")
    with pytest.raises(RecordError, match="the record has no arguments of Python"):
        gdrun.sweep(resume=directory)
    assert gdrun.sweep(CONFIG, "lr=0.1,0.2", resume=directory).work.run == 0


DAMAGED = {
    "no call": (None, "call must be keys and values, got nothing"),
    "a list": ([1], "call must be keys and values, got [1]"),
    "an empty call": ({}, "call.config is missing"),
    "no values": ({"values": ...}, "call.values is missing"),
    "a number of values": ({"values": 5}, "call.values must be text or a list or keys and values"),
    "a text of seeds": ({"seeds": "three"}, "call.seeds must be a whole number, got 'three'"),
    "a number as metric": ({"metric": 3}, "call.metric must be text, got 3"),
    "a number of overrides": ({"overrides": 3}, "call.overrides must be a list, got 3"),
    "an unknown search": ({"search": "best"}, "call.search must be one of grid, random, got"),
    "a text for data": ({"data": "no"}, "call.data must be true or false, got 'no'"),
}
"""The call in an edited record, or the arguments that differ in it (... for none); the fault."""


@pytest.mark.parametrize(("edited", "wrong"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_call_is_named_and_every_argument_continues_the_study(edited, wrong, tmp_path):
    gdrun.sweep(CONFIG, "lr=0.1,0.2", out=tmp_path)
    (directory,) = tmp_path.iterdir()
    file = directory / "study.json"
    record = loads(file.read_text(encoding="utf-8"))
    if isinstance(edited, dict) and edited:
        whole = record["call"] | edited
        edited = {name: value for name, value in whole.items() if value is not ...}
    file.write_text(dumps(record | {"call": edited}), encoding="utf-8")
    assert gdrun.read_study(directory).complete
    with pytest.raises(RecordError) as caught:
        gdrun.sweep(resume=directory)
    (problem,) = caught.value.problems
    assert problem.where == str(file)
    assert wrong in problem.what
    assert problem.hint == "give every argument of gdrun.sweep again, and `resume`"
    assert gdrun.sweep(CONFIG, "lr=0.1,0.2", resume=directory).work.run == 0
    assert gdrun.sweep(resume=directory).work.run == 0  # the record has the arguments again


def test_unknown_entries_of_a_call_are_ignored(tmp_path):
    gdrun.compare(["bgd", "mbgd"], CONFIG, seeds=1, out=tmp_path)
    (directory,) = tmp_path.iterdir()
    file = directory / "study.json"
    record = loads(file.read_text(encoding="utf-8"))
    record["call"]["later"] = 1
    file.write_text(dumps(record), encoding="utf-8")
    assert gdrun.compare(resume=directory).work.run == 0
