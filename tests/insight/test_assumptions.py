"""The verdicts on the assumptions of theory: what fails is disproved, and the rest is unknown."""

import pytest

from gdrun.config.loading import load
from gdrun.insight import kinked_minimum
from gdrun.insight.theory import theory_of
from gdrun.problems import smoothness

pytestmark = pytest.mark.usefixtures("registries")

LOSS = '''
import numpy as np
from gdrun import Positive, loss

@DECORATOR
def mine(s, y, scale: Positive = 1.0):
    """A loss of the error r = s − y.

    ℓ = VALUE
    """
    r = (s - y) / scale
    return VALUE, (SLOPE) / scale
'''

LOGCOSH = "np.logaddexp(r, -r) - np.log(2)", "np.tanh(r)"
"""Its curvature is 1 − tanh² r: at most 1, and 0 far from the minimum."""

STEEP = "r * r / 2 + np.logaddexp(r, -r) - np.log(2)", "r + np.tanh(r)"
"""Its curvature is between 1 and 2."""

CAUCHY = "np.log1p(r * r) / 2", "r / (1 + r * r)"
"""Its curvature is (1 − r²)/(1 + r²)²: negative where |r| > 1."""


def text(decorator, equation):
    value, slope = equation
    return LOSS.replace("DECORATOR", decorator).replace("VALUE", value).replace("SLOPE", slope)


def theory(*words, **sections):
    config = {"dataset": "diabetes", "model": "linear", "variant": "bgd", "optimizer": "vanilla"}
    return theory_of(load(config | sections, words))


def verdicts(found):
    """Whether the objective is convex, smooth and strongly convex, and its minimum attained."""
    return [each.holds for each in found.assumptions if not each.of_run]


ALL_PENALISED = ("l2=0.001", "model.bias=false")


@pytest.mark.parametrize(
    ("equation", "words", "expected"),
    [
        (LOGCOSH, (), [True, None, False, None]),
        (LOGCOSH, ALL_PENALISED, [True, None, True, True]),
        (LOGCOSH, ("l2=0.001",), [True, None, False, None]),
        (STEEP, (), [True, None, None, None]),
        (STEEP, ALL_PENALISED, [True, None, True, True]),
    ],
)
def test_a_convex_loss_without_a_declared_curvature(plugin, equation, words, expected):
    plugin(text("loss", equation))
    assert verdicts(theory("loss=mine", *words)) == expected


def test_a_loss_with_curvature_everywhere_may_be_strongly_convex(plugin):
    plugin(text("loss(curvature=lambda outputs, scale: 2 / scale**2)", STEEP))
    found = theory("loss=mine")
    assert verdicts(found) == [True, True, None, True]
    assert found.constants.mu is None
    (strong,) = (each for each in found.assumptions if each.name == "strongly convex")
    assert strong.change == "l2=0.001 model.bias=false"
    assert verdicts(theory("loss=mine", *strong.change.split())) == [True] * 4


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        # The targets are about 150, so that at weights of 0 all errors are far above the scale.
        (1.0, [False, None, False, None]),
        # All errors are below the scale: no curvature at the start is negative.
        (1000.0, [None, None, None, None]),
    ],
)
def test_a_loss_that_is_not_convex_leaves_open_whether_f_is(plugin, scale, expected):
    plugin(text("loss(convex=False)", CAUCHY))
    found = theory("loss=mine", f"model.scale={scale}")
    assert verdicts(found) == expected
    # l2 grows in every direction, so that f is smallest somewhere.
    penalised = theory("loss=mine", f"model.scale={scale}", *ALL_PENALISED)
    assert verdicts(penalised)[-1] is True


def test_the_negative_curvature_at_the_start_is_named(plugin):
    plugin(text("loss(convex=False)", CAUCHY))
    first = theory("loss=mine").assumptions[0]
    assert first.why.startswith("f has the curvature -")


def test_data_that_are_too_large_for_a_minimum_have_one(monkeypatch):
    monkeypatch.setattr(kinked_minimum, "MOST_NUMBERS", 1)
    found = theory("loss=mae")
    assert found.minimum is None
    assert verdicts(found) == [True, False, False, True]


def test_too_many_columns_leave_strong_convexity_unknown(monkeypatch):
    monkeypatch.setattr(smoothness, "MOST_COLUMNS", 1)
    found = theory()
    assert verdicts(found) == [True, True, None, True]
    change = next(each.change for each in found.assumptions if each.name == "strongly convex")
    assert verdicts(theory(*change.split())) == [True] * 4


def test_a_network_without_hidden_layers_is_convex():
    # It is softmax regression; with a hidden layer it is not convex.
    network = {"name": "mlp", "hidden": []}
    assert verdicts(theory(dataset="iris", model=network)) == [True, None, None, None]
    network["hidden"] = [4]
    assert verdicts(theory(dataset="iris", model=network)) == [False, False, False, None]
