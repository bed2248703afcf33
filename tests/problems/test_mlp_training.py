"""Batch normalisation and dropout against loops written from their papers; starts; task."""

import numpy as np
import pytest
from network_cases import Case, random_point, weights_by_name
from slow_network import forward

from gdrun.config.resolving import resolve
from gdrun.config.wording import ELSEWHERE
from gdrun.data import table_from_arrays
from gdrun.data.preparation import suitable_task
from gdrun.errors import ConfigError
from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.dropout import Dropout
from gdrun.problems.inits import INITS, initial_row
from gdrun.problems.losses import LOSSES
from gdrun.problems.metrics import METRICS
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective


def test_running_statistics_follow_the_batches():
    """r ← 0.9 r + 0.1 s over three batches, with the variance over one less than the batch."""
    network = Case("tanh", "both", "cross_entropy").build()
    running_stats = np.tile(initial_row(network.stats_layout, INITS["zeros"], 0), (2, 1))
    expected = [{f"layer{k}": [(0.0, 1.0)] * network.hidden[k - 1] for k in (1, 2, 3)}] * 2
    for batch in range(3):
        W, X, y = random_point(network, 20 + batch, lanes=2, rows=6)
        _, _, running_stats = Objective(network).training_step(W, running_stats, X, y, None)
        for lane, row in enumerate(W):
            named = weights_by_name(network, row)
            _, seen = forward(named, X, activation="tanh", depth=3)
            expected[lane] = {
                f"layer{k}": [
                    (0.9 * mean + 0.1 * m, 0.9 * variance + 0.1 * v * 6 / 5)
                    for (mean, variance), (m, v) in zip(
                        expected[lane][f"layer{k}"], seen[k - 1], strict=True
                    )
                ]
                for k in (1, 2, 3)
            }
    for lane, row in enumerate(running_stats):
        known = network.stats_layout.named(row)
        for layer, statistics in expected[lane].items():
            means, variances = zip(*statistics, strict=True)
            assert known[f"{layer}.running_mean"] == pytest.approx(means, rel=1e-12, abs=1e-15)
            assert known[f"{layer}.running_variance"] == pytest.approx(variances, rel=1e-12)


@pytest.mark.parametrize("rows_at_once", [1, 4, 100])
@pytest.mark.parametrize("shape", ["batch_norm", "both"])
def test_statistics_over_all_rows_are_those_of_one_batch_of_them(rows_at_once, shape, monkeypatch):
    network = Case("tanh", shape, "cross_entropy").build()
    W, X, _ = random_point(network, 40, lanes=2, rows=9)
    X = X + 1000.0  # a variance that is a difference of two large sums would lose its digits
    monkeypatch.setattr(type(network), "rows_at_once", lambda self, lanes: rows_at_once)
    found = network.statistics_over(W, X)
    for lane, row in enumerate(W):
        _, seen = forward(weights_by_name(network, row), X, activation="tanh", depth=3)
        known = network.stats_layout.named(found[lane])
        for k, units in enumerate(seen, start=1):
            means, variances = np.array(units).T
            assert known[f"layer{k}.running_mean"] == pytest.approx(means, rel=1e-9, abs=1e-9)
            unbiased = variances * 9 / 8
            assert known[f"layer{k}.running_variance"] == pytest.approx(unbiased, rel=1e-9)


def test_statistics_and_scales_start_at_their_neutral_values():
    network = Case("relu", "batch_norm", "mse").build()
    known = network.stats_layout.named(initial_row(network.stats_layout, INITS["zeros"], 0))
    named = network.layout.named(initial_row(network.layout, INITS["he"], 0))
    for k in (1, 2, 3):
        assert (known[f"layer{k}.running_mean"] == 0).all()
        assert (known[f"layer{k}.running_variance"] == 1).all()
        assert (named[f"layer{k}.scale"] == 1).all()
        assert (named[f"layer{k}.shift"] == 0).all()


def test_what_dropout_keeps_is_scaled_up():
    mask = Dropout(0.3, [1], step=4).mask(200, 300, float)[0]
    assert set(np.unique(mask)) == {0.0, 1 / (1 - 0.3)}
    # 60,000 draws kept with probability 0.7: √(0.3 · 0.7 / 60,000) = 0.0019 is the deviation.
    assert (mask > 0).mean() == pytest.approx(0.7, abs=5 * 0.0019)


def test_masks_belong_to_a_seed_and_a_step():
    def drawn(seed, step):
        dropout = Dropout(0.5, [seed], step)
        return np.concatenate([dropout.mask(30, 20, float), dropout.mask(30, 20, float)])

    first = drawn(1, 1)
    np.testing.assert_array_equal(first, drawn(1, 1))
    for other in (drawn(2, 1), drawn(1, 2), first[::-1]):
        # Two independent fair masks agree in half of 1,200 places, give or take 5 · 17.
        assert abs((other == first).mean() - 0.5) < 0.08


