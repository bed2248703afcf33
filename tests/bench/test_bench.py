"""The benchmarks run, and compare like with like. Their times are for reading, not for tests."""

import bench_startup
import bench_step
import numpy as np
import pytest


def test_both_loops_do_the_same_work():
    # One batch of all rows makes the order of no account: both take the same first step.
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(40, 5)), rng.integers(0, 2, size=40)
    _, ((loss, grad, update, weight),), w = bench_step.plain_loop(X, y, 40)
    _, run = bench_step.gdrun_epoch(X, y, 40)
    found = [
        run.steps[name][0] for name in ("batch_loss", "grad_norm", "update_norm", "weight_norm")
    ]
    assert found == pytest.approx([loss, grad, update, weight], rel=1e-12)
    assert [*run.weights["w"], run.weights["b"]] == pytest.approx(w, rel=1e-12)


def test_the_step_benchmark_prints_a_ratio(capsys):
    bench_step.main(["--rows", "200", "--features", "3", "--batch", "20", "--repeats", "1"])
    assert "times as long" in capsys.readouterr().out


@pytest.mark.slow
def test_the_startup_benchmark_prints_every_time(capsys):
    bench_startup.main(["--repeats", "1"])
    assert capsys.readouterr().out.count(" s") >= 5
