"""The readings of each layer at evaluations, and their values in deep networks."""

import json

import numpy as np
import pytest

from gdrun.api import train
from gdrun.config.resolving import resolve
from gdrun.engine.build import build, cohort_of
from gdrun.engine.cohort import SAMPLE_ROWS, Lanes
from gdrun.engine.layer_readings import layer_readings
from gdrun.engine.state import State
from gdrun.engine.trainer import Trainer
from gdrun.runs.experiment_data import experiment_data
from gdrun.runs.run import read_run


def experiment(**model):
    return resolve(
        {
            "dataset": "iris",
            "model": {"name": "mlp", "hidden": [8, 5], **model},
            "variant": {"name": "mbgd", "batch_size": 40},
            "optimizer": {"name": "vanilla", "lr": 0.1},
            "stopping": {"epochs": 2},
            "log": {"points": "all"},
        }
    )


def started(chosen):
    cohort = cohort_of([chosen], experiment_data(chosen))
    return cohort, State.start(cohort)


def readings(cohort, W, before=None):
    """The readings of one lane at W, as numbers."""
    state = State.start(cohort)
    state = state.__class__(**{**vars(state), "W": W, "before": W if before is None else before})
    lanes = Lanes(cohort, np.arange(1))
    found = layer_readings(lanes, lanes.objective, state)
    return {name: float(value[0]) for name, value in found.items()}


def test_gradient_norms_are_those_of_the_objective():
    chosen = experiment(l2=0.3)
    cohort, state = started(chosen)
    found = readings(cohort, state.W)
    # iris has 120 rows to train on, fewer than a sample may have: the sample is all of them.
    assert cohort.sample.rows == cohort.train.rows == 120
    objective = Lanes(cohort, np.arange(1)).objective
    _, gradient = objective.value_and_gradient(state.W, cohort.train.X, cohort.train.y)
    for name, w in cohort.model.layout.named(gradient[0]).items():
        if name.endswith(".w"):
            layer = name.removesuffix(".w")
            assert found[f"{layer}.grad_norm"] == pytest.approx(np.linalg.norm(w), rel=1e-13)


def test_the_update_ratio_is_that_of_the_last_step():
    (outcome,) = Trainer(*build([experiment()], experiment_data(experiment()))).run()
    # 120 rows in batches of 40: two epochs are 6 steps; 5 of them are the same run, cut short.
    plain = experiment().plain()
    shorter = resolve(plain | {"stopping": {"steps": 5}})
    (before,) = Trainer(*build([shorter], experiment_data(shorter))).run()
    cohort, _ = started(experiment())
    last, earlier = (cohort.model.layout.named(o.weights) for o in (outcome, before))
    for layer in ("layer1", "layer2", "layer3"):
        moved = np.linalg.norm(last[f"{layer}.w"] - earlier[f"{layer}.w"])
        ratio = outcome.evaluations[f"{layer}.update_ratio"]
        assert ratio[-1] == pytest.approx(moved / np.linalg.norm(last[f"{layer}.w"]), rel=1e-9)
        assert ratio[0] == 0  # nothing has moved before the first step


def test_dead_units_are_counted():
    cohort, state = started(experiment())
    W = state.W.copy()
    named = cohort.model.layout.named(W)
    named["layer1.b"][0, :3] = -1e3  # far below any input: never active
    named["layer2.b"][0, :] = 1e3  # always active
    found = readings(cohort, W)
    assert found["layer1.dead"] == 3 / 8
    assert found["layer2.dead"] == 0
    assert "layer3.dead" not in found  # scores have no activation


def test_saturated_units_are_counted():
    cohort, state = started(experiment(activation="tanh"))
    W = state.W.copy()
    named = cohort.model.layout.named(W)
    named["layer1.w"][...] = 0
    # tanh′ is 1 at 0, and 1 − tanh²(2) = 0.0707 at 2, below a tenth of it; 0.42 at 1 is not.
    named["layer1.b"][0] = [0, 1, 2, -2, 5, 0, 0, 1]
    assert readings(cohort, W)["layer1.saturated"] == 3 / 8
    assert readings(cohort, W)["layer1.dead"] == 0


