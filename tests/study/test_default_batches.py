"""A default batch larger than the data is all rows, wherever the config comes from."""

import numpy as np
import pytest

import gdrun

ROWS, EPOCHS, RATE = 40, 3, 0.1
RNG = np.random.default_rng(3)
X = RNG.normal(size=(ROWS, 2))
Y = X @ [1.0, -2.0] + 0.1 * RNG.normal(size=ROWS)

FEW = {
    "model": "linear",
    "dataset": {"name": "arrays", "split": {"validation": 0, "test": 0}, "standardize": False},
    "optimizer": {"name": "vanilla", "lr": RATE},
    "stopping": {"epochs": EPOCHS},
    "engine": "numpy",
}


def full_batches():
    """The mean squared error after one step of gradient descent on all rows in each epoch."""
    w, b = np.zeros(2), 0.0
    for _ in range(EPOCHS):
        error = X @ w + b - Y
        w, b = w - 2 * RATE * X.T @ error / ROWS, b - 2 * RATE * error.mean()
    return np.mean((X @ w + b - Y) ** 2)


@pytest.mark.parametrize("variant", [None, "mbgd", {"name": "mbgd", "drop_last": True}])
def test_a_dict_without_a_batch_size_takes_all_rows(variant):
    config = FEW if variant is None else FEW | {"variant": variant}
    run = gdrun.train(config, data=(X, Y))
    assert run.summary["gradients"] == EPOCHS * ROWS
    assert run.summary["train_loss"] == pytest.approx(full_batches())


def test_a_file_without_a_batch_size_takes_all_rows(tmp_path):
    rows = "\n".join(
        f"{float(a)!r},{float(b)!r},{float(y)!r}" for (a, b), y in zip(X, Y, strict=True)
    )
    (tmp_path / "few.csv").write_text(f"a,b,y\n{rows}\n")
    config = tmp_path / "few.yaml"
    config.write_text(
        f"dataset: {{path: {tmp_path / 'few.csv'}, standardize: false, "
        "split: {validation: 0, test: 0}}\n"
        f"model: linear\noptimizer: {{name: vanilla, lr: {RATE}}}\nengine: numpy\n"
        f"stopping: {{epochs: {EPOCHS}}}\n"
    )
    run = gdrun.train(config, out=tmp_path)
    assert run.summary["train_loss"] == pytest.approx(full_batches())
    assert gdrun.train(config, resume=run.directory).summary == run.summary


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (FEW | {"variant": {"name": "mbgd", "batch_size": 64}}, []),
        (FEW, ["batch_size=64"]),
        (FEW | {"variant": "bgd"}, ["batch_size=64"]),
    ],
)
def test_a_batch_size_that_the_user_gives_is_never_changed(config, words):
    with pytest.raises(gdrun.DataError, match="batch_size is 64, but there are 40"):
        gdrun.compare(["bgd", "mbgd"], config, *words, data=(X, Y))


@pytest.mark.longer
def test_contenders_that_choose_mini_batches_take_all_rows(tmp_path):
    """Whatever the variant of the config, and beside a contender that gives its size."""
    for config in (FEW, FEW | {"variant": "bgd"}):
        contenders = ["bgd", "sgd", "mbgd", "mbgd+batch_size=10"]
        found = gdrun.compare(contenders, config, seeds=1, data=(X, Y))
        assert {row.name: row.batch for row in found.contenders} == {
            "bgd": 40,
            "sgd": 1,
            "mbgd": 40,
            "mbgd+batch_size=10": 10,
        }
        results = {row.name: row.standing.results[0] for row in found.contenders}
        for name in ("bgd", "mbgd"):
            assert results[name].number("train_loss") == pytest.approx(full_batches())


def test_a_sweep_over_variants_is_read_with_the_batches_with_which_it_ran(tmp_path):
    found = gdrun.sweep(FEW, {"variant": ["bgd", "mbgd"]}, data=(X, Y), out=tmp_path)
    (directory,) = tmp_path.iterdir()
    again = gdrun.read_study(directory)
    for study in (found, again):
        for standing in study.standings:
            assert standing.results[0].number("train_loss") == pytest.approx(full_batches())


def test_a_sweep_of_batch_sizes_assumes_none():
    found = gdrun.sweep(FEW, {"batch_size": [8, 16]}, data=(X, Y))
    assert found.plan.for_all == {}
