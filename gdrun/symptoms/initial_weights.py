"""Initial weights from which a network cannot learn: all equal to 0, or far too large."""

from __future__ import annotations

import math

from gdrun.quantities import contrasted, quantity
from gdrun.symptoms import changes
from gdrun.symptoms.facts import Remedy, Symptom, Traced
from gdrun.symptoms.wording import predicted

FAR_ABOVE = 10.0
"""The first loss is far above that of a constant prediction from this multiple of it on."""

TOO_WIDE = 3.0
"""Initial weights are too large from this multiple of the standard deviation of he on."""


def large_initial_weights(run: Traced) -> Symptom | None:
    """The initial weights of a network are so large that it does not recover from its first losses.

    The weights are drawn from N(0, init_std²). init_std is above 3 times that of he, √(2/n), for
    the layer with the most inputs n that are units. The first training loss is above 10 times that
    of a constant prediction, and above 10 times that of scores of 0, which a network with small
    weights has. The training loss ended above half of the loss of a constant prediction. Dead
    units, a gradient that vanishes, or a loss that no longer falls are then consequences, and are
    not reported.

    Evidence: first training loss, loss of a constant prediction

    Source: Glorot & Bengio 2010; He et al. 2015.
    """
    if run.learnt or not (evidence := too_large(run)):
        return None
    return Symptom("large initial weights", 0.9, evidence, scaled(run))


def too_large(run: Traced) -> str:
    """Why the initial weights are far too large, as text; empty if they are not, or not known.

    A first loss that overflows is above every other one.
    """
    model = run.config.get("model", {})
    if not run.is_network or model.get("init") != "normal":
        return ""
    units = max(model["hidden"])
    usual = math.sqrt(2 / units)
    if model["init_std"] <= TOO_WIDE * usual:
        return ""
    cause = (
        f"init_std = {quantity(model['init_std'])} is too large for layers of {units} units, for "
        f"which init=he takes {quantity(usual, 3)}"
    )
    if not math.isfinite(run.start):
        return cause
    known = run.summary.get("baseline") or {}
    constant, zero = known.get("loss", {}).get("train"), known.get("zero_loss")
    if constant is None or zero is None or not run.start > FAR_ABOVE * max(constant, zero):
        return ""
    first, other = contrasted(run.start, constant)
    return (
        f"the training loss of the initial weights is {first}, and that of always predicting "
        f"{predicted(known['prediction'])} is {other}: {cause}"
    )


def scaled(run: Traced) -> tuple[Remedy, ...]:
    """Initial weights that fit the sizes of the layers: xavier or he."""
    why = "the outputs of each layer are then about as large as its inputs"
    return tuple(Remedy(each.changes, why) for each in changes.other_starts(run))


ALIKE = "all initial weights are 0, so that the units of a layer stay alike"
"""Why a network does not learn whose initial weights are all 0."""


def alike(run: Traced) -> bool:
    """Whether the units of each layer of a network stay alike, and it has not learnt.

    With initial weights of 0 they have equal gradients in every step, whatever the rate.
    """
    return run.is_network and run.config["model"].get("init") == "zeros" and not run.learnt
