"""Averaged weights under batch normalisation, against torch.optim.swa_utils over a whole run."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, update_bn

import gdrun
from gdrun.config.resolving import resolve
from gdrun.engine.build import cohort_of
from gdrun.runs.experiment_data import experiment_data

pytestmark = pytest.mark.slow

HIDDEN, BATCH, EPOCHS, LR = (12, 7), 50, 3, 0.2


def config(average):
    return {
        "dataset": "digits",
        "model": {"name": "mlp", "hidden": list(HIDDEN), "activation": "tanh", "batch_norm": True},
        "variant": {"name": "mbgd", "batch_size": BATCH},
        "optimizer": {"name": "vanilla", "lr": LR, "average": average},
        "stopping": {"epochs": EPOCHS},
        "engine": "numpy",
    }


def torch_network(start):
    """The network in PyTorch, from these weights by name."""
    layers, width = [], 64
    for k, units in enumerate(HIDDEN, start=1):
        affine = nn.Linear(width, units, bias=False)
        affine.weight.data = torch.tensor(start[f"layer{k}.w"].T.copy())
        layers += [affine, nn.BatchNorm1d(units), nn.Tanh()]
        width = units
    last = nn.Linear(width, 10)
    last.weight.data = torch.tensor(start["layer3.w"].T.copy())
    last.bias.data = torch.tensor(start["layer3.b"].copy())
    return nn.Sequential(*layers, last).double()


def debiased(mean, w, count):
    """An ema with the shares δ^(t−k) of δ = 0.9; PyTorch's own keeps δᵗ of the first weights."""
    return mean + (w - mean) * 0.1 / (1 - 0.9 ** (int(count) + 1))


@pytest.mark.parametrize(
    ("average", "averaging"),
    [("polyak", None), ({"name": "ema", "decay": 0.9}, debiased)],
    ids=["polyak", "ema"],
)
def test_averages_are_judged_and_delivered_with_statistics_of_their_own(average, averaging):
    chosen = resolve(config(average))
    data = experiment_data(chosen)
    cohort = cohort_of([chosen], data)
    network = torch_network(cohort.model.layout.named(cohort.initial_weights()[0]))
    averaged = AveragedModel(network, avg_fn=averaging)
    optimizer = torch.optim.SGD(network.parameters(), lr=LR)
    X, y = torch.tensor(data.train.X), torch.tensor(data.train.y)
    held_out, targets = torch.tensor(data.validation.X), torch.tensor(data.validation.y)
    losses = []
    for epoch in range(EPOCHS):
        order = torch.tensor(cohort.batching.order(chosen.seed, epoch))
        network.train()
        for chunk in order.split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(X[chunk]), y[chunk]).backward()
            optimizer.step()
            averaged.update_parameters(network)
        update_bn([X], averaged)  # in one batch of all rows
        averaged.eval()
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(averaged(held_out), targets).item())
    run = gdrun.train(config(average))
    assert run.evals["validation_loss"][1:] == pytest.approx(losses, rel=1e-9)
    for k, place in ((1, 1), (2, 4)):
        norm = averaged.module[place]
        for name, tensor in (
            ("scale", norm.weight),
            ("shift", norm.bias),
            ("running_mean", norm.running_mean),
            ("running_variance", norm.running_var),
        ):
            expected = tensor.detach().numpy()
            assert np.abs(run.weights[f"layer{k}.{name}"] - expected).max() <= 1e-9
