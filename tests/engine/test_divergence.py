"""Divergence at the exact step, computed by hand: the quantity, the weights, and the last loss.

Most runs here are one weight w on rows with x and y: L(w) = (x w − y)², ∇L = 2 x (x w − y).
"""

import json

import numpy as np
import pytest

import gdrun

WHOLE = {"split": {"validation": 0, "test": 0}, "standardize": False}


def walk(x, y, lr, *, steps=50, every=1000, factor=None, bias=False, loss="mse", **more):
    """BGD on two equal rows, by default evaluated only at the start and the end."""
    stopping = {"steps": steps} | ({} if factor is None else {"divergence": {"factor": factor}})
    return gdrun.train(
        {
            "dataset": WHOLE,
            "model": {"name": "linear", "bias": bias, "loss": loss},
            "variant": "bgd",
            "optimizer": {"name": "vanilla", "lr": lr},
            "stopping": stopping,
            "evaluate": {"every": every},
            "log": {"points": "all"},
        },
        *(f"{key}={value}" for key, value in more.items()),
        data=(np.full((2, 1), x), np.full(2, y)),
    )


def test_a_batch_loss_above_its_limit():
    # x = y = 1 and α = 1.5: w − 1 ← (1 − 2α)(w − 1) = −2 (w − 1), so step k sees the loss 4^(k−1).
    # The initial loss is 1; above 1000 for the first time is 4⁵ = 1024, at step 6.
    run = walk(1.0, 1.0, 1.5, factor=1000)
    assert run.status == "diverged"
    assert run.steps["batch_loss"].tolist() == [4.0**k for k in range(6)]
    assert run.divergence == {
        "step": 6,
        "epoch": 6.0,
        "quantity": "batch loss",
        "value": 1024.0,
        "layer": None,
        "last_finite_loss": 1024.0,
    }
    assert run.stop == {
        "rule": "divergence",
        "epoch": 6.0,
        "step": 6,
        "message": "the batch loss 1024 is above 1000 times the initial loss 1 at epoch 6 (step 6)",
    }


def test_an_evaluation_sees_it_a_step_earlier():
    # The same run: the evaluation after step 5 sees W₅, whose loss is 4⁵.
    run = walk(1.0, 1.0, 1.5, factor=1000, every=1)
    assert (run.divergence["step"], run.divergence["quantity"]) == (5, "training loss")
    assert run.divergence["last_finite_loss"] == 1024.0
    assert run.evals["train_loss"].tolist() == [4.0**k for k in range(6)]


def test_the_usual_limit_is_ten_thousand_times_the_initial_loss():
    # 4⁶ = 4096 < 10⁴ < 16384 = 4⁷, which step 8 sees.
    assert walk(1.0, 1.0, 1.5).divergence["step"] == 8


@pytest.mark.parametrize(("dtype", "most"), [("float32", 3.4e38), ("float64", 1.7e308)])
def test_a_loss_that_overflows(dtype, most):
    # (w − 1)² = 16^(k−1) at step k with α = 2.5, exact in both types until it overflows.
    run = walk(1.0, 1.0, 2.5, steps=400, factor=1e300 if dtype == "float64" else 1e38, dtype=dtype)
    limit = min(most, 1e300 if dtype == "float64" else 1e38)
    step = next(k for k in range(1, 400) if 16 ** (k - 1) > limit)
    assert run.divergence["step"] == step
    assert len(run.steps["step"]) == step


@pytest.mark.parametrize(("dtype", "x", "y"), [("float32", 1e25, 1e18), ("float64", 1e200, 1e150)])
def test_a_gradient_that_overflows_before_the_loss(dtype, x, y):
    # At w = 0 the loss is y² = 1e36 or 1e300, and the gradient −2 x y = −2e43 or −2e350: too large.
    run = walk(x, y, 0.1, dtype=dtype)
    assert run.divergence == {
        "step": 1,
        "epoch": 1.0,
        "quantity": "gradient",
        "value": -np.inf,
        "layer": "w",
        "last_finite_loss": pytest.approx(y * y, rel=1e-6),
    }
    assert run.stop["message"] == "the gradient of w became -inf at epoch 1 (step 1)"


