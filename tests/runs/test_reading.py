"""Reading runs: they are equal to the returned ones; finding them; errors of damaged files."""

import json
import os

import numpy as np
import pytest

import gdrun
from gdrun.runs.finding import find_run, run_directories
from gdrun.runs.run_list import list_runs
from gdrun.runs.strict_json import dumps, loads

CONFIGS = {
    "plain": {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 3}},
    "thinned and clipped": {
        "dataset": "breast-cancer",
        "model": "logistic",
        "variant": "sgd",
        "clip": {"value": 0.1},
        "stopping": {"epochs": 1, "early_stopping": {}, "watch": {"target_loss": 0.6}},
        "log": {"points": 20},
    },
    "diverged": {
        "dataset": "diabetes",
        "model": "linear",
        "variant": "bgd",
        "optimizer": {"name": "vanilla", "lr": 1e200},
    },
    "no step": {
        "dataset": "iris",
        "model": "softmax",
        "stopping": {"epochs": 3, "target_loss": 5.0},
    },
    "surface": {"surface": "rosenbrock", "variant": "bgd", "optimizer": {"name": "gd", "lr": 1.0}},
}


def assert_equal_columns(found, expected):
    assert found.keys() == expected.keys()
    for name, column in expected.items():
        assert np.array_equal(found[name], column, equal_nan=column.dtype.kind == "f"), name


@pytest.mark.longer
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_run_that_is_read_is_the_run_that_was_returned(tmp_path, config):
    run = gdrun.train(config, out=tmp_path)
    again = gdrun.read_run(run.directory)
    assert dumps(again.record) == dumps(run.record)
    assert again.config == run.config
    assert repr(again) == repr(run)
    assert_equal_columns(again.steps, run.steps)
    assert_equal_columns(again.evals, run.evals)
    for mine, other in ((again.weights, run.weights), (again.best_weights, run.best_weights)):
        assert_equal_columns(mine, {name: np.asarray(value) for name, value in other.items()})


def test_a_trace_of_an_earlier_version_is_read_by_the_names_of_now(tmp_path):
    # The number of steps that a point combines was `steps` until 0.1.0.
    run = gdrun.train(CONFIGS["thinned and clipped"], out=tmp_path)
    assert "steps" not in run.steps
    assert run.steps["combined"].sum() == run.summary["steps"]
    path = run.directory / "trace.jsonl"
    path.write_text(path.read_text().replace('"combined"', '"steps"'))
    assert_equal_columns(gdrun.read_run(run.directory).steps, run.steps)


def test_a_path_is_absolute_in_the_returned_run_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("x,y\n" + "".join(f"{k},{k}\n" for k in range(20)))
    config = {"dataset": {"path": "a.csv", "target": "y"}, "model": "linear", "variant": "bgd"}
    run = gdrun.train(config, out="runs")
    assert run.config["dataset"]["path"] == str(tmp_path / "a.csv")
    assert gdrun.read_run(run.directory).config == run.config


