"""A thinned trace is bounded, keeps all spikes, and has complete sums, for any chunks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdrun
from gdrun.engine.trace import StepTrace
from gdrun.engine.trace_columns import STEP_COLUMNS

SHARED = [each.name for each in STEP_COLUMNS.values() if each.shared and each.absent is None]
OWN = [each.name for each in STEP_COLUMNS.values() if not each.shared and each.absent is None]


def fed(values, chunks, points):
    """A trace of these losses (steps, lanes), given in chunks; each shared column is the step."""
    lanes = np.arange(values.shape[1])
    trace, start = StepTrace(len(lanes), points), 0
    while start < len(values):
        for size in chunks:
            part = values[start : start + size]
            if not len(part):
                break
            steps = np.arange(start + 1, start + len(part) + 1)
            own = dict.fromkeys(OWN, part) | {"clipped": part > 0.5}
            trace.add(lambda chosen, steps=steps: dict.fromkeys(SHARED, steps[chosen]), own, lanes)
            start += size
    return trace


series = st.tuples(st.integers(1, 300), st.integers(1, 3), st.integers(0, 2**32 - 1)).map(
    lambda drawn: np.random.default_rng(drawn[2]).random(drawn[:2])
)


@pytest.mark.slow
@settings(max_examples=150)
@given(series, st.lists(st.integers(1, 70), min_size=1, max_size=5), st.integers(1, 20))
def test_nothing_is_lost_but_detail(values, chunks, points):
    trace = fed(values, chunks, points)
    steps = len(values)
    assert trace.points <= points
    # The stride is the smallest power of three that fits: ⌈steps / stride⌉ ≤ points.
    stride = 1
    while -(-steps // stride) > points:
        stride *= 3
    assert trace.stride == stride
    for lane in range(values.shape[1]):
        columns = trace.lane(lane)
        mine = values[:, lane]
        starts = np.arange(0, steps, stride)
        ends = np.minimum(starts + stride, steps)
        assert columns["step"].tolist() == ends.tolist()
        assert columns["combined"].tolist() == (ends - starts).tolist()
        assert columns["batch_loss"].tolist() == mine[ends - 1].tolist()
        peaks = [mine[a:b].max() for a, b in zip(starts, ends, strict=True)]
        assert columns["max_batch_loss"].tolist() == peaks
        assert columns["max_grad_norm"].tolist() == peaks
        counted = [(mine[a:b] > 0.5).sum() for a, b in zip(starts, ends, strict=True)]
        assert columns["clipped"].tolist() == counted


@pytest.mark.parametrize("chunks", [[1], [7], [1000], [3, 50, 1]])
def test_every_step_is_kept_without_a_bound(chunks):
    values = np.random.default_rng(0).random((333, 2))
    columns = fed(values, chunks, None).lane(1)
    assert columns["batch_loss"].tolist() == values[:, 1].tolist()
    assert columns["combined"].tolist() == [1] * 333


def test_a_nan_or_an_infinity_is_a_spike():
    for spike in (np.nan, np.inf):
        values = np.zeros((81, 2))
        values[20, 0] = spike
        columns = fed(values, [5], 4).lane(0)
        # 81 steps on 4 points: the stride is 27, and step 21 belongs to the first point.
        assert np.array_equal(columns["max_batch_loss"], [spike, 0, 0], equal_nan=True)


def test_a_run_thinned_and_in_full():
    config = {
        "dataset": "iris",
        "model": "softmax",
        "variant": "sgd",
        "optimizer": {"name": "adam", "lr": 0.1},
        "clip": {"norm": 1.0},
        "stopping": {"epochs": 9},
    }
    full = gdrun.train(config, "log.points=all").steps
    thin = gdrun.train(config, "log.points=100").steps
    # 120 training rows in 9 epochs: 1080 steps, so a stride of 27 and 40 points.
    assert len(full["step"]) == 1080
    assert len(thin["step"]) == 40
    assert thin["combined"].sum() == 1080
    assert thin["clipped"].sum() == full["clipped"].sum() > 0
    for name in ("batch_loss", "grad_norm"):
        assert thin[f"max_{name}"].max() == full[name].max()
        assert np.array_equal(thin[name], full[name][thin["step"] - 1])
