"""Hessians of networks, and their products with vectors, against torch.autograd.functional."""

import numpy as np
import pytest
import torch
from torch.autograd.functional import hessian, hvp
from torch.nn import functional

from gdrun.problems.curvature import dense_hessian, extreme_curvatures, hessian_product
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective

pytestmark = pytest.mark.slow

ROWS, FEATURES, CLASSES = 15, 3, 3

ACTIVATIONS = {
    "relu": torch.relu,
    "leaky_relu": lambda z: functional.leaky_relu(z, 0.01),
    "elu": functional.elu,
    "selu": functional.selu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "identity": lambda z: z,
}
LOSSES = {
    "cross_entropy": functional.cross_entropy,
    "mse": lambda scores, y: ((scores[:, 0] - y) ** 2).mean(),
    "huber": lambda scores, y: functional.huber_loss(scores[:, 0], y),
}


def network(activation, loss, l2, hidden=(4, 3), batch_norm=False):
    """Objective, data, random weights (P,), and the same objective for PyTorch."""
    rng = np.random.default_rng(5)
    classes = CLASSES if loss == "cross_entropy" else 0
    model = MODELS["mlp"].function(
        FEATURES, classes, hidden=hidden, activation=activation, loss=loss, batch_norm=batch_norm
    )
    X = rng.normal(size=(ROWS, FEATURES))
    y = rng.integers(CLASSES, size=ROWS) if classes else rng.normal(size=ROWS)
    w = 0.7 * rng.normal(size=model.layout.size)
    places = model.layout.named(np.arange(model.layout.size))

    def value(row):
        parts = {name: row[torch.tensor(place)] for name, place in places.items()}
        h = torch.tensor(X)
        penalty = 0.0
        for number in range(1, len(hidden) + 2):
            weights = parts[f"layer{number}.w"]
            penalty = penalty + (weights**2).sum()
            h = h @ weights.reshape(h.shape[1], -1)
            if f"layer{number}.b" in parts:
                h = h + parts[f"layer{number}.b"]
            if f"layer{number}.scale" in parts:
                mean, variance = h.mean(dim=0), h.var(dim=0, unbiased=False)
                h = (h - mean) / torch.sqrt(variance + 1e-5)
                h = parts[f"layer{number}.scale"] * h + parts[f"layer{number}.shift"]
            if number <= len(hidden):
                h = ACTIVATIONS[activation](h)
        return LOSSES[loss](h, torch.tensor(y)) + l2 / 2 * penalty

    return Objective(model, l2), X, model.encode(y), w, value


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_products_with_the_hessian(activation, loss, batch_norm):
    objective, X, y, w, value = network(activation, loss, 0.05, batch_norm=batch_norm)
    assert objective.value_and_gradient(w[None], X, y)[0][0] == pytest.approx(
        value(torch.tensor(w)).item(), rel=1e-12
    )
    v = np.random.default_rng(6).normal(size=len(w))
    _, expected = hvp(value, torch.tensor(w), torch.tensor(v))
    found = hessian_product(objective, w, X, y, v)
    scale = expected.abs().max().item()
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=1e-11 * scale)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_extreme_eigenvalues(activation, loss):
    objective, X, y, w, value = network(activation, loss, 0.0, hidden=(6,))
    values = np.linalg.eigvalsh(hessian(value, torch.tensor(w)).numpy())
    found = extreme_curvatures(objective, w, X, y, tolerance=1e-8)
    assert found.largest == pytest.approx(values[-1], rel=1e-6)
    assert found.smallest == pytest.approx(values[0], abs=1e-6 * np.abs(values).max())


@pytest.mark.parametrize("classes", [2, 4])
def test_the_whole_hessian_of_softmax_regression(classes):
    rng = np.random.default_rng(classes)
    X, y = rng.normal(size=(ROWS, FEATURES)), rng.integers(classes, size=ROWS)
    model = MODELS["softmax"].function(FEATURES, classes, bias=False)
    w = rng.normal(size=model.layout.size)
    expected = hessian(
        lambda row: functional.cross_entropy(
            torch.tensor(X) @ row.reshape(classes, FEATURES).T, torch.tensor(y)
        ),
        torch.tensor(w),
    )
    found = dense_hessian(Objective(model), w, model.design(X), model.encode(y))
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=1e-14)
