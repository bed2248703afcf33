"""gdrun.sweep(resume=) and gdrun.compare(resume=): the other arguments are in the record."""

import numpy as np
import pytest

import gdrun
from gdrun.errors import ConfigError, RecordError
from gdrun.runs.signals import Interruption
from gdrun.runs.strict_json import loads

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
