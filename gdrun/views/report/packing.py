"""Arrays as text in JSON: base64 of their bytes, which is shorter than decimal digits.

Single precision is enough to draw curves. Numbers that it cannot hold, such as 1e300, and whole
numbers above 2²⁴ are written in double precision. NaN and infinity keep their meaning.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from gdrun.array_types import Array

EXACT = 2**24
"""The whole numbers up to this one are exact in single precision."""


def packed(column: Array) -> dict[str, str]:
    """An array as {"type": "f4" or "f8", "data": base64}, in little-endian order.

    The type is f4, whatever the dtype of the array, unless single precision cannot hold a number of
    it: a float outside its range, or a whole number above EXACT in an array of integers.

    >>> import numpy as np
    >>> packed(np.array([1.0, 2.5]))
    {'type': 'f4', 'data': 'AACAPwAAIEA='}
    """
    numbers = np.asarray(column, dtype=np.float64)
    kind = "f4" if _fits_single(column, numbers) else "f8"
    data = numbers.astype(f"<{kind}").tobytes()
    return {"type": kind, "data": base64.b64encode(data).decode("ascii")}


def _fits_single(column: Array, numbers: Array) -> bool:
    sizes = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    if not len(sizes):
        return True
    limits: Any = np.finfo(np.float32)
    if np.issubdtype(np.asarray(column).dtype, np.integer):
        return bool(sizes.max() <= EXACT)
    return bool(sizes.max() < limits.max and sizes.min() > limits.tiny)