def test_lanes_of_one_seed_leave_out_nested_sets():
    """Their uniform numbers are the same: a unit kept at a high rate is kept at a low rate."""
    rates = np.array([[0.0], [0.2], [0.6]])
    mask = Dropout(rates, [7], step=3).mask(40, 50, float)
    for lane, rate in enumerate(rates[:, 0]):
        alone = Dropout(float(rate), [7], step=3).mask(40, 50, float)[0]
        np.testing.assert_array_equal(mask[lane], alone)
    assert (mask[0] == 1).all()
    assert ((mask[2] > 0) <= (mask[1] > 0)).all()


def test_both_precisions_leave_out_the_same_units():
    wide, narrow = (Dropout(0.3, [2], 1).mask(50, 60, dtype) for dtype in ("f8", "f4"))
    assert narrow.dtype == np.float32
    np.testing.assert_array_equal(wide > 0, narrow > 0)


@pytest.mark.parametrize(("rows", "at_once"), [(23, 5), (24, 6), (24, 7), (5, 1), (9, 8)])
def test_masks_of_blocks_are_those_of_all_rows(rows, at_once):
    """They are columns of the masks for all rows, for odd and even widths, and two seeds."""
    widths, dropout = (5, 1, 4, 3), Dropout(0.4, [3, 8], step=2)
    whole = [dropout.mask(units, rows, float) for units in widths]
    for first in range(0, rows, at_once):
        block = dropout.for_block(first, rows)
        for units, known in zip(widths, whole, strict=True):
            part = known[..., first : first + at_once]
            np.testing.assert_array_equal(block.mask(units, part.shape[-1], float), part)


def test_what_comes_around_a_layer_is_never_left_out():
    """A residual layer whose units are all dropped has no effect: one hidden layer remains."""

    class SecondLayerOut:
        def __init__(self):
            self.masks = iter((1.0, 0.0))

        def mask(self, units, rows, dtype):
            return np.full((1, units, rows), next(self.masks))

    two, one = (
        MODELS["mlp"].function(features=4, classes=3, hidden=hidden, residual=True)
        for hidden in ((5, 5), (5,))
    )
    W, X, y = random_point(two, 31, lanes=2)
    total, gradient, _ = two.training_sums(W, X, y, SecondLayerOut())
    named = two.layout.named(W)
    shorter = np.empty((2, one.layout.size))
    for name, views in one.layout.named(shorter).items():
        views[...] = named[name.replace("layer2", "layer3")]
    expected, slope = one.sums(shorter, X, y)
    assert total == pytest.approx(expected, rel=1e-14)
    found, known = two.layout.named(gradient), one.layout.named(slope)
    for ours, theirs in (("layer1", "layer1"), ("layer3", "layer2")):
        for part in ("w", "b"):
            np.testing.assert_allclose(found[f"{ours}.{part}"], known[f"{theirs}.{part}"], 1e-12)
    assert not found["layer2.w"].any()


def test_dropout_changes_nothing_on_average():
    """E[m] = 1, so a linear network's mean score over many masks is the score without any."""
    network = MODELS["mlp"].function(features=4, classes=0, hidden=(5,), activation="identity")
    W, X, _ = random_point(network, 30, lanes=1, rows=3)
    masks = (Dropout(0.5, [0], step).mask(5, 3, float) for step in range(4000))
    (w, b, v, c) = (network.layout.named(W[0])[f"layer{k}.{n}"] for k in (1, 2) for n in "wb")
    hidden = X @ w + b
    scores = np.array([((hidden * mask[0].T) @ v + c)[:, 0] for mask in masks])
    plain = network.scores(W, X)[:, 0]
    # The standard error of each mean is measured on the draws themselves.
    assert (np.abs(scores.mean(axis=0) - plain) < 5 * scores.std(axis=0) / np.sqrt(4000)).all()


@pytest.mark.parametrize(
    ("activation", "init"),
    [
        *((name, "he") for name in ("relu", "leaky_relu", "elu", "gelu", "silu")),
        *((name, "xavier") for name in ("tanh", "sigmoid", "identity")),
        ("selu", "lecun"),
    ],
)
def test_the_start_follows_the_activation(activation, init):
    chosen = resolve({"dataset": "iris", "model": {"name": "mlp", "activation": activation}})
    assert chosen.model["init"] == init
    assert chosen.plain()["model"]["init"] == init
    other = {"name": "mlp", "activation": activation, "init": "normal"}
    assert resolve({"dataset": "iris", "model": other}).model["init"] == "normal"


