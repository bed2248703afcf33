"""Data at the limits of numbers and of sizes: no warning of NumPy, and results that are right."""

import warnings

import numpy as np
import pytest

import gdrun as package
from gdrun.errors import DataError

ROWS = 24
RNG = np.random.default_rng(0)
PLAIN = RNG.standard_normal((ROWS, 2))
NOISE = RNG.standard_normal(ROWS)
SUM = PLAIN @ np.array([1.0, 2.0])


@pytest.fixture(autouse=True)
def strict():
    """Every warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


COLUMNS = {
    "denormal": 5e-324 * np.arange(ROWS),
    "small": 1e-310 * NOISE,
    "huge": 1e300 * NOISE,
    "largest": np.where(NOISE > 0, 1.7e308, -1.7e308),
    "constant": np.full(ROWS, 7.0),
    "constant and huge": np.full(ROWS, 1.7e308),
    "constant and denormal": np.full(ROWS, 5e-324),
    "zero and minus zero": np.where(NOISE > 0, 0.0, -0.0),
    "duplicate": PLAIN[:, 0],
    "collinear": PLAIN.sum(axis=1),
    "beyond float32": 1e37 * NOISE,
    "far from zero": 1e15 + NOISE,
}


@pytest.mark.longer
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("column", COLUMNS)
def test_columns(column, standardize):
    X = np.column_stack([PLAIN, COLUMNS[column]])
    models = {"linear": SUM, "logistic": SUM > 0, "mlp": SUM, "svm": SUM > 0}
    for model, y in models.items():
        for engine, dtype in (("numpy", "float64"), ("numpy", "float32"), ("compiled", "float64")):
            if engine == "compiled" and model in ("mlp", "svm"):
                continue  # each would be compiled for this test alone
            config = {
                "model": model,
                "engine": engine,
                "dtype": dtype,
                "variant": {"name": "mbgd", "batch_size": 7},
                "dataset": {"standardize": standardize},
                "stopping": {"epochs": 2},
            }
            try:
                run = package.train(config, data=(X, y.astype(float)))
            except DataError as error:
                # The difference of the largest numbers is no number.
                assert dtype == "float32" or (column == "largest" and standardize)
                assert f"outside the range of {dtype}" in str(error)
                assert column in ("huge", "largest", "constant and huge")
                continue
            # A run that left the numbers says so; what it returns is finite otherwise.
            if run.status != "diverged":
                assert np.isfinite(run.summary["train_loss"])
                assert all(np.isfinite(each).all() for each in run.weights.values())
            else:
                assert run.divergence is not None


@pytest.mark.parametrize("column", ["denormal", "small", "huge", "beyond float32", "far from zero"])
def test_a_standardised_column_trains_as_the_same_column_in_another_unit(column):
    """Standardisation removes the unit, so that only rounding can differ."""
    hard = COLUMNS[column]
    # The same values in a unit in which they are near 1.
    shift = hard[0] if column == "far from zero" else 0.0
    easy = (hard - shift) / np.abs(hard - shift).max()
    runs = [
        package.train(
            {"model": "linear", "variant": "bgd", "stopping": {"epochs": 5}},
            data=(np.column_stack([PLAIN, each]), SUM),
        )
        for each in (hard, easy)
    ]
    # Near 10¹⁵ a double has a digit after the point; the smallest numbers are whole multiples.
    tolerance = 1e-12 if column in ("huge", "beyond float32") else 0.1
    first, second = (run.evals["train_loss"] for run in runs)
    np.testing.assert_allclose(first, second, rtol=tolerance)


@pytest.mark.longer
@pytest.mark.parametrize("scale", [1e-310, 1e150, 1e300])
def test_targets_of_every_size(gdrun, tmp_path, monkeypatch, scale):
    monkeypatch.chdir(tmp_path)
    table = np.column_stack([PLAIN, scale * SUM])
    np.savetxt("a.csv", table, delimiter=",", header="a,b,y", comments="", fmt="%.17g")
    words = ("dataset.path=a.csv", "variant=bgd", "epochs=2")
    for command in ("train", "theory", "gradcheck"):
        for model in ("linear", "mlp"):
            answer = gdrun(command, *words, f"model={model}")
            too_large = scale == 1e300 and (command, model) != ("train", "mlp")
            assert "internal error" not in answer.err
            if too_large and command == "train":
                assert answer.code == 3
                assert "the training loss became inf" in answer.out
            elif too_large and answer.code:
                assert "the loss is inf at the initial weights" in answer.err
                # The next move of the hint works.
                again = gdrun(command, *words, f"model={model}", "dataset.standardize.target=true")
                assert again.code == 0, again.err
    answer = gdrun("train", *words, "model=linear", "dataset.standardize.target=true", "-q")
    assert answer.code == 0, answer.err


# The smallest data.


@pytest.mark.longer
@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("features", [1, 2])
@pytest.mark.parametrize("variant", ["bgd", "sgd"])
def test_a_few_rows(gdrun, tmp_path, monkeypatch, rows, features, variant):
    monkeypatch.chdir(tmp_path)
    table = np.column_stack([PLAIN[:rows, :features], SUM[:rows]])
    header = ",".join([*["a", "b"][:features], "y"])
    np.savetxt("a.csv", table, delimiter=",", comments="", fmt="%.17g", header=header)
    words = ("dataset.path=a.csv", "model=linear", f"variant={variant}", "epochs=3")
    whole = gdrun("train", *words, "dataset.split={validation: 0, test: 0}")
    assert whole.code == 0, whole.err
    assert gdrun("show", "last").code == 0
    assert gdrun("theory", *words, "dataset.split={validation: 0, test: 0}").code == 0
    parts = gdrun("train", *words, "dataset.split={validation: 1, test: 1}")
    assert parts.code == (0 if rows == 3 else 2)
    if rows < 3:
        assert "no training rows are left" in parts.err


def test_one_row_is_learned_by_its_closed_form():
    """The error e = w·x + b − y of one row shrinks by the factor 1 − 2α(x² + 1) a step."""
    run = package.train(
        {
            "model": "linear",
            "variant": "bgd",
            "optimizer": {"name": "vanilla", "lr": 0.05},
            "dataset": {"standardize": False, "split": {"validation": 0, "test": 0}},
            "stopping": {"epochs": 4},
        },
        data=(np.array([[2.0]]), np.array([3.0])),
    )
    expected = [9 * (1 - 2 * 0.05 * 5) ** (2 * k) for k in range(5)]
    np.testing.assert_allclose(run.evals["train_loss"], expected, rtol=1e-12)


@pytest.mark.parametrize("model", ["logistic", "softmax", "svm", "mlp"])
@pytest.mark.parametrize("batch", [1, 2, 11])
def test_batches_with_one_class(model, batch):
    """22 rows of one class and 2 of the other: most batches have one class only."""
    y = np.where(np.arange(ROWS) < 2, 0, 1)
    run = package.train(
        {
            "model": model,
            "variant": {"name": "mbgd", "batch_size": batch},
            "dataset": {"split": {"validation": 0, "test": 0}},
            "evaluate": {"metrics": ["accuracy", "f1", "balanced_accuracy"]},
            "stopping": {"epochs": 2},
        },
        data=(PLAIN, y),
    )
    assert run.status == "exhausted"
    assert np.isfinite(run.evals["train_loss"]).all()


def test_a_validation_part_of_one_row():
    """Its accuracy is 0 or 1."""
    y = (SUM > 0).astype(int)
    run = package.train(
        {
            "model": "logistic",
            "variant": "bgd",
            "dataset": {"split": {"validation": 1, "test": 1}},
            "stopping": {"epochs": 3},
        },
        data=(PLAIN, y),
    )
    assert set(run.evals["validation_accuracy"].tolist()) <= {0.0, 1.0}
    assert np.isfinite(run.evals["validation_loss"]).all()


def test_a_rate_beyond_float32_in_a_sweep(gdrun):
    words = ("lr=0.1,1e300", "dataset=iris", "model=softmax", "dtype=float32", "epochs=2")
    answer = gdrun("sweep", *words, "--seeds", "1", "-q")
    assert answer.code == 0, answer.err
    assert "diverged" in answer.out
