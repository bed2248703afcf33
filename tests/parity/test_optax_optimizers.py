"""Every rule that optax has gives the same weights as in optax, step by step, with mapped options.

Rprop is only compared with PyTorch, because optax makes each step one iteration late. If optax adds
ε at another place, both use an ε that is too small to matter (1e-30), so that the rest of the
formula is compared. The place of ε is tested by the comparison with PyTorch and by the loops
written from the papers.
"""

import jax
import numpy as np
import optax
import pytest
from methods.walks import PROBLEMS, STEPS, path, start_point

pytestmark = pytest.mark.slow
jax.config.update("jax_enable_x64", True)

TINY = 1e-30

# (rule, its options, what its slots start at where that differs, optax's optimizer)
SAME = [
    ("vanilla", {"lr": 0.3}, {}, optax.sgd(0.3)),
    ("momentum", {"lr": 0.05}, {}, optax.sgd(0.05, momentum=0.9)),
    ("nesterov", {"lr": 0.05}, {}, optax.sgd(0.05, momentum=0.9, nesterov=True)),
    ("adagrad", {"lr": 0.3, "initial": 0.1, "eps": TINY}, {}, optax.adagrad(0.3, eps=TINY)),
    ("adadelta", {}, {}, optax.adadelta(1.0)),
    ("rmsprop", {}, {}, optax.rmsprop(0.01, eps_in_sqrt=False)),
    (
        "rmsprop",
        {"lr": 1e-3, "momentum": 0.9, "eps": 1e-4},
        {},
        optax.rmsprop(1e-3, momentum=0.9, eps=1e-4, eps_in_sqrt=False),
    ),
    (
        "rmsprop",
        # On a steady gradient v − m² is all rounding; this ε keeps it from deciding the step.
        {"centered": True, "eps": 1e-2},
        {},
        optax.rmsprop(0.01, centered=True, eps=1e-2, eps_in_sqrt=False),
    ),
    ("adam", {"lr": 0.1}, {}, optax.adam(0.1)),
    ("adamax", {"lr": 0.1}, {}, optax.adamax(0.1)),
    # 0.96 to the power of ψt is 0 at once, so μ is β₁ throughout, as optax has it.
    ("nadam", {"lr": 0.1, "momentum_decay": 1e6}, {}, optax.nadam(0.1)),
    ("adamw", {"lr": 0.1, "weight_decay": 0.3}, {}, optax.adamw(0.1, weight_decay=0.3)),
    ("radam", {"lr": 0.1, "eps": TINY}, {}, optax.radam(0.1, eps=TINY)),
    (
        "radam",
        {"lr": 0.1, "eps": TINY, "threshold": 8.0},
        {},
        optax.radam(0.1, eps=TINY, threshold=8.0),
    ),
    ("adabelief", {"lr": 0.1}, {}, optax.adabelief(0.1)),
    ("adabelief", {"eps": 1e-3}, {}, optax.adabelief(1e-3, eps=1e-3, eps_root=1e-3)),
    # optax starts the first moment at the second's initial value.
    ("yogi", {}, {"m": np.full(7, 1e-6)}, optax.yogi(0.01)),
    ("lion", {"lr": 0.01}, {}, optax.lion(0.01, weight_decay=0.0)),
    ("lion", {"weight_decay": 0.3}, {}, optax.lion(1e-4, weight_decay=0.3)),
    ("lars", {}, {}, optax.lars(1.0)),
    (
        "lars",
        {"lr": 0.1, "trust": 0.02, "beta": 0.5, "eps": 0.1},
        {},
        optax.lars(0.1, trust_coefficient=0.02, momentum=0.5, eps=0.1),
    ),
    ("lamb", {"lr": 0.01}, {}, optax.lamb(0.01)),
    ("lamb", {"weight_decay": 0.3, "eps": 1e-3}, {}, optax.lamb(1e-3, weight_decay=0.3, eps=1e-3)),
]


def optax_path(gradient, optimizer):
    """The weights and the bias are two tensors, as their norms are taken one by one."""
    row = start_point()
    point = (row[:-1], row[-1:])
    state = optimizer.init(point)
    update = jax.jit(optimizer.update)
    points = [row]
    for _ in range(STEPS):
        slope = gradient(points[-1])
        change, state = update((slope[:-1], slope[-1:]), state, point)
        point = optax.apply_updates(point, change)
        points.append(np.concatenate(point))
    return np.array(points)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(("rule", "options", "slots", "optimizer"), SAME)
def test_the_path_is_optaxs(problem, rule, options, slots, optimizer):
    gradient = PROBLEMS[problem]
    ours = path(rule, gradient, options=options, slots=slots)
    theirs = optax_path(gradient, optimizer)
    assert np.abs(ours[-1] - ours[0]).max() > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10 * np.abs(theirs).max())


@pytest.mark.parametrize("problem", PROBLEMS)
def test_amsgrad_without_any_bias_correction_is_the_papers_in_both(problem):
    # Without the corrections (t → ∞) the two agree on the divisor, max over v. Scaling α by
    # (1 − β₁ᵗ) / √(1 − β₂ᵗ) takes our corrections out, up to ε, which is made too small to matter.
    gradient = PROBLEMS[problem]
    uncorrected = optax.chain(
        optax.scale_by_amsgrad(bias_correction_mu=False, bias_correction_nu=False, eps=TINY),
        optax.scale_by_schedule(
            lambda count: -0.1 * (1 - 0.999 ** (count + 1)) ** 0.5 / (1 - 0.9 ** (count + 1))
        ),
    )
    ours = path("amsgrad", gradient, options={"lr": 0.1, "eps": TINY})
    theirs = optax_path(gradient, uncorrected)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10 * np.abs(theirs).max())