def train(out, *overrides):
    return gdrun.train(CONFIGS["plain"], "epochs=1", *overrides, out=out).directory


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One run for all tests that damage its files."""
    return train(tmp_path_factory.mktemp("runs"))


def test_the_last_run_is_the_one_that_was_written_last(tmp_path):
    # All within a second or two, so that names alone would mix them up.
    made = [train(tmp_path) for _ in range(5)]
    assert run_directories(tmp_path) == made
    assert find_run("last", tmp_path) == made[-1]
    # A name that a user gave says nothing of time.
    made[0].rename(tmp_path / "zzz")
    assert find_run("last", tmp_path) == made[-1]


def test_words_that_find_a_run(tmp_path):
    one, two = train(tmp_path, "name=alpha"), train(tmp_path, "name=beta")
    assert find_run(str(one), tmp_path / "nowhere") == one
    for word in (one.name, one.name[-4:], "alpha"):
        assert find_run(word, tmp_path) == one
    with pytest.raises(gdrun.RecordError, match="2 runs match '-'") as caught:
        find_run("-", tmp_path)
    assert two.name in str(caught.value)
    with pytest.raises(gdrun.RecordError, match="no run is called 'gamma'"):
        find_run("gamma", tmp_path)
    with pytest.raises(gdrun.RecordError, match="`gdrun train` makes a run"):
        find_run("last", tmp_path / "nowhere")


def test_a_name_counts_before_a_part_of_another_name(tmp_path):
    short, long = train(tmp_path, "name=bgd"), train(tmp_path, "name=mbgd")
    assert [find_run(word, tmp_path) for word in ("bgd", "mbgd", "mbg")] == [short, long, long]
    train(tmp_path, "name=bgd")
    with pytest.raises(gdrun.RecordError, match="2 runs match 'bgd'"):
        find_run("bgd", tmp_path)


def test_a_directory_without_a_run(tmp_path):
    with pytest.raises(gdrun.RecordError, match="is not the directory of a run"):
        gdrun.read_run(tmp_path)
    made = train(tmp_path)
    with pytest.raises(gdrun.RecordError, match=f"it contains runs, such as .*{made.name}"):
        gdrun.read_run(tmp_path)


def rewrite(directory, **changes):
    path = directory / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_newer_record_says_what_to_do(tmp_path):
    made = train(tmp_path)
    rewrite(made, schema_version=99)
    with pytest.raises(gdrun.RecordError, match=r"newer gdrun \(schema 99\)"):
        gdrun.read_run(made)


def test_a_record_from_before_may_have_no_diagnosis_or_a_key_that_is_not_known(tmp_path):
    made = train(tmp_path)
    assert gdrun.read_run(made).record["diagnosis"] == []
    record = json.loads((made / "run.json").read_text(encoding="utf-8"))
    del record["diagnosis"]
    (made / "run.json").write_text(json.dumps(record | {"colour": "red"}), encoding="utf-8")
    assert gdrun.read_run(made).status == "exhausted"
    assert [row["status"] for row in list_runs(tmp_path)] == ["exhausted"]


@pytest.mark.longer
@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"status": "running"}', "\x80"])
def test_a_damaged_record(tmp_path, text):
    made = train(tmp_path)
    (made / "run.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(gdrun.RecordError, match=r"run\.json: cannot be read"):
        gdrun.read_run(made)


def test_a_trace_cut_in_its_last_line_can_be_read(tmp_path):
    made = train(tmp_path)
    path = made / "trace.jsonl"
    text = path.read_text()
    whole = text.count("\n")
    path.write_text(text[:-9])
    run = gdrun.read_run(made)
    assert len(run.steps["step"]) + len(run.evals["step"]) == whole - 1
    lines = text.splitlines()
    path.write_text("\n".join([lines[0], lines[1][:-3], *lines[2:]]))
    with pytest.raises(gdrun.RecordError, match=r"trace\.jsonl:2: this line is damaged"):
        gdrun.read_run(made)


WHOLE_LINE = {"kind": "step", "step": 1, "epoch": 0.5, "gradients": 64, "seconds": 0.1}
WHOLE_LINE |= {"batch_size": 64, "lr": 0.1, "batch_loss": 1.0, "grad_norm": 2.0}
WHOLE_LINE |= {"update_norm": 0.2, "weight_norm": 0.2}


def test_what_a_line_leaves_out_is_known(tmp_path):
    made = train(tmp_path)
    (made / "trace.jsonl").write_text(json.dumps(WHOLE_LINE) + "\n")
    steps = gdrun.read_run(made).steps
    found = {name: steps[name].tolist() for name in ("combined", "clipped")}
    assert found == {"combined": [1], "clipped": [0.0]}
    assert steps["max_batch_loss"].tolist() == [1.0]
    assert steps["max_grad_norm"].tolist() == [2.0]


@pytest.mark.parametrize(
    "damage",
    [
        b"[]",
        b"7",
        b'"step"',
        b"{}",
        b"\xff",
        b"[" * 100_000,
        *(
            json.dumps(WHOLE_LINE | changes).encode()
            for changes in (
                {"kind": "walk"},
                {"kind": []},
                {"kind": "eval"},
                {"step": 1.5},
                {"step": True},
                {"step": 10**30},
                {"lr": "0.1"},
                {"lr": None},
                {"lr": 10**400},
                {"layers": [1]},
                {"layers": {"layer1": 1}},
                {"nonfinite": {"lr": "large"}},
                {"nonfinite": {"mr": "nan"}},
                {"nonfinite": 1},
                {"another": 1},
            )
        ),
        json.dumps({name: WHOLE_LINE[name] for name in WHOLE_LINE if name != "lr"}).encode(),
    ],
    ids=lambda damage: damage[:90].decode("latin-1"),
)
def test_a_damaged_line_of_the_trace(trained, damage):
    whole = json.dumps(WHOLE_LINE).encode()
    (trained / "trace.jsonl").write_bytes(b"\n".join([whole, damage, whole, b""]))
    with pytest.raises(gdrun.RecordError, match=r"trace\.jsonl:2: this line is damaged"):
        gdrun.read_run(trained)


def test_damaged_weights(tmp_path):
    made = train(tmp_path)
    (made / "weights.npz").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(gdrun.RecordError, match=r"weights\.npz: cannot be read"):
        gdrun.read_run(made)


def test_a_run_whose_process_is_gone_was_interrupted(tmp_path):
    made = train(tmp_path)
    alive = {"pid": os.getpid(), "host": os.uname().nodename}
    rewrite(made, status="running", stop=None, summary=None, process=alive)
    assert gdrun.read_run(made).verdict == "still running"
    # No process can have this number: it is above the limit of the kernel.
    rewrite(made, process=alive | {"pid": 2**22 + 1})
    run = gdrun.read_run(made)
    assert (run.status, run.verdict) == (
        "interrupted",
        "interrupted: the process died before it recorded a result",
    )
    # A process of another machine cannot be seen from here.
    rewrite(made, process=alive | {"host": "elsewhere"})
    assert gdrun.read_run(made).status == "running"


# The list of runs.


def test_rows_filters_and_order(tmp_path):
    small, large = train(tmp_path, "lr=0.01"), train(tmp_path, "optimizer=adam", "lr=0.1")
    lost = train(tmp_path, "lr=1e300", "model.init=normal", "name=lost")
    names = lambda *words: [row["id"] for row in list_runs(tmp_path, *words)]  # noqa: E731
    assert names() == [small.name, large.name, lost.name]
    assert names(["optimizer=adam"]) == [large.name]
    assert names(["optimizer.lr=0.01"]) == names(["lr=0.01"]) == [small.name]
    assert names(["status=diverged"]) == [lost.name]
    assert names(["status=exhausted", "seed=0", "dataset=iris"]) == [small.name, large.name]
    assert names(["name=nobody"]) == []
    # The loss after an epoch is lower for Adam at 0.1; a run without one comes last either way.
    assert names([], "train_loss") == [large.name, small.name, lost.name]
    assert names([], "-train_loss") == [small.name, large.name, lost.name]


def test_mistakes_in_filters(tmp_path):
    assert list_runs(tmp_path / "nowhere") == []
    train(tmp_path)
    with pytest.raises(gdrun.RecordError, match="there is no column or setting 'test_los'"):
        list_runs(tmp_path, [], "test_los")
    with pytest.raises(gdrun.GdrunError, match="is not a filter"):
        list_runs(tmp_path, ["diverged"])


def test_a_damaged_run_keeps_its_row(tmp_path):
    made, whole = train(tmp_path), train(tmp_path)
    (made / "run.json").write_text("{")
    rows = {row["id"]: row["status"] for row in list_runs(tmp_path)}
    assert rows == {made.name: "damaged", whole.name: "exhausted"}


# Strict JSON.


def test_every_number_comes_back():
    inf, nan = float("inf"), float("nan")
    document = {"a": -inf, "b": [1.0, inf, {"c": nan}], "d": {"e": [nan]}, "f": 1e-320, "g": (2, 3)}
    text = dumps(document)
    json.loads(text, parse_constant=lambda word: pytest.fail(word))
    again = loads(text)
    assert repr(again) == repr(document).replace("(2, 3)", "[2, 3]")
    assert json.loads(text)["nonfinite"] == {"a": "-inf", "b": [None, "inf", None]}
