"""Schedules that PyTorch or optax have too give the same rates."""

import jax
import numpy as np
import optax
import pytest
import torch
from torch.optim import lr_scheduler

from gdrun.methods.schedules import SCHEDULES, Memory, betas, rates

pytestmark = pytest.mark.slow
jax.config.update("jax_enable_x64", True)

LENGTH = 50
TIMES = np.arange(float(LENGTH))


def ours(name, *, lr=0.4, length=LENGTH, times=TIMES, warmup=0.0, **options):
    entry = SCHEDULES[name]
    given = entry.defaults | options
    found = rates(entry, times, np.array([lr]), length=float(length), options=given, warmup=warmup)
    return found[:, 0]


def pytorchs(make, *, lr=0.4, count=LENGTH, momentum=0.9):
    """The rate and the momentum of each of the first steps."""
    weight = torch.zeros(1, requires_grad=True)
    walker = torch.optim.SGD([weight], lr=lr, momentum=momentum)
    scheduler = make(walker)
    seen = []
    for _ in range(count):
        group = walker.param_groups[0]
        seen.append((group["lr"], group["momentum"]))
        walker.step()
        scheduler.step()
    return np.array(seen).T


PYTORCH = {
    "step": (
        {"gamma": 0.3, "drop_every": 7.0},
        lambda walker: lr_scheduler.StepLR(walker, 7, gamma=0.3),
    ),
    "multistep": (
        {"milestones": (5.0, 20.0)},
        lambda walker: lr_scheduler.MultiStepLR(walker, [5, 20]),
    ),
    "exponential": (
        {"decay": 0.1},
        lambda walker: lr_scheduler.ExponentialLR(walker, np.exp(-0.1)),
    ),
    "polynomial": (
        {"power": 0.9},
        lambda walker: lr_scheduler.PolynomialLR(walker, LENGTH, power=0.9),
    ),
    "linear": (
        {"start": 0.25, "end": 0.75},
        lambda walker: lr_scheduler.LinearLR(walker, 0.25, 0.75, total_iters=LENGTH),
    ),
    "cosine": (
        {"lr_min": 0.01},
        lambda walker: lr_scheduler.CosineAnnealingLR(walker, LENGTH, eta_min=0.01),
    ),
    "cosine_restarts": (
        {"period": 4.0, "growth": 2, "lr_min": 0.01},
        lambda walker: lr_scheduler.CosineAnnealingWarmRestarts(walker, 4, 2, eta_min=0.01),
    ),
}


