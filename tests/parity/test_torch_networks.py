"""Networks against torch.nn in double precision: activations, batch normalisation, whole steps."""

import numpy as np
import pytest
import torch
from torch import nn

from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.dropout import Dropout
from gdrun.problems.inits import INITS, initial_row
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective

pytestmark = pytest.mark.slow

TORCH = {
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(),
    "elu": nn.ELU(),
    "selu": nn.SELU(),
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
    "gelu": nn.GELU(),
    "silu": nn.SiLU(),
    "identity": nn.Identity(),
}
LOSSES = {
    "cross_entropy": nn.CrossEntropyLoss(),
    "mse": nn.MSELoss(),
    "mae": nn.L1Loss(),
    "huber": nn.HuberLoss(),
}
FEATURES, HIDDEN, CLASSES = 6, (8, 5), 4


def test_every_activation_is_held():
    assert set(TORCH) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", TORCH)
def test_activations(name):
    z = np.linspace(-5, 5, 101)
    value, slope = ACTIVATIONS[name].function(z)
    input_ = torch.tensor(z, requires_grad=True)
    output = TORCH[name](input_)
    output.sum().backward()
    assert value == pytest.approx(output.detach().numpy(), rel=1e-12, abs=1e-14)
    assert slope == pytest.approx(input_.grad.numpy(), rel=1e-12, abs=1e-13)


def torch_network(activation, outputs, *, batch_norm):
    layers, width = [], FEATURES
    for units in HIDDEN:
        layers.append(nn.Linear(width, units, bias=not batch_norm))
        layers += [nn.BatchNorm1d(units)] if batch_norm else []
        layers.append(TORCH[activation])
        width = units
    return nn.Sequential(*layers, nn.Linear(width, outputs)).double()


def by_name(network):
    """PyTorch's tensors under gdrun's names, with w as (in, out)."""
    found, number = {}, 0
    for layer in network:
        if isinstance(layer, nn.Linear):
            number += 1
            found[f"layer{number}.w"] = layer.weight.T
            if layer.bias is not None:
                found[f"layer{number}.b"] = layer.bias
        if isinstance(layer, nn.BatchNorm1d):
            found[f"layer{number}.scale"], found[f"layer{number}.shift"] = layer.weight, layer.bias
            found[f"layer{number}.running_mean"] = layer.running_mean
            found[f"layer{number}.running_variance"] = layer.running_var
    return found


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", TORCH)
def test_ten_steps_of_descent(activation, loss, batch_norm):
    classes = CLASSES if loss == "cross_entropy" else 0
    network = MODELS["mlp"].function(
        features=FEATURES,
        classes=classes,
        hidden=HIDDEN,
        activation=activation,
        batch_norm=batch_norm,
        loss=loss,
    )
    draw = np.random.default_rng(3)
    W = initial_row(network.layout, INITS["he"], 0)[None]
    running_stats = initial_row(network.stats_layout, INITS["zeros"], 0)[None]
    other = torch_network(activation, classes or 1, batch_norm=batch_norm)
    with torch.no_grad():
        for name, tensor in by_name(other).items():
            if "running" not in name:
                tensor.copy_(torch.tensor(network.layout.named(W[0])[name]))
    optimizer = torch.optim.SGD(other.parameters(), lr=0.1)
    objective = Objective(network)
    for _ in range(10):
        X = draw.normal(size=(12, FEATURES))
        y = draw.integers(0, CLASSES, 12) if classes else draw.normal(size=12)
        value, gradient, running_stats = objective.training_step(W, running_stats, X, y, None)
        W = W - 0.1 * gradient
        optimizer.zero_grad()
        scores = other(torch.tensor(X))
        output = LOSSES[loss](scores if classes else scores[:, 0], torch.tensor(y))
        output.backward()
        optimizer.step()
        assert value[0] == pytest.approx(output.item(), rel=1e-10)
    ours = network.layout.named(W[0]) | network.stats_layout.named(running_stats[0])
    for name, tensor in by_name(other).items():
        expected = tensor.detach().numpy()
        assert np.abs(ours[name] - expected).max() <= 1e-10 * max(np.abs(expected).max(), 1)
    other.eval()
    X = draw.normal(size=(9, FEATURES))
    scores = network.with_running_stats(running_stats).scores(W, X)
    scores = scores[:, 0] if classes else scores
    assert scores == pytest.approx(other(torch.tensor(X)).detach().numpy(), rel=1e-9, abs=1e-10)


class Residual(nn.Module):
    """h ← h + dropout(φ(BN(W h))) from the second hidden layer on, with P h where widths differ."""

    def __init__(self, weights, masks):
        super().__init__()
        self.weights = nn.ParameterDict(
            {name.replace(".", "_"): torch.tensor(value) for name, value in weights.items()}
        )
        self.masks = [torch.tensor(mask) for mask in masks]

    def forward(self, X):
        w, h = self.weights, X
        for k, mask in enumerate(self.masks, start=1):
            z = nn.functional.batch_norm(
                h @ w[f"layer{k}_w"],
                None,
                None,
                w[f"layer{k}_scale"],
                w[f"layer{k}_shift"],
                training=True,
            )
            added = torch.tanh(z) * mask
            around = h @ w[f"projection{k}_w"] if f"projection{k}_w" in w else h
            h = added if k == 1 else around + added
        last = f"layer{len(self.masks) + 1}"
        return h @ w[f"{last}_w"] + w[f"{last}_b"]


def test_residual_layers_with_dropout_and_batch_norm():
    """Widths that repeat and widths that differ; the loss and the gradient of every weight."""
    network = MODELS["mlp"].function(
        features=FEATURES,
        classes=CLASSES,
        hidden=(8, 8, 5),
        activation="tanh",
        residual=True,
        batch_norm=True,
    )
    draw = np.random.default_rng(4)
    W = draw.normal(size=(1, network.layout.size))
    X, y = draw.normal(size=(12, FEATURES)), draw.integers(0, CLASSES, 12)
    masks = Dropout(0.3, [5], 1)
    value, gradient, _ = Objective(network).training_step(
        W, np.empty((1, network.stats_layout.size)), X, y, Dropout(0.3, [5], 1)
    )
    named = network.layout.named(W[0])
    other = Residual(named, [masks.mask(units, 12, float)[0].T for units in network.hidden])
    output = nn.functional.cross_entropy(other(torch.tensor(X)), torch.tensor(y))
    output.backward()
    assert value[0] == pytest.approx(output.item(), rel=1e-12)
    assert "projection3.w" in named
    assert "projection2.w" not in named
    for name, slope in network.layout.named(gradient[0]).items():
        expected = other.weights[name.replace(".", "_")].grad.numpy()
        assert slope == pytest.approx(expected, rel=1e-9, abs=1e-13)


def test_dropout_scales_as_in_pytorch():
    """The masks differ, being drawn by other generators; the values in them do not."""
    torch.manual_seed(0)
    theirs = nn.Dropout(0.3)(torch.ones(40, 50, dtype=torch.float64)).numpy()
    ours = Dropout(0.3, [0], 1).mask(40, 50, float)
    assert np.unique(ours) == pytest.approx(np.unique(theirs), rel=1e-15)
