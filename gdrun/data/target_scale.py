"""The standardisation of a regression's target: (y − mean) / scale.

Features of mean 0 and standard deviation 1 suit the usual learning rates only if the target has
such a scale too: the gradient of the squared error is proportional to it. The model is trained on
the standardised target, and its predictions are converted back to the target's own unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Array, Numbers


@dataclass(frozen=True)
class TargetScale:
    """The mean and the population standard deviation of the training targets."""

    mean: float
    scale: float

    def standardised(self, y: Array) -> Numbers:
        """Return (y − mean) / scale in float64. y (n,): in the target's own unit."""
        scaled: Numbers = (np.asarray(y, dtype=np.float64) - self.mean) / self.scale
        return scaled

    def original(self, values: Array) -> Numbers:
        """Return mean + scale · value in float64. values (n,): standardised."""
        own: Numbers = np.asarray(values, dtype=np.float64) * self.scale + self.mean
        return own


def target_note(name: str) -> str:
    """The sentence on the units of the losses and the metrics. name: of a standardised target."""
    return (
        "the losses are those of the standardised target; metrics and predictions are in the "
        f"unit of {name}"
    )
