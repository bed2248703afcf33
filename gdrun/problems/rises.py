"""Whether a loss rose from one step or evaluation to the next, by more than its rounding error."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Flags, Numbers

ROUNDING_ERRORS = 16
"""A loss f counts as higher only if it is above the loss before by more than 16 ε |f|.

ε is the spacing of the numbers just above 1 in the dtype of the run: 2.2e-16 in float64, 1.2e-7 in
float32. At a minimum, or at the rate 2/L on a quadratic, f is constant up to smaller errors.
"""


def rose(before: Numbers, after: Numbers, dtype: np.dtype[np.floating] | str) -> Flags:
    """Whether each loss in `after` is higher than that in `before`, by more than rounding.

    before, after: losses of the same shape. dtype: the dtype of the run. False if a loss is NaN.
    """
    tolerance = ROUNDING_ERRORS * float(np.finfo(dtype).eps)
    higher: Flags = after > before + tolerance * np.abs(before)
    return higher