def test_a_large_training_part_is_sampled_evenly():
    chosen = resolve(
        {
            "dataset": {"name": "blobs", "n": 5000, "split": {"validation": 0, "test": 0}},
            "model": {"name": "mlp", "hidden": [4]},
        }
    )
    cohort, _ = started(chosen)
    assert cohort.sample.rows == SAMPLE_ROWS
    np.testing.assert_array_equal(cohort.sample.X[[0, -1]], cohort.train.X[[0, -1]])


@pytest.mark.parametrize("count", [1, 7])
def test_lanes_are_watched_in_parts(count, monkeypatch):
    lanes = [experiment(l2=0.1 * k) for k in range(5)]
    cohort = cohort_of(lanes, experiment_data(lanes[0]))
    state = State.start(cohort)
    everyone = Lanes(cohort, np.arange(5))
    expected = layer_readings(everyone, everyone.objective, state)
    monkeypatch.setattr("gdrun.problems.network.BLOCK_ENTRIES", count * 8 * 120)
    found = layer_readings(everyone, everyone.objective, state)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12)


def test_the_trace_holds_the_layers_and_gives_them_back(tmp_path):
    run = train(experiment(), out=tmp_path)
    lines = (run.directory / "trace.jsonl").read_text(encoding="utf-8").splitlines()
    evaluations = [row for row in map(json.loads, lines) if row["kind"] == "eval"]
    assert len(evaluations) == 3
    for row in evaluations:
        assert list(row["layers"]) == ["layer1", "layer2", "layer3"]
        assert set(row["layers"]["layer1"]) == {"grad_norm", "update_ratio", "dead", "saturated"}
        assert set(row["layers"]["layer3"]) == {"grad_norm", "update_ratio"}
    again = read_run(run.directory)
    assert again.evals.keys() == run.evals.keys()
    for name, values in run.evals.items():
        np.testing.assert_array_equal(again.evals[name], values)
    assert again.evals["layer2.grad_norm"][1] == evaluations[1]["layers"]["layer2"]["grad_norm"]


def test_weights_and_running_statistics_are_saved_together(tmp_path):
    run = train(experiment(batch_norm=True), out=tmp_path)
    with np.load(run.directory / "weights.npz") as arrays:
        for name in ("layer1.running_mean", "layer2.running_variance", "layer1.scale"):
            np.testing.assert_array_equal(arrays[name], run.weights[name])
            np.testing.assert_array_equal(arrays[f"best.{name}"], run.best_weights[name])
    again = read_run(run.directory)
    assert again.weights.keys() == run.weights.keys()


def test_a_linear_model_has_no_layers_to_watch(tmp_path):
    run = train({"dataset": "iris", "model": "softmax", "stopping": {"epochs": 1}}, out=tmp_path)
    assert not [name for name in run.evals if "." in name]
    assert '"layers"' not in (run.directory / "trace.jsonl").read_text(encoding="utf-8")


def deep(activation, init):
    """The gradient norms of ten hidden layers' weights at the start, first layer first."""
    model = {"activation": activation, "init": init, "hidden": [32] * 10}
    cohort, state = started(experiment(**model))
    found = readings(cohort, state.W)
    return [found[f"layer{k}.grad_norm"] for k in range(1, 12)]


def test_gradients_vanish_through_sigmoids_and_not_through_relu_with_its_own_start():
    vanishing, sound = deep("sigmoid", "normal"), deep("relu", "he")
    # Each sigmoid layer passes on at most ¼ ‖w‖ of the gradient: with w of standard deviation
    # 0.01 and width 32, ‖w‖ ≤ 0.01 · 2 √32 = 0.113, so a factor of 35 a layer, 35¹⁰ over ten.
    # The first layer's inputs are not those of the others, so it is left out of this.
    for nearer, farther in zip(vanishing[2:10], vanishing[1:9], strict=True):
        assert farther < nearer / 20
    assert vanishing[0] < 1e-12 * vanishing[-1]
    assert sound[0] > 0.05 * sound[-1]
