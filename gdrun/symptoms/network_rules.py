"""Symptoms in the layers of a network: gradients that vanish, and units that do not learn."""

from __future__ import annotations

import re

import numpy as np

from gdrun.array_types import Array
from gdrun.methods.stopping import position
from gdrun.quantities import quantity
from gdrun.symptoms import changes, scales
from gdrun.symptoms.facts import Symptom, Traced
from gdrun.symptoms.initial_weights import alike
from gdrun.symptoms.wording import share


def vanishing(run: Traced) -> Symptom | None:
    """The gradients of early layers are so small that these layers do not learn.

    The network has at least three layers. The gradient norm of the second layer is below 1/100 of
    that of the last layer, in the median over the evaluations. The training loss ended above half
    of its first value, or above half of the loss of a constant prediction if this is lower. The
    first layer is not used for this decision, because the scale of its gradient depends on the
    units of the features. The evidence names the layer with the smallest gradient.

    Evidence: gradient norm of each layer, training loss

    Source: Hochreiter 1991; Glorot & Bengio 2010.
    """
    names = _layers(run, "grad_norm")
    if len(names) < 3 or run.learnt or alike(run):
        return None
    ratios = {
        number: _ratio(run.evals[name], run.evals[names[-1]])
        for number, name in enumerate(names[:-1], start=1)
    }
    # A gradient of exactly 0 does not shrink from layer to layer: that is the symptom stuck.
    if not 0 < ratios[2] < 1e-2:
        return None
    least = min((number for number in ratios if ratios[number] > 0), key=ratios.__getitem__)
    return Symptom(
        "vanishing",
        0.9,
        f"the gradient of layer {least} is {quantity(ratios[least], 2)} of that of layer "
        f"{len(names)} (median of epochs {position(run.epochs[0])} to {position(run.epochs[-1])})",
        (changes.RELU, changes.TANH, *changes.adam(run)),
    )


def _ratio(early: Array, last: Array) -> float:
    """The median over the evaluations of early / last; 1 if no evaluation has this ratio.

    early, last (evaluations,): the gradient norms of two layers.
    """
    seen = np.isfinite(early) & np.isfinite(last) & (last > 0)
    return float(np.median(early[seen] / last[seen])) if seen.any() else 1.0


def dead_units(run: Traced) -> Symptom | None:
    """Most units of a layer have slope 0, so that their weights no longer change.

    A unit is dead if its activation has slope 0 for every example, and saturated if its mean slope
    is below a tenth of the largest slope of the activation. Over 90 % of the units of a layer are
    dead, or over 90 % are saturated, at the end. The training loss ended above half of its first
    value, or above half of the loss of a constant prediction if this is lower. Units with initial
    weights of 0 have slope 0 from the start: that is the symptom stuck.

    Evidence: shares of dead and saturated units, training loss

    Source: Maas et al. 2013.
    """
    if run.learnt or alike(run):
        return None
    for kind in ("dead", "saturated"):
        for name in _layers(run, kind):
            part = float(run.evals[name][-1])
            if part > 0.9:
                layer = name.split(".")[0].removeprefix("layer")
                return Symptom(
                    "dead units",
                    min(1.0, part),
                    f"{share(part, 1)} of the units of layer {layer} are {kind} at "
                    f"epoch {position(run.epochs[-1])}",
                    (
                        *scales.standardised(run),
                        *changes.smaller_rates(run)[:3],
                        changes.TANH,
                        changes.RELU,
                        *changes.adam(run),
                    ),
                )
    return None


def _layers(run: Traced, kind: str) -> list[str]:
    """The names of the trace columns with one quantity of each layer, from the first layer on.

    kind: the quantity, such as grad_norm. Matrices of skip connections, such as projection2, are
    not layers and have no place in this order.
    """
    found = (re.fullmatch(rf"layer(\d+)\.{kind}", name) for name in run.evals)
    numbers = {match[0]: int(match[1]) for match in found if match}
    return sorted(numbers, key=numbers.__getitem__)
