"""The array types for the signatures of the whole package."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""Weights, gradients, features, targets or scores: float32 or float64, as the config says. Class
targets are whole numbers.
"""

Numbers: TypeAlias = NDArray[np.float64]
"""Rates, losses and norms, which are always in double precision."""

Counts: TypeAlias = NDArray[np.int64]
"""Whole numbers: rows of the data, lanes, steps."""

Flags: TypeAlias = NDArray[np.bool_]
"""A truth value for each lane, row or column."""
