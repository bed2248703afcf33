"""The array types for the signatures of the whole package.

A lane is one of several runs that train together. An array of numbers in which the lanes differ has
one row for each lane.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""Weights, gradients, features, targets or scores (model outputs): float32 or float64, as the
config says; but targets that are classes are whole numbers.
"""

Numbers: TypeAlias = NDArray[np.float64]
"""Rates, losses and norms, which are always in double precision."""

Integers: TypeAlias = NDArray[np.int64]
"""Indices of rows or lanes (runs that train together), class codes, or numbers of steps."""

Flags: TypeAlias = NDArray[np.bool_]
"""A truth value for each lane (one of the runs that train together), row or column."""
