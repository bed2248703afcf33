"""Symptoms: what went wrong in a run, read from the trace of its losses and gradients.

Each symptom is one function in the registry SYMPTOMS. Every condition compares two numbers of the
same run that have the same unit, so that a diagnosis does not depend on the scale of the loss. In
the docstrings L₀, L_h and L_T are the training loss at the first evaluation, at the one in the
middle of the run, and at the last one; V is the validation loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.array_types import Array
from gdrun.engine.trace import Columns

FEWEST = 4
"""A curve with fewer evaluations than this shows a divergence, but no other symptom."""


@dataclass(frozen=True)
class Remedy:
    """A change of the config that may cure a symptom. changes: values by key. why: a sentence."""

    changes: Mapping[str, Any]
    why: str


@dataclass(frozen=True)
class Symptom:
    """One symptom of a run.

    confidence: in [0, 1]. evidence: a sentence with the numbers and the epochs they come from.
    remedies: changes that may help, the likeliest first; they have not been run.
    """

    name: str
    confidence: float
    evidence: str
    remedies: tuple[Remedy, ...]


@dataclass(frozen=True)
class Traced:
    """What the symptoms are read from. evals: the evaluations by column. config: with defaults.

    diverged: the sentence on the divergence; None if the run did not diverge.
    """

    config: Mapping[str, Any]
    evals: Columns
    diverged: str | None = None

    @property
    def loss(self) -> Array:
        return self.evals["train_loss"]

    @property
    def epochs(self) -> Array:
        return self.evals["epoch"]

    @property
    def rate(self) -> float:
        return float(self.config["optimizer"]["lr"])

    @property
    def fallen(self) -> float:
        """L₀ − L_T, the whole fall of the training loss."""
        return float(self.loss[0] - self.loss[-1])

    @property
    def fallen_late(self) -> float:
        """L_h − L_T, its fall in the second half of the evaluations."""
        return float(self.loss[len(self.loss) // 2] - self.loss[-1])


def exploding(run: Traced) -> Symptom | None:
    """The run diverged, or L_T > 1.01 L₀.

    A step α > 2/L increases a quadratic (Nesterov 2004, section 1.2).
    """
    if run.diverged is None and not run.loss[-1] > 1.01 * run.loss[0]:
        return None
    risen = f"the training loss rose from {run.loss[0]:.4g} to {run.loss[-1]:.4g}"
    return Symptom(
        "exploding",
        1.0 if run.diverged else 0.8,
        run.diverged or f"{risen} by epoch {run.epochs[-1]:.4g}",
        (
            *(_rate(run, factor, "a smaller step does not overshoot") for factor in _SMALLER),
            Remedy({"dataset.standardize": True}, "equal scales of features allow a larger step"),
            Remedy({"clip.norm": 1.0}, "a clipped gradient bounds the length of a step"),
        ),
    )


def vanishing(run: Traced) -> Symptom | None:
    """The first layer's gradient norm is below 1/100 of the last layer's, and L_T > L₀ / 2.

    The ratio is the median over the evaluations (Hochreiter 1991; Glorot & Bengio 2010).
    """
    names = sorted(
        (name for name in run.evals if name.endswith(".grad_norm")),
        key=lambda name: int(name.removeprefix("layer").removesuffix(".grad_norm")),
    )
    if len(names) < 2 or run.fallen > run.loss[0] / 2:
        return None
    first, last = run.evals[names[0]], run.evals[names[-1]]
    seen = np.isfinite(first) & np.isfinite(last) & (last > 0)
    ratio = float(np.median(first[seen] / last[seen])) if seen.any() else 1.0
    # A gradient of exactly 0 does not shrink from layer to layer: that is the symptom stuck.
    if not 0 < ratio < 1e-2:
        return None
    return Symptom(
        "vanishing",
        0.9,
        f"the gradient of the first layer is {ratio:.1e} of that of the last layer "
        f"(median of epochs {run.epochs[0]:.4g} to {run.epochs[-1]:.4g})",
        (
            Remedy(
                {"model.activation": "relu", "model.init": "he"},
                "the slope of ReLU is 1, so that the gradient does not shrink",
            ),
            Remedy(
                {"model.activation": "tanh", "model.init": "xavier"},
                "the slope of tanh is 1 at 0, and that of sigmoid at most 1/4",
            ),
            _adam("Adam divides by the size of each gradient, so small ones count too"),
        ),
    )


def stuck(run: Traced) -> Symptom | None:
    """L₀ − L_T < L₀ / 20, and less than 1/5 of this fall is in the second half of the run.

    That is a plateau or a saddle point (Dauphin et al. 2014); with a rate that is too small the
    loss falls as much in the second half as in the first.
    """
    if run.fallen >= run.loss[0] / 20 or run.fallen_late > max(run.fallen, 0.0) / 5:
        return None
    return Symptom(
        "stuck",
        0.7,
        f"the training loss was {run.loss[0]:.4g} at the start, {run.loss[len(run.loss) // 2]:.4g} "
        f"at epoch {run.epochs[len(run.loss) // 2]:.4g} and {run.loss[-1]:.4g} at the end",
        (
            Remedy({"model.init": "he"}, "random weights differ, so units learn different things"),
            _rate(run, 10, "larger steps leave a plateau sooner"),
            _adam("Adam's step does not shrink with the gradient"),
        ),
    )


def slow(run: Traced) -> Symptom | None:
    """More than 1/5 of the fall L₀ − L_T is in the second half of the run: the loss still falls."""
    if not run.fallen > 0 or run.fallen_late <= run.fallen / 5:
        return None
    middle = run.epochs[len(run.loss) // 2]
    epochs = run.config["stopping"].get("epochs")
    longer = () if epochs is None else (_longer(4 * epochs),)
    return Symptom(
        "slow convergence",
        min(1.0, 2 * run.fallen_late / run.fallen),
        f"{_share(run.fallen_late, run.fallen)} of the fall of the training loss came after "
        f"epoch {middle:.4g} of {run.epochs[-1]:.4g}",
        (
            *(_rate(run, factor, "a larger step goes further") for factor in (10, 100, 1000)),
            Remedy({"dataset.standardize": True}, "equal scales of features lower the condition"),
            _adam("Adam scales the step of each weight separately"),
            *longer,
        ),
    )


def unsteady(run: Traced) -> Symptom | None:
    """The training loss rises and falls in the second half with little net progress.

    At least half of the changes have another sign than the change before, the range of the loss in
    that half is above (L₀ − min L) / 20, and the mean losses of the third and the fourth quarter
    differ by less than 1/3 of this range. With full batches this is oscillation; with smaller ones
    the noise of the gradients (Bottou et al. 2018, section 4.2).
    """
    late = run.loss[len(run.loss) // 2 :]
    signs = np.sign(np.diff(late))
    flips = float(np.mean(signs[1:] * signs[:-1] < 0)) if len(signs) > 1 else 0.0
    width, fall = float(np.ptp(late)), float(run.loss[0] - run.loss.min())
    middle = len(late) // 2
    progress = abs(float(late[:middle].mean() - late[middle:].mean()))
    if flips < 0.5 or width <= fall / 20 or progress > width / 3:
        return None
    full = run.config["variant"]["name"] == "bgd"
    larger = () if full else (Remedy({"variant": "mbgd", "batch_size": 64}, _AVERAGED),)
    return Symptom(
        "oscillation" if full else "noise floor",
        min(1.0, 0.4 + flips / 2),
        f"after epoch {run.epochs[len(run.loss) // 2]:.4g} the training loss moves up and down "
        f"over {_share(width, fall)} of its whole fall",
        (
            Remedy({"schedule": "cosine"}, "a rate that falls to 0 lets the weights settle"),
            *(_rate(run, factor, "smaller steps overshoot less") for factor in _SMALLER),
            *larger,
        ),
    )


def overfitting(run: Traced) -> Symptom | None:
    """V rose by over 1/10 of its whole fall since its minimum, while the training loss fell.

    (Prechelt 1998, "Early stopping, but when?")
    """
    validation = run.evals.get("validation_loss")
    if validation is None or not np.isfinite(validation).all():
        return None
    least = int(np.argmin(validation))
    rise, fall = validation[-1] - validation[least], validation[0] - validation[least]
    if not rise > fall / 10 or run.loss[-1] >= run.loss[least]:
        return None
    return Symptom(
        "overfitting",
        float(min(1.0, 0.5 + rise / max(fall, rise))),
        f"the validation loss rose from {validation[least]:.4g} at epoch {run.epochs[least]:.4g} "
        f"to {validation[-1]:.4g}, while the training loss fell to {run.loss[-1]:.4g}",
        (
            Remedy(
                {"stopping.epochs": max(1, int(run.epochs[least]))},
                "training ends at the lowest validation loss",
            ),
            *(Remedy({"model.l2": l2}, "l2 keeps the weights small") for l2 in (0.01, 0.1)),
            Remedy({"model.dropout": 0.5}, "units cannot rely on single other units"),
        ),
    )


SYMPTOMS: dict[str, Callable[[Traced], Symptom | None]] = {
    rule.__name__: rule for rule in (exploding, vanishing, stuck, overfitting, unsteady, slow)
}
"""The rules by name, from the gravest to the mildest."""

_SMALLER = (0.1, 0.01, 0.001)
_AVERAGED = "the mean over more examples has less noise"


def diagnose(run: Traced) -> list[Symptom]:
    """The symptoms of a run, the gravest first; empty for a healthy run.

    A run that explodes has no other symptom: the rest of its trace follows from that one.
    """
    explosion = exploding(run)
    if explosion is not None or len(run.loss) < FEWEST:
        return [] if explosion is None else [explosion]
    found = (rule(run) for rule in SYMPTOMS.values())
    return [symptom for symptom in found if symptom is not None]


def _rate(run: Traced, factor: float, why: str) -> Remedy:
    return Remedy({"optimizer.lr": float(f"{run.rate * factor:.6g}")}, why)


def _adam(why: str) -> Remedy:
    return Remedy({"optimizer": "adam", "optimizer.lr": 0.01}, why)


def _longer(epochs: float) -> Remedy:
    return Remedy({"stopping.epochs": epochs}, "the loss still falls, so more epochs lower it")


def _share(part: float, whole: float) -> str:
    """A part in percent of the whole, such as `12 %`."""
    return f"{100 * part / whole:.2g} %" if whole > 0 else "all"
