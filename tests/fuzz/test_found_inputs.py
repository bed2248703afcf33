"""What the fuzzer has found: each kind of input that once failed, made small."""

import io
import json
import shutil
import zipfile

import numpy as np
import pytest

import gdrun
from fuzz.doors import gdrun_command
from fuzz.judging import judged, refusal
from fuzz.kinds import KINDS
from gdrun.config.loading import load
from gdrun.data import load_table
from gdrun.data.column_statistics import column_statistics
from gdrun.data.inspection import inspect_data
from gdrun.errors import Problem
from gdrun.study.storage.reading import read_found
from gdrun.views.walks import walks

HEADERS = {
    "a header cut in a text": b"{'descr': '<f8', 'fortran_order': False, 'sha",
    "a shape beyond int64": b"{'descr': '<f8', 'fortran_order': False, 'shape': (%d,)}" % 10**30,
    "a shape of petabytes": b"{'descr': '<f8', 'fortran_order': False, 'shape': (%d,)}" % 2**50,
    "a field of Python objects": b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
}


def with_member(archive, name, content):
    """A copy of an NPZ archive, with other content of a member."""
    stream = io.BytesIO()
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(stream, "w") as target:
        for each in source.namelist():
            target.writestr(each, content if each == name else source.read(each))
    return stream.getvalue()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 1}}
    return gdrun.train(config, out=tmp_path_factory.mktemp("runs")).directory


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("name", ["w.npy", "model.npy", "standardize.mean.npy"])
def test_weights_with_a_damaged_array(run, header, name, tmp_path):
    size = len(header).to_bytes(2, "little")
    file = tmp_path / "weights.npz"
    content = b"\x93NUMPY\x01\x00" + size + header
    file.write_bytes(with_member(run / "weights.npz", name, content))
    error = refusal(lambda: gdrun.load_model(file))
    assert str(error).startswith(f"error: {file}")
    assert "cannot be read: it " in str(error)


def test_weights_with_a_member_that_is_no_array(run, tmp_path):
    file = tmp_path / "weights.npz"
    file.write_bytes(with_member(run / "weights.npz", "standardize.mean.npy", b"text"))
    assert "cannot be read" in str(refusal(lambda: gdrun.load_model(file)))


def test_the_weights_of_a_run_can_be_changed(run):
    # A checkpoint is read in the same way, and training changes its arrays.
    weights = gdrun.read_run(run).weights
    weights["w"] += 1
    assert np.isfinite(weights["w"]).all()


@pytest.mark.parametrize("version", [(2, 0), (3, 0), (110, 111), (1, 0)])
def test_a_header_whose_length_is_gigabytes(version, tmp_path):
    file = tmp_path / "a.npy"
    file.write_bytes(b"\x93NUMPY" + bytes(version) + b"\xff\xff\xff\xef" + b" " * 100)
    assert "is not a file of NumPy arrays" in str(refusal(lambda: load_table({"path": file})))


@pytest.mark.parametrize("unit", [1e200, 1.5e308, 1e-200, 5e-324])
def test_a_matrix_on_disk_whose_squares_are_outside_the_range(unit, tmp_path):
    file = tmp_path / "a.npy"
    steps = np.array([0.0, 1.0, 0.0, 1.0])
    X = np.stack([steps * unit, steps, steps], axis=1)
    np.save(file, X)
    found = column_statistics(np.load(file, mmap_mode="r"), np.full(4, True), "a.npy")
    # Two values u and 0, each twice: the mean and the standard deviation are u/2.
    np.testing.assert_array_equal(found.deviation, np.array([unit, 1.0, 1.0]) / 2)
    np.testing.assert_array_equal(found.mean, np.array([unit, 1.0, 1.0]) / 2)


@pytest.mark.parametrize("part", ["what", "where", "hint"])
def test_a_message_that_quotes_a_long_text_is_short(part):
    problem = Problem(
        **{"what": "is wrong", "where": "here", "hint": "look"} | {part: "\x1b" * 9999}
    )
    assert len(str(problem)) < 1100


