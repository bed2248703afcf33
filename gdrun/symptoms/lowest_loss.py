"""A lower bound of the training loss, to which the rules of symptoms compare a fall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gdrun.methods.plugins import entry_of
from gdrun.problems.surfaces import SURFACES


def lowest_loss(config: Mapping[str, Any]) -> float:
    """A lower bound of the loss of a config: the minimum of a surface, and 0 for a loss on data."""
    options = dict(config.get("surface", {}))
    if not options:
        return 0.0
    surface = entry_of(SURFACES, options.pop("name"))
    own = {key: value for key, value in options.items() if key in surface.options}
    points = (map(np.asarray, minimum) for minimum in surface.minima)
    return min(float(surface.function(*point, **own)[0]) for point in points)
