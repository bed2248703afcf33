"""The array types that signatures name, each once for the whole package."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""Weights, gradients, features, targets, scores: of the run's own number type, float32 or float64
(class targets are whole numbers).
"""

Numbers: TypeAlias = NDArray[np.float64]
"""Numbers that are kept in double precision whatever the run's type is: rates, losses, norms."""

Counts: TypeAlias = NDArray[np.int64]
"""Whole numbers: rows of the data, lanes, steps."""

Flags: TypeAlias = NDArray[np.bool_]
"""Yes or no for each lane, row or column."""
