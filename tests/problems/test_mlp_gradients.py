"""Networks: value and gradient under every activation, shape and loss, from the registry."""

import numpy as np
import pytest
from network_cases import CASES, CHOSEN, FEATURES, MLP, SHAPES, Case, random_point, weights_by_name
from slow_network import forward, mean_loss

from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.dropout import Dropout
from gdrun.problems.losses import LOSSES
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
every_shape = pytest.mark.parametrize("shape", SHAPES)


def step(objective, W, X, y, dropout=None):
    """Value and gradient of a step of training, without the running statistics after it."""
    running_stats = np.zeros((*W.shape[:-1], objective.model.stats_layout.size), W.dtype)
    value, gradient, _ = objective.training_step(W, running_stats, X, y, dropout)
    return value, gradient


def central_differences(value, W, h=1e-6):
    """(L(W + h eᵢ) − L(W − h eᵢ)) / 2h for each parameter i of one lane (..., 1, P).

    Each shifted copy of the weights is a lane of one evaluation.
    """
    shifts = h * np.eye(W.shape[-1])
    return ((value(W + shifts) - value(W - shifts)) / (2 * h))[..., None, :]


def relative_error(gradient, measured):
    return (np.linalg.norm(gradient - measured, axis=-1) / np.linalg.norm(measured, axis=-1)).max()


def test_the_cases_cover_every_choice():
    assert {case.activation for case in CASES} == set(ACTIVATIONS)
    assert {case.loss for case in CASES} == {
        "cross_entropy",
        *(name for name, loss in LOSSES.items() if loss.targets == "number"),
    }
    assert len(CASES) == len(ACTIVATIONS) * 4 * len(CHOSEN)


@every_case
@pytest.mark.parametrize("streams", [(), (2,)], ids=["lanes", "streams"])
def test_the_gradient_is_the_slope_of_the_value(case, streams):
    network = case.build()
    W, X, y = random_point(network, 1, lanes=1, streams=streams)
    known = Objective(network, 0.3)
    dropout = Dropout(0.25, [3, 4][: len(streams) + 1], step=5)
    for mask in (None, dropout):
        _, gradient = step(known, W, X, y, mask and Dropout(0.25, mask.seeds, 5))
        measured = central_differences(
            lambda W, mask=mask: step(known, W, X, y, mask and Dropout(0.25, mask.seeds, 5))[0], W
        )
        # The differences are off by ε L / h ≈ 2e-16 · 3 / 1e-6 = 7e-10, gradients being of order 1,
        # and by h² f‴ / 6, of order 1e-12 times the cubes of inverse deviations in batch_norm.
        assert relative_error(gradient, measured) < 1e-7


@every_case
def test_the_value_is_that_of_a_network_written_from_the_papers(case):
    network = case.build()
    W, X, y = random_point(network, 2)
    value, _ = Objective(network, 0.0).value_and_gradient(W, X, y)
    for lane, row in enumerate(W):
        named = weights_by_name(network, row)
        scores, _ = forward(named, X, activation=case.activation, depth=3)
        assert value[lane] == pytest.approx(mean_loss(scores, y.tolist(), case.loss), rel=1e-12)


@every_activation
@every_shape
def test_masks_leave_out_whole_units(activation, shape):
    network = Case(activation, shape, "cross_entropy").build()
    W, X, y = random_point(network, 3)
    value, _ = step(Objective(network), W, X, y, Dropout(0.4, [8], step=2))
    drawn = Dropout(0.4, [8], step=2)
    masks = [drawn.mask(units, len(X), float)[0] for units in network.hidden]
    for lane, row in enumerate(W):
        named = weights_by_name(network, row)
        scores, _ = forward(named, X, activation=activation, depth=3, masks=masks)
        expected = mean_loss(scores, y.tolist(), "cross_entropy")
        assert value[lane] == pytest.approx(expected, rel=1e-12)


@every_activation
@every_shape
def test_evaluation_goes_by_running_statistics(activation, shape):
    network = Case(activation, shape, "mse").build()
    W, X, y = random_point(network, 4)
    draw = np.random.default_rng(4)
    running_stats = draw.uniform(0.5, 2.0, (len(W), network.stats_layout.size))
    losses, _ = Objective(network).with_running_stats(running_stats).loss_and_accuracy(W, X, y)
    for lane, row in enumerate(W):
        known = network.stats_layout.named(running_stats[lane])
        running = [
            (known[f"layer{k}.running_mean"], known[f"layer{k}.running_variance"])
            for k in range(1, 4)
            if network.batch_norm
        ]
        named = weights_by_name(network, row)
        scores, _ = forward(named, X, activation=activation, depth=3, running=running or None)
        assert losses[lane] == pytest.approx(mean_loss(scores, y.tolist(), "mse"), rel=1e-12)


