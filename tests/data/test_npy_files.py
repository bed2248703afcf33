"""NPY files stay on disk and train like arrays in memory; NPZ files; their errors."""

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.data.npy_files import read_npy, read_npz
from gdrun.engine.build import cohort_of
from gdrun.errors import DataError
from gdrun.problems.rows import MappedRows
from gdrun.runs.experiment_data import experiment_data

CONFIG = {
    "model": "logistic",
    "optimizer": {"name": "momentum", "lr": 0.1},
    "stopping": {"epochs": 3},
    "log": {"points": "all"},
}


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    X = (3 + 2 * rng.standard_normal((400, 5))).astype(np.float32)
    X[:, 3] = 1.5
    y = (X @ rng.standard_normal(5) > 0).astype(np.int64)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    return tmp_path, X, y


@pytest.mark.longer
@pytest.mark.parametrize("variant", ["bgd", "sgd", "mbgd", {"name": "mbgd", "batch_size": 32}])
@pytest.mark.parametrize("standardize", [True, False])
def test_a_mapped_file_trains_like_the_array(files, variant, standardize):
    place, X, y = files
    options = {"standardize": standardize}
    paths = {"path": str(place / "X.npy"), "targets": str(place / "y.npy")}
    mapped = gdrun.train(CONFIG | {"dataset": paths | options, "variant": variant})
    memory = gdrun.train(CONFIG | {"dataset": options, "variant": variant}, data=(X, y))
    for name in ("batch_loss", "grad_norm", "update_norm"):
        assert mapped.steps[name] == pytest.approx(memory.steps[name], rel=1e-9)
    for name in ("train_loss", "validation_loss", "train_accuracy"):
        assert mapped.evals[name] == pytest.approx(memory.evals[name], rel=1e-9)
    assert mapped.summary["test_loss"] == pytest.approx(memory.summary["test_loss"], rel=1e-9)
    assert mapped.record["data"]["notes"] == (
        [
            "1 feature has a single value in the training rows, so other values of it have no "
            "effect: x3"
        ]
        if standardize
        else []
    )


def test_a_mapped_file_is_never_copied_whole(files):
    place, _, _ = files
    table = read_npy(place / "X.npy", str(place / "y.npy"))
    assert isinstance(table.X, np.memmap)
    paths = {"path": str(place / "X.npy"), "targets": str(place / "y.npy")}
    experiment = load(CONFIG | {"dataset": paths})
    cohort = cohort_of([experiment], experiment_data(experiment))
    assert all(
        isinstance(part.X, MappedRows) for part in (cohort.train, cohort.validation, cohort.test)
    )


def test_the_target_may_stand_first_or_last(tmp_path):
    matrix = np.arange(12.0).reshape(4, 3)
    np.save(tmp_path / "a.npy", matrix)
    last, first = read_npy(tmp_path / "a.npy"), read_npy(tmp_path / "a.npy", target=0)
    assert last.y.tolist() == [2, 5, 8, 11]
    assert last.X.tolist() == matrix[:, :2].tolist()
    assert first.y.tolist() == [0, 3, 6, 9]
    assert first.X.tolist() == matrix[:, 1:].tolist()


def test_images_become_rows(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(24).reshape(2, 3, 4))
    np.save(tmp_path / "b.npy", np.array([[0], [1]]))
    table = read_npy(tmp_path / "a.npy", str(tmp_path / "b.npy"))
    assert table.X.shape == (2, 12)
    assert table.y.tolist() == [0, 1]


def test_an_npz_holds_both(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.eye(3), y=np.array(["a", "b", "a"]), other=np.zeros(2))
    table = read_npz(tmp_path / "a.npz")
    assert table.classes == ("a", "b")
    assert table.y.tolist() == [0, 1, 0]


def refused(read, *arguments, **options):
    with pytest.raises(DataError) as caught:
        read(*arguments, **options)
    (problem,) = caught.value.problems
    return problem.what, problem.hint


def test_what_is_refused(tmp_path):
    def save(name, array):
        np.save(tmp_path / name, array, allow_pickle=True)
        return tmp_path / name

    assert refused(read_npy, tmp_path / "none.npy")[0] == "no such file"
    (tmp_path / "cut.npy").write_bytes(save("a.npy", np.ones((50, 3))).read_bytes()[:300])
    assert "incomplete" in refused(read_npy, tmp_path / "cut.npy")[0]
    (tmp_path / "text.npy").write_text("1,2\n", encoding="utf-8")
    assert "numpy.save" in refused(read_npy, tmp_path / "text.npy")[1]
    assert "can run code" in refused(read_npy, save("o.npy", np.array([[{}]], dtype=object)))[0]
    assert "<U1" in refused(read_npy, save("u.npy", np.array([["a"]])))[0]
    assert "shape (3,)" in refused(read_npy, save("v.npy", np.ones(3)))[0]
    assert "is empty" in refused(read_npy, save("e.npy", np.ones((0, 3))))[0]
    assert "cannot be both" in refused(read_npy, save("one.npy", np.ones((4, 1))))[0]
    assert "but no column 7" in refused(read_npy, save("w.npy", np.ones((4, 3))), target=7)[0]
    assert (
        "must be the first or the last column" in refused(read_npy, tmp_path / "w.npy", target=1)[0]
    )
    short = str(save("s.npy", np.ones(2)))
    assert (
        refused(read_npy, tmp_path / "w.npy", short)[0]
        == "has 4 rows of features, but there are 2 targets"
    )
    gap = str(save("g.npy", np.array([0, 1, np.nan, np.inf])))
    what = "2 of 4 targets are missing or infinite, the first in row 2"
    assert refused(read_npy, tmp_path / "w.npy", gap)[0] == what
    hot = str(save("h.npy", np.eye(4)))
    assert "argmax" in refused(read_npy, tmp_path / "w.npy", hot)[1]


def test_an_npz_without_the_array_names_the_near_ones(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.eye(3), target=np.arange(3))
    assert refused(read_npz, tmp_path / "a.npz") == (
        f"{tmp_path}/a.npz contains no array 'y'",
        "choose from X, target",
    )


def test_what_is_wrong_within_an_npz_names_it(tmp_path):
    X = np.ones((4, 2, 3))
    X[2, 1, 0] = np.nan
    np.savez(tmp_path / "a.npz", X=X, y=np.arange(4))
    np.savez(tmp_path / "b.npz", X=np.eye(4), y=np.arange(3))
    for name, words in (
        # The second row of three begins at 3.
        ("a.npz", "X has 1 missing or infinite value, the first in row 2, column 3"),
        ("b.npz", "X has 4 rows, but y has 3 targets"),
    ):
        with pytest.raises(DataError) as caught:
            read_npz(tmp_path / name)
        (problem,) = caught.value.problems
        assert (problem.where, problem.what) == (str(tmp_path / name), words)


def test_a_missing_file_is_told_its_neighbours(tmp_path):
    np.save(tmp_path / "train.npy", np.ones((3, 2)))
    hint = f"did you mean {tmp_path / 'train.npy'}?"
    assert refused(read_npy, tmp_path / "trian.npy") == ("no such file", hint)
    assert refused(read_npz, tmp_path / "trian.npz") == ("no such file", hint)


def test_a_value_that_is_not_finite_ends_before_training(files):
    place, X, _ = files
    X[7, 2] = np.inf
    np.save(place / "X.npy", X)
    paths = {"path": str(place / "X.npy"), "targets": str(place / "y.npy")}
    with pytest.raises(DataError, match="the value inf in row 7, column 2 is not finite"):
        gdrun.train(CONFIG | {"dataset": paths})
