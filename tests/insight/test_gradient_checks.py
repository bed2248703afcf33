"""The gradient check passes what is right, and finds what is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from gdrun.insight import gradcheck
from gdrun.insight.gradcheck import check_gradient
from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.linear import LinearModel
from gdrun.spec.experiment import resolve
from gdrun.views.gradcheck import gradient_data, verdict_line

NETWORK = {"name": "mlp", "hidden": [6, 4], "l2": 0.1}


def experiment(model, dataset="iris", **sections):
    return resolve({"dataset": dataset, "model": model, **sections})


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_activation_passes(activation, dtype):
    model = NETWORK | {"activation": activation, "batch_norm": True, "dropout": 0.3}
    check = check_gradient(experiment(model | {"residual": True}, dtype=dtype))
    assert check.passed, gradient_data(check)
    names = ["layer1.w", "layer1.scale", "layer1.shift", "layer2.w", "layer2.scale"]
    names += ["layer2.shift", "layer3.w", "layer3.b", "projection2.w"]
    assert [tensor.name for tensor in check.tensors] == names


@pytest.mark.parametrize(
    ("model", "dataset"),
    [
        ("softmax", "iris"),
        ("svm", "iris"),
        ({"name": "svm", "loss": "squared_hinge"}, "wine"),
        ("logistic", "breast-cancer"),
        ("linear", "diabetes"),
        ({"name": "linear", "loss": "mae"}, "diabetes"),
        ({"name": "linear", "loss": "huber", "l2": 0.5}, "diabetes"),
        ("mlp", "diabetes"),
    ],
    ids=str,
)
@pytest.mark.parametrize("variant", ["bgd", "mbgd"])
def test_every_model_passes(model, dataset, variant):
    assert check_gradient(experiment(model, dataset, variant=variant)).passed


def test_a_surface_passes():
    assert check_gradient(resolve({"surface": {"name": "himmelblau", "noise": 0.5}})).passed


def test_a_deep_network_of_relu_passes_between_its_kinks():
    assert check_gradient(experiment({"name": "mlp", "hidden": [20] * 6}, "digits")).passed


def test_a_wrong_slope_is_found(monkeypatch):
    right = ACTIVATIONS["tanh"]

    def bent(z):
        value, slope = right.function(z)
        return value, 1.001 * slope

    monkeypatch.setitem(ACTIVATIONS, "tanh", replace(right, function=bent))
    check = check_gradient(experiment(NETWORK | {"activation": "tanh"}))
    assert not check.passed
    # The last layer lies behind every slope, so its own gradient stays right.
    wrong = [tensor.name for tensor in check.tensors if not tensor.passed]
    assert wrong == ["layer1.w", "layer1.b", "layer2.w", "layer2.b"]
    sentence = verdict_line(check).plain
    assert sentence.startswith("the gradient of layer1.w, layer1.b, layer2.w, layer2.b disagrees")
    # Two factors of 1.001 on layer 1 and one on layer 2, of the data's part of the gradient.
    assert check.tensors[0].error > 1e-3 * 0.9


def test_a_gradient_of_nan_is_wrong(monkeypatch):
    sums = LinearModel.sums

    def broken(self, W, X, y):
        value, gradient = sums(self, W, X, y)
        return value, gradient * np.nan

    monkeypatch.setattr(LinearModel, "sums", broken)
    assert not check_gradient(experiment("softmax")).passed


def test_a_large_tensor_is_sampled():
    check = check_gradient(experiment({"name": "mlp", "hidden": [30]}, "digits"))
    # digits has 64 features and 10 classes: 64 · 30 and 30 · 10 weights are above 100.
    known = {tensor.name: (tensor.entries, tensor.checked) for tensor in check.tensors}
    assert known == {
        "layer1.w": (1920, 100),
        "layer1.b": (30, 30),
        "layer2.w": (300, 100),
        "layer2.b": (10, 10),
    }
    assert check.rows == gradcheck.MOST_ROWS


def test_one_example_is_checked_on_one():
    assert check_gradient(experiment("softmax", variant="sgd")).rows == 1
