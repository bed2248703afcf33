"""Every rule that PyTorch has gives the same weights as in PyTorch, step by step, in float64.

The options are mapped. Each library computes its own weights; only the gradient function is shared.
The bound, 1e-10 of the largest weight, allows for the growth of rounding errors over 200 steps.
"""

import numpy as np
import pytest
import torch
from methods.walks import PROBLEMS, STEPS, path, start_point

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def double_precision():
    """PyTorch keeps NAdam's product of momenta in its default type."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


# (rule, its options, PyTorch's optimizer, its options)
SAME = [
    ("vanilla", {"lr": 0.3}, "SGD", {"lr": 0.3}),
    ("momentum", {"lr": 0.05}, "SGD", {"lr": 0.05, "momentum": 0.9}),
    ("nesterov", {"lr": 0.05}, "SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("adagrad", {"lr": 0.3}, "Adagrad", {"lr": 0.3}),
    (
        "adagrad",
        {"lr": 0.3, "initial": 0.1, "eps": 1e-3},
        "Adagrad",
        {"lr": 0.3, "initial_accumulator_value": 0.1, "eps": 1e-3},
    ),
    ("adadelta", {}, "Adadelta", {}),
    ("adadelta", {"lr": 0.5, "rho": 0.95}, "Adadelta", {"lr": 0.5, "rho": 0.95}),
    ("rmsprop", {"beta": 0.99}, "RMSprop", {}),
    (
        "rmsprop",
        {"lr": 1e-3, "momentum": 0.9, "centered": True, "eps": 1e-4},
        "RMSprop",
        {"lr": 1e-3, "momentum": 0.9, "centered": True, "eps": 1e-4, "alpha": 0.9},
    ),
    ("adam", {}, "Adam", {}),
    (
        "adam",
        {"lr": 0.1, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3},
        "Adam",
        {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3},
    ),
    ("adamax", {}, "Adamax", {}),
    ("adamax", {"lr": 0.1, "eps": 1e-2}, "Adamax", {"lr": 0.1, "eps": 1e-2}),
    ("nadam", {}, "NAdam", {}),
    (
        "nadam",
        {"lr": 0.1, "momentum_decay": 1.0},
        "NAdam",
        {"lr": 0.1, "momentum_decay": 1.0},
    ),
    ("amsgrad", {"lr": 0.1}, "Adam", {"lr": 0.1, "amsgrad": True}),
    ("adamw", {}, "AdamW", {}),
    ("adamw", {"lr": 0.1, "weight_decay": 0.3}, "AdamW", {"lr": 0.1, "weight_decay": 0.3}),
    ("radam", {"lr": 0.1}, "RAdam", {"lr": 0.1}),
    ("radam", {"beta2": 0.9, "eps": 1e-3}, "RAdam", {"betas": (0.9, 0.9), "eps": 1e-3}),
    ("rprop", {}, "Rprop", {}),
    (
        "rprop",
        {"lr": 0.1, "eta_minus": 0.4, "eta_plus": 1.3, "step_min": 1e-2, "step_max": 0.5},
        "Rprop",
        {"lr": 0.1, "etas": (0.4, 1.3), "step_sizes": (1e-2, 0.5)},
    ),
]


def torch_path(gradient, optimizer, options):
    point = torch.tensor(start_point(), requires_grad=True)
    walker = getattr(torch.optim, optimizer)([point], **options)
    points = [point.detach().numpy().copy()]
    for _ in range(STEPS):
        point.grad = torch.from_numpy(gradient(points[-1]))
        walker.step()
        points.append(point.detach().numpy().copy())
    return np.array(points)


def assert_same_path(ours, theirs):
    assert np.abs(ours[-1] - ours[0]).max() > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10 * np.abs(theirs).max())


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(("rule", "options", "optimizer", "their_options"), SAME)
def test_the_path_is_pytorchs(problem, rule, options, optimizer, their_options):
    gradient = PROBLEMS[problem]
    theirs = torch_path(gradient, optimizer, their_options)
    assert_same_path(path(rule, gradient, options=options), theirs)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_dampened_momentum_once_the_first_gradient_is_left_undamped(problem):
    gradient = PROBLEMS[problem]
    # PyTorch's first v is g. Ours is βv₀ + (1 − δ)g, so v₀ = δg/β makes it the same.
    first = 0.5 * gradient(start_point()) / 0.9
    ours = path("momentum", gradient, options={"lr": 0.05, "dampening": 0.5}, slots={"v": first})
    theirs = torch_path(gradient, "SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.5})
    assert_same_path(ours, theirs)