@pytest.mark.parametrize("name", PYTORCH)
def test_the_rates_are_pytorchs(name):
    options, make = PYTORCH[name]
    theirs, _ = pytorchs(make)
    np.testing.assert_allclose(ours(name, **options), theirs, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_the_cycles_are_pytorchs(mode):
    theirs, _ = pytorchs(
        lambda walker: lr_scheduler.CyclicLR(
            walker, 0.1, 0.4, step_size_up=5, mode=mode, gamma=0.9, cycle_momentum=False
        )
    )
    found = ours("cyclic", half_cycle=5.0, mode=mode, gamma=0.9)
    np.testing.assert_allclose(found, theirs, rtol=1e-10)


@pytest.mark.parametrize("anneal", ["cosine", "linear"])
def test_the_one_cycle_is_pytorchs_one_step_later(anneal):
    # PyTorch ends at step T − 1 and peaks at step rT − 1: a T of one less, and a rise to match.
    theirs, momenta = pytorchs(
        lambda walker: lr_scheduler.OneCycleLR(
            walker,
            0.4,
            total_steps=LENGTH,
            pct_start=0.3,
            anneal_strategy=anneal[:6].replace("cosine", "cos"),
        )
    )
    last = LENGTH - 1
    options = {"rise": (0.3 * LENGTH - 1) / last, "anneal": anneal}
    found = ours("one_cycle", length=last, **options)
    np.testing.assert_allclose(found, theirs, rtol=1e-10, atol=1e-12)
    entry = SCHEDULES["one_cycle"]
    beta = betas(entry, TIMES, length=float(last), options=entry.defaults | options)
    np.testing.assert_allclose(np.ravel(beta), momenta, rtol=1e-10)


def test_the_plateaus_are_pytorchs():
    random = np.random.default_rng(4)
    losses = np.round(np.exp(-np.arange(300) / 40) + 0.02 * random.normal(size=300), 3)
    losses[100] = np.nan
    options = {"patience": 3, "threshold": 0.01, "cooldown": 2, "factor": 0.7, "lr_min": 1e-3}
    entry = SCHEDULES["plateau"]
    given = entry.defaults | options
    weight = torch.zeros(1, requires_grad=True)
    walker = torch.optim.SGD([weight], lr=0.4)
    scheduler = lr_scheduler.ReduceLROnPlateau(
        walker, factor=0.7, patience=3, threshold=0.01, cooldown=2, min_lr=1e-3, eps=0.0
    )
    memory, lr = Memory.start(1), np.array([0.4])
    for loss in losses:
        scheduler.step(loss)
        memory = entry.watched(memory, np.array([loss]), given)
        found = rates(entry, np.zeros(1), lr, options=given, drops=memory.drops)
        assert found[0, 0] == pytest.approx(walker.param_groups[0]["lr"], rel=1e-12)
    assert memory.drops[0] > 10


def test_the_join_is_pytorchs_sequence():
    theirs, _ = pytorchs(
        lambda walker: lr_scheduler.SequentialLR(
            walker,
            [
                lr_scheduler.LinearLR(walker, 0.25, 1.0, total_iters=10),
                lr_scheduler.CosineAnnealingLR(walker, LENGTH - 10),
            ],
            milestones=[10],
        )
    )
    linear = SCHEDULES["linear"].defaults | {"start": 0.25, "end": 1.0}
    found = ours("join", parts=(Part("linear", linear), "cosine"), at=(10.0,))
    np.testing.assert_allclose(found, theirs, rtol=1e-10)


class Part:
    def __init__(self, name, options):
        self.name, self.options = name, options


OPTAX = {
    "step": (
        {"gamma": 0.3, "drop_every": 7.0},
        optax.exponential_decay(0.4, 7, 0.3, staircase=True),
    ),
    "multistep": (
        {"milestones": (5.0, 20.0)},
        optax.piecewise_constant_schedule(0.4, {5: 0.1, 20: 0.1}),
    ),
    "exponential": ({"decay": 0.1}, optax.exponential_decay(0.4, 1, np.exp(-0.1))),
    "polynomial": ({"power": 0.9}, optax.polynomial_schedule(0.4, 0.0, 0.9, LENGTH)),
    "linear": ({"start": 0.25, "end": 0.75}, optax.linear_schedule(0.1, 0.3, LENGTH)),
    "cosine": ({"lr_min": 0.01}, optax.cosine_decay_schedule(0.4, LENGTH, alpha=0.025)),
    "cosine_restarts": (
        {"period": 10.0, "growth": 2},
        optax.sgdr_schedule(
            [
                {"init_value": 0.4, "peak_value": 0.4, "decay_steps": steps, "warmup_steps": 0}
                for steps in (10, 20, 40)
            ]
        ),
    ),
    "one_cycle": ({}, optax.cosine_onecycle_schedule(LENGTH, 0.4, 0.3)),
}


@pytest.mark.parametrize("name", OPTAX)
def test_the_rates_are_optaxs(name):
    options, theirs = OPTAX[name]
    wanted = [float(theirs(int(t))) for t in TIMES]
    np.testing.assert_allclose(ours(name, **options), wanted, rtol=1e-10, atol=1e-15)


def test_warm_up_before_a_cosine_is_optaxs():
    # optax counts the warm-up within decay_steps, as T = length − n does.
    theirs = optax.warmup_cosine_decay_schedule(0.0, 0.4, 10, LENGTH)
    wanted = [float(theirs(int(t))) for t in TIMES]
    np.testing.assert_allclose(ours("cosine", warmup=10.0), wanted, rtol=1e-10, atol=1e-15)