def test_convex_models_start_at_zero():
    for name in ("linear", "logistic", "softmax", "svm"):
        dataset = "diabetes" if name == "linear" else "breast-cancer"
        assert resolve({"dataset": dataset, "model": name}).model["init"] == "zeros"


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("init", ["he", "he_uniform", "orthogonal"])
def test_gains_are_those_of_the_activation(activation, init):
    network = MODELS["mlp"].function(features=60, classes=10, hidden=(60,), activation=activation)
    named = network.layout.named(initial_row(network.layout, INITS[init], 1))
    gain = ACTIVATIONS[activation].gain
    # Mean squares are g²/fan_in: for orthogonal exactly, for the others with a relative deviation
    # of √(2 / 3,600) = 0.024. The last layer has no activation: √2 for he, 1 for orthogonal.
    assert (named["layer1.w"] ** 2).mean() * 60 == pytest.approx(gain**2, rel=0.12)
    last = 1.0 if init == "orthogonal" else 2.0
    assert (named["layer2.w"] ** 2).mean() * 60 == pytest.approx(last, rel=0.3)


@pytest.mark.parametrize("init", ["he", "he_uniform", "orthogonal"])
def test_a_matrix_around_a_layer_keeps_the_size_of_what_it_passes(init):
    network = MODELS["mlp"].function(features=4, classes=3, hidden=(80, 60), residual=True)
    named = network.layout.named(initial_row(network.layout, INITS[init], 1))
    # E[(Σᵢ hᵢ wᵢⱼ)²] = Σᵢ hᵢ² E[w²] is the mean of h² over the 80 units for E[w²] = 1/80. Relative
    # deviations of the mean of 4,800 squares are √(2 / 4,800) = 0.02; those of Q are 0.
    assert (named["projection2.w"] ** 2).mean() * 80 == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (["a", "b"] * 5, "classification"),
        ([0, 1, 2] * 10, "classification"),
        ([0.0, 1.5] * 10, "regression"),  # not whole
        (list(range(21)) * 4, "regression"),  # more than 20 values
        (list(range(20)) * 2, "classification"),
        ([*range(10), 3, 4, 5], "regression"),  # 13 rows for 10 values: they hardly repeat
    ],
)
def test_the_target_decides_the_task(y, task):
    assert suitable_task(table_from_arrays(np.zeros((len(y), 1)), y)) == task


@pytest.mark.parametrize(
    ("loss", "task"),
    [
        ("auto", None),
        ("cross_entropy", "classification"),
        ("mse", "regression"),
        ("mae", "regression"),
    ],
)
def test_a_loss_decides_the_task(loss, task):
    assert resolve({"dataset": "iris", "model": {"name": "mlp", "loss": loss}}).task == task


def test_widths_are_whole_numbers_however_they_are_written():
    chosen = resolve({"dataset": "iris", "model": {"name": "mlp", "hidden": [1e2, 64.0, 8]}})
    assert chosen.plain()["model"]["hidden"] == [100, 64, 8]
    for hidden in ([0], [2.5], 64, "64", [True]):
        with pytest.raises(ConfigError) as caught:
            resolve({"dataset": "iris", "model": {"name": "mlp", "hidden": hidden}})
        (problem,) = caught.value.problems
        assert problem.hint.startswith("such as hidden: [64, 32]")


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("activation", "rely", "did you mean relu?"),
        ("activation", "swoosh", "`gdrun list mlp` shows the options of mlp and their values"),
        ("activation", "Swish", "the name in gdrun is silu"),
        # The nearest spellings are xavier_normal and he_uniform, which are others.
        ("init", "xavier_uniform", "the name in gdrun is xavier"),
        ("init", "he_normal", "the name in gdrun is he"),
    ],
)
def test_a_wrong_choice_is_told_the_right_one_or_where_to_look(option, value, hint):
    with pytest.raises(ConfigError) as caught:
        resolve({"dataset": "iris", "model": {"name": "mlp", option: value}})
    (problem,) = caught.value.problems
    assert f"got {value!r}" in problem.what
    assert problem.hint == hint


def test_names_from_elsewhere_are_none_of_ours_and_lead_to_one():
    ours = {*INITS, *ACTIVATIONS, *LOSSES, *METRICS}
    assert not ours & ELSEWHERE.keys()
    assert set(ELSEWHERE.values()) <= ours


@pytest.mark.parametrize(
    "model",
    [
        {"hidden": [0]},
        {"hidden": [2.5]},
        {"dropout": 1.0},
        {"dropout": -0.1},
        {"activation": "swoosh"},
        {"loss": "hinge"},
    ],
)
def test_bad_options_are_refused(model):
    with pytest.raises(ConfigError, match=f"model.{next(iter(model))}"):
        resolve({"dataset": "iris", "model": {"name": "mlp", **model}})