def test_the_name_of_an_override_that_is_very_long():
    error = refusal(lambda: load(None, ["a" * 3_000_000 + "=1"]))
    assert "unknown key" in str(error)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("query", b"SELECT '\xe9', 1"),
        ("query", b"SELECT 1, " + b"NOT " * 900 + b"true"),
        ("condition", b"name = '\xe9'"),
        ("condition", b"(" * 5000),
        ("overrides", b"lr=0.1\0" * 2000),
    ],
)
def test_texts_that_once_failed(kind, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = judged(KINDS[kind], data, tmp_path)
    assert not found.finding, found.report


@pytest.mark.parametrize("word", ["nan", "NaN", "-inf", "Infinity"])
def test_numbers_of_json_lines_that_are_not_finite(word, tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(f'{{"a": 1, "y": 2}}\n{{"a": {word}, "y": 3}}\n{{"a": 2, "y": 4}}\n')
    error = str(refusal(lambda: load_table({"path": file})))
    assert (
        f"1 of 3 values is {'missing' if 'nan' in word.lower() else 'infinite'}, in row 1" in error
    )


def test_an_array_with_a_signalling_nan(tmp_path):
    X = np.ones((3, 1), dtype=np.float32)
    X.view(np.uint32)[1] = 0x7F800001
    np.savez(tmp_path / "a.npz", X=X, y=np.arange(3.0))
    error = str(refusal(lambda: load_table({"path": tmp_path / "a.npz"})))
    assert "X has 1 missing or infinite value" in error


def test_idx_files_of_no_values_in_too_many_places(tmp_path):
    sizes = [0, 2**31, 2**31, 2**31]
    header = bytes([0, 0, 8, len(sizes)]) + b"".join(size.to_bytes(4) for size in sizes)
    (tmp_path / "a-idx4-ubyte").write_bytes(header)
    options = {"path": tmp_path / "a-idx4-ubyte", "targets": tmp_path / "a-idx4-ubyte"}
    assert "holds no values" in str(refusal(lambda: load_table(options)))


def test_the_map_of_a_walk_without_a_step(tmp_path):
    run = gdrun.train({"surface": "bowl"}, "steps=3", out=tmp_path)
    file = run.directory / "trace.jsonl"
    file.write_text(file.read_text().splitlines()[0] + "\n")
    (path,) = walks([gdrun.read_run(run.directory)]).paths
    assert path.places.tolist() == [run.config["surface"]["start"]]


def test_the_diagnosis_of_a_walk_without_a_step(tmp_path):
    run = gdrun.train({"surface": "bowl"}, "steps=20", out=tmp_path)
    file = run.directory / "trace.jsonl"
    file.write_text(file.read_text().splitlines()[0] + "\n")
    assert gdrun_command("diagnose", str(run.directory))() == 0


STUDY = {"dataset": "iris", "model": "softmax"}, {"lr": [0.1, 1.0]}, "epochs=2"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The directory of a sweep with two trials."""
    out = tmp_path_factory.mktemp("studies")
    gdrun.sweep(*STUDY, seeds=1, out=out)
    return next(out.iterdir())


@pytest.mark.parametrize(
    ("part", "column", "change", "what"),
    [
        ("evals", "seconds", lambda values: values[:-1], "the columns of evals differ in length"),
        ("steps", "lr", lambda values: values * 2, "the columns of steps differ in length"),
        ("evals", None, lambda values: [], "evals has no rows"),
    ],
)
def test_the_columns_of_a_trial_have_equal_lengths(study, part, column, change, what, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(study, copy)
    file = copy / "traces.jsonl"
    line, *rest = file.read_text().splitlines()
    trace = json.loads(line)
    for name in [column] if column else trace[part]:
        trace[part][name] = change(trace[part][name])
    file.write_text("\n".join([json.dumps(trace), *rest, ""]))
    assert what in str(refusal(lambda: read_found(copy)))


def test_a_sweep_of_which_no_trial_has_ended(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(study, "copy")
    for name in ("trials.jsonl", "traces.jsonl"):
        (tmp_path / "copy" / name).write_text("")
    for words in (["plot", "copy"], ["report", "copy"]):
        error = refusal(gdrun_command(*words))
        assert "no trial of this study has ended" in str(error)


@pytest.mark.parametrize("key", ["none", "int", "literal[x", "dict["])
def test_unknown_keys_with_the_name_of_a_type(key):
    config = {"dataset": "digits", "model": {"name": "mlp", key: 1}}
    assert f"mlp has no option {key!r}" in str(refusal(lambda: load(config)))
    config = {"dataset": "digits", "model": "mlp", "stopping": {"early_stopping": {key: 1}}}
    assert f"no option {key!r}" in str(refusal(lambda: load(config)))


def test_a_signalling_nan_in_an_array(tmp_path):
    values = np.arange(120, dtype=np.float32).reshape(40, 3)
    values.view(np.uint32)[4, 1] = 0x7F800001  # the quiet bit is 0
    np.save(tmp_path / "a.npy", values)
    found = inspect_data({"path": str(tmp_path / "a.npy"), "target": -1, "task": "regression"})
    assert [each.what for each in found.problems] == [
        "the value nan in row 4, column 1 is not finite"
    ]


@pytest.mark.parametrize("name", ["trials.jsonl", "traces.jsonl"])
@pytest.mark.parametrize("cut", [False, True])
def test_bytes_of_a_trial_that_are_no_text(study, name, cut, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(study, copy)
    first, *rest = (copy / name).read_bytes().split(b"\n")
    (copy / name).write_bytes(b"\n".join([first.replace(b"e", b"\xff", 1), *rest]))
    if cut:
        (copy / name).write_bytes((copy / name).read_bytes()[:-5])
    error = refusal(lambda: gdrun.sweep(*STUDY, seeds=1, resume=copy))
    assert f"{name}:1: this line is damaged: 'utf-8' codec can't decode byte 0xff" in str(error)


def test_a_whole_number_of_a_trial_beyond_int64(study, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(study, copy)
    line, *rest = (copy / "traces.jsonl").read_text().splitlines()
    trace = json.loads(line)
    trace["evals"]["step"][0] = 2**63
    (copy / "traces.jsonl").write_text("\n".join([json.dumps(trace), *rest, ""]))
    error = refusal(lambda: gdrun.sweep(*STUDY, seeds=1, resume=copy))
    assert "is damaged: a whole number needs more than 64 bits" in str(error)


@pytest.mark.parametrize("dtype", ["V8", "c16", "M8[s]", "U3"])
def test_new_features_that_are_no_numbers(run, dtype, tmp_path):
    X = np.zeros((4, 4)).astype(dtype) if dtype != "V8" else np.zeros((4, 4)).view("V8")
    np.savez(tmp_path / "new.npz", X=X)
    np.save(tmp_path / "new.npy", X)
    for name in ("new.npz", "new.npy"):
        error = refusal(lambda name=name: gdrun.load_model(run).predict(str(tmp_path / name)))
        assert f"{name}: contains values of dtype" in str(error)