@pytest.mark.parametrize(("dtype", "lr", "y"), [("float32", 1e30, 1e9), ("float64", 1e300, 1e9)])
def test_weights_that_overflow_are_named(dtype, lr, y):
    # x = 0 leaves w alone; b ← 0 + 2 α y = 2e39 or 2e309, above the largest 3.4e38 or 1.8e308.
    run = walk(0.0, y, lr, bias=True, dtype=dtype)
    found = run.divergence
    assert (found["step"], found["quantity"], found["layer"]) == (1, "weights", "b")
    assert found["value"] == np.inf
    assert found["last_finite_loss"] == pytest.approx(1e18)
    assert run.steps["batch_loss"].tolist() == [pytest.approx(1e18)]


def test_a_loss_that_is_infinite_from_the_start():
    # y² = 1e400: there is no finite loss to compare with, so the first evaluation ends the run.
    run = walk(1.0, 1e200, 0.1)
    assert (run.status, run.stop["step"]) == ("diverged", 0)
    assert run.divergence["quantity"] == "training loss"
    assert np.isnan(run.divergence["last_finite_loss"])
    assert run.stop["message"] == "the training loss became inf at epoch 0 (step 0)"
    assert len(run.steps["step"]) == 0


def test_a_start_without_any_loss_has_no_limit_but_that_of_numbers():
    # The rows (1, 0) lie on the line w = 0: a loss of zero, and steps that stay there.
    assert walk(1.0, 0.0, 0.1, steps=5).status == "exhausted"
    # On (1, 0) and (−1, 0) … no step leaves; so noise moves a surface off its minimum instead.
    run = gdrun.train(
        {
            "surface": {"name": "bowl", "start": [0.0, 0.0], "noise": 1.0, "examples": 8},
            "variant": "sgd",
            "optimizer": {"name": "vanilla", "lr": 3.0},
            "stopping": {"steps": 2000},
            "evaluate": {"every": 1000},
        }
    )
    # Both factors, |1 − 3| and |1 − 30|, grow; the loss passes 1.8e308 near step 308/(2 log₁₀ 29).
    assert run.status == "diverged"
    assert run.stop["step"] == pytest.approx(308 / (2 * np.log10(29)), abs=3)


def test_large_numbers_are_no_divergence():
    # In float32 the square of the gradient 2e25 overflows, the gradient and its norm do not.
    run = walk(1e12, 1e13, 1e-26, dtype="float32", steps=3)
    assert run.status == "exhausted"
    assert run.steps["grad_norm"][0] == pytest.approx(2e25, rel=1e-6)


def test_the_record_is_strict_and_the_trace_ends_with_the_step(tmp_path):
    run = gdrun.train(
        {
            "dataset": WHOLE,
            "model": {"name": "linear", "bias": False},
            "variant": "bgd",
            "stopping": {"steps": 5},
            "log": {"points": "all"},
        },
        data=(np.full((2, 1), 1e200), np.full(2, 1e150)),
        out=tmp_path,
    )

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    text = (run.directory / "run.json").read_text()
    record = json.loads(text, parse_constant=refuse)
    assert record["status"] == "diverged"
    assert record["divergence"]["value"] is None
    assert record["divergence"]["nonfinite"] == {"value": "-inf"}
    lines = (run.directory / "trace.jsonl").read_text().splitlines()
    rows = [json.loads(line, parse_constant=refuse) for line in lines]
    assert [(row["kind"], row["step"]) for row in rows] == [("eval", 0), ("step", 1)]
    assert rows[1]["grad_norm"] is None
    assert rows[1]["nonfinite"]["grad_norm"] in ("inf", "nan")
    again = gdrun.runs.run.read_run(run.directory)
    assert again.divergence == run.divergence


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_a_loss_on_a_held_out_part_that_is_not_finite_is_a_divergence(engine, part):
    from gdrun.data.splitting import split_rows

    y, shares = np.arange(40.0), {"validation": 0, "test": 0, part: 0.2}
    rows = split_rows(np.zeros(40, dtype=np.int64), **shares, seed=0)
    X = np.ones((40, 1))
    row = getattr(rows, part)[3]
    X[row] = 1e300  # its error is about 1e300, whose square is infinite
    config = {
        "dataset": {"split": shares, "standardize": False},
        "model": "linear",
        "variant": "bgd",
        "optimizer": {"name": "vanilla", "lr": 0.01},
        "stopping": {"epochs": 3},
        "engine": engine,
    }
    run = gdrun.train(config, data=(X, y))
    assert run.status == "diverged"
    assert run.stop["message"] == f"the {part} loss became inf at epoch 3 (step 3)"
    assert run.record["divergence"]["quantity"] == f"{part} loss"
    assert np.isfinite(run.evals["train_loss"]).all()
    X[row] = 1
    assert gdrun.train(config, data=(X, y)).status == "exhausted"