@pytest.mark.slow
@every_case
@pytest.mark.parametrize("streams", [(), (2,)], ids=["lanes", "streams"])
def test_single_precision_stays_single(case, streams):
    network = case.build()
    W, X, y = random_point(network, 5, streams=streams, dtype=np.float32)
    l2 = np.full((*W.shape[:-1], 1), 0.1, np.float32)
    rate = np.full((*W.shape[:-1], 1), 0.2, np.float32)
    running_stats = np.ones((*W.shape[:-1], network.stats_layout.size), np.float32)
    for numbers in ((0.1, 0.2), (l2, rate)):
        known = Objective(network, *numbers)
        dropout = Dropout(numbers[1], [3, 4][: len(streams) + 1], step=5)
        found = known.training_step(W, running_stats, X, y, dropout)
        bound = network.with_running_stats(running_stats)
        found += (bound.scores(W, X), bound.tally(W, X, y)[0])
        assert {array.dtype for array in found} == {np.dtype(np.float32)}
    wide, X_wide, y_wide = random_point(network, 5, streams=streams)
    value, gradient = Objective(network, 0.1).value_and_gradient(W, X, y)
    expected, slope = Objective(network, 0.1).value_and_gradient(wide, X_wide, y_wide)
    # ε = 6e-8, over four layers; batch_norm divides by small deviations of seven numbers.
    assert value == pytest.approx(expected, rel=1e-4)
    assert gradient == pytest.approx(slope, abs=2e-3 * np.abs(slope).max())


@every_shape
@pytest.mark.parametrize("streams", [(), (2,)], ids=["lanes", "streams"])
def test_a_lane_among_many_is_the_lane_alone(shape, streams):
    network = Case("tanh", shape, "cross_entropy").build()
    W, X, y = random_point(network, 6, lanes=5, streams=streams)
    values, gradients = Objective(network, 0.1).value_and_gradient(W, X, y)
    for lane in np.ndindex(values.shape):
        alone = (W[lane][None], X[lane[:-1]], y[lane[:-1]])
        value, gradient = Objective(network, 0.1).value_and_gradient(*alone)
        assert values[lane] == pytest.approx(value[0], rel=1e-12)
        assert gradients[lane] == pytest.approx(gradient[0], rel=1e-10, abs=1e-14)


def test_rows_beyond_one_block_are_summed_in_parts(monkeypatch):
    network = Case("relu", "plain", "cross_entropy").build(hidden=(6,))
    W, X, y = random_point(network, 7, rows=500)
    total, gradient = network.sums(W, X, y)
    monkeypatch.setattr("gdrun.problems.network.BLOCK_ENTRIES", 1)
    assert network.rows_at_once(3) == 64
    value, mean = Objective(network).value_and_gradient(W, X, y)
    assert value == pytest.approx(total / 500, rel=1e-13)
    assert mean == pytest.approx(gradient / 500, rel=1e-11, abs=1e-15)


@pytest.mark.longer
def test_statistics_of_a_batch_are_never_those_of_its_parts():
    """With batch_norm the value on all rows is that of one product, however many rows there are."""
    network = MLP.function(features=2, classes=0, hidden=(3000,), batch_norm=True)
    W, X, y = random_point(network, 8, rows=400, lanes=1)
    assert network.rows_at_once(1) < 400
    value, _ = Objective(network).value_and_gradient(W, X, y)
    total, _, _ = network.training_sums(W, X, y)
    assert value == pytest.approx(total / 400, rel=1e-14)


def test_the_penalty_is_on_weights_alone():
    network = Case("relu", "both", "mse").build()
    marks = network.layout.named(network.layout.penalised)
    assert {name for name, mark in marks.items() if mark.all()} == {
        *(f"layer{k}.w" for k in (1, 2, 3, 4)),
        "projection3.w",
    }
    assert not any(mark.any() for name, mark in marks.items() if not name.endswith(".w"))


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ("plain", ["layer1.w", "layer1.b", "layer2.w", "layer2.b"]),
        ("batch_norm", ["layer1.w", "layer1.scale", "layer1.shift", "layer2.w", "layer2.b"]),
    ],
)
def test_weights_have_names(shape, names):
    network = Case("relu", shape, "cross_entropy").build(hidden=(5,))
    named = network.layout.named(np.zeros(network.layout.size))
    assert list(named) == names
    assert named["layer1.w"].shape == (FEATURES, 5)
    assert named["layer2.w"].shape == (5, 3)


def test_no_hidden_layer_is_softmax_regression():
    network = Case("relu", "plain", "cross_entropy").build(hidden=())
    W, X, y = random_point(network, 9)
    softmax = MODELS["softmax"].function(features=FEATURES, classes=3)
    value, gradient = Objective(network, 0.2).value_and_gradient(W, X, y)
    expected, slope = Objective(softmax, 0.2).value_and_gradient(W, softmax.design(X), y)
    assert value == pytest.approx(expected, rel=1e-14)
    assert gradient == pytest.approx(slope, rel=1e-12, abs=1e-15)
