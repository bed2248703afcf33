"""The gradient check accepts right gradients, and finds wrong ones."""

from dataclasses import replace

import numpy as np
import pytest

from gdrun.config.resolving import resolve
from gdrun.insight import gradient_check
from gdrun.insight.gradient_check import check_gradient
from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.linear import LinearModel
from gdrun.problems.surfaces import SURFACES
from gdrun.views.gradcheck_table import gradient_data, verdict_line

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


@pytest.mark.slow
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "mae", "huber"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_network_passes(activation, loss, residual, batch_norm):
    shape = {"loss": loss, "residual": residual, "batch_norm": batch_norm}
    dataset = "iris" if loss == "cross_entropy" else "linear"
    model = NETWORK | {"activation": activation} | shape
    # Seed 0 has as many residuals above zero as below, so that slopes of mae cancel.
    check = check_gradient(experiment(model, dataset, seed=1))
    assert check.passed, gradient_data(check)
    assert max(tensor.error for tensor in check.tensors) < 1e-6
    # The normalisation of a layer removes any shift by a layer of identities before it.
    lost = ["layer1.shift"] if activation == "identity" and batch_norm and not residual else []
    assert [tensor.name for tensor in check.tensors if not tensor.checkable] == lost


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


@pytest.mark.parametrize("surface", SURFACES)
def test_every_surface_passes(surface):
    check = check_gradient(resolve({"surface": {"name": surface, "noise": 0.5}}))
    assert check.passed
    assert check.checkable


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
    # The gradient of the last layer does not use these slopes, so it stays right.
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
    assert check.rows == gradient_check.MOST_ROWS


def test_a_gradient_below_the_rounding_of_differences_is_not_called_right():
    """Ten sigmoids leave the first layer 1e-13 of a gradient; halving it there changes nothing."""
    model = {"name": "mlp", "hidden": [8] * 10, "activation": "sigmoid", "init": "normal"}
    check = check_gradient(experiment(model, "digits"))
    assert check.passed
    assert not check.checkable
    checkable = [tensor.name for tensor in check.tensors if tensor.checkable]
    assert "layer1.w" not in checkable
    assert {"layer10.w", "layer11.w"} <= set(checkable)
    # A gradient can be checked to three digits where the rounding of its differences is at most a
    # thousandth of it: about ε L / h ≈ 2e-16 · 2.3 / 1e-5 = 5e-11, with a safety factor of 8.
    for tensor in check.tensors:
        large = tensor.largest >= 1000 * 8 * 5.1e-11
        assert tensor.checkable == large or 3e-7 < tensor.largest < 6e-7
    assert "where it is large enough to check" in verdict_line(check).plain
    assert gradient_data(check)["weights"][0]["told"] is False


def test_copies_of_the_weights_are_few_where_they_are_large(monkeypatch):
    """iris through 20 units is 4 · 20 + 20 + 20 · 3 + 3 = 163 numbers: three copies make 489."""
    chosen = experiment({"name": "mlp", "hidden": [20]})
    expected = check_gradient(chosen)
    seen = []
    at = gradient_check._at

    def watched(cohort, batch, W):
        seen.append(len(W))
        return at(cohort, batch, W)

    monkeypatch.setattr(gradient_check, "_at", watched)
    for most, copies in ((2**22, 64), (489, 3), (488, 2), (100, 1)):
        monkeypatch.setattr(gradient_check, "MOST_NUMBERS", most)
        seen.clear()
        check = check_gradient(chosen)
        assert max(seen) == copies
        assert check.passed
        assert [t.largest for t in check.tensors] == [t.largest for t in expected.tensors]


def test_one_example_is_checked_on_one():
    assert check_gradient(experiment("softmax", variant="sgd")).rows == 1
