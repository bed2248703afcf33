"""Whether a loss rose from one step or evaluation to the next, by more than its rounding error."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Flags, Numbers

ROUNDING_ERRORS = 16
"""A loss f counts as higher only if it is above the loss before by more than 16 ε |f|.

ε is the spacing of the numbers just above 1 in the dtype of the run: 2.2e-16 in float64, 1.2e-7 in
float32. At a minimum, or at the rate 2/L on a quadratic, f is constant up to smaller errors.
"""


REORDERED = {"float64": 1e-9, "float32": 1e-5}
"""The largest relative difference between two computations of the same loss, by dtype.

They may add the examples in another order. A step and an evaluation may also use other formulas.
"""


def rose(
    before: Numbers,
    after: Numbers,
    dtype: np.dtype[np.floating] | str,
    *,
    reordered: bool = False,
) -> Flags:
    """Whether each loss in `after` is higher than that in `before`, by more than rounding.

    before, after: losses of the same shape. A loss that is not finite is higher than a finite one,
    and never lower. dtype: the dtype of the run. reordered: whether the two losses were computed in
    different ways, so that they may differ by REORDERED.
    """
    tolerance = ROUNDING_ERRORS * float(np.finfo(dtype).eps)
    if reordered:
        tolerance = REORDERED[np.dtype(dtype).name]
    with np.errstate(all="ignore"):  # losses that are not finite
        higher: Flags = after > before + tolerance * np.abs(before)
    lost: Flags = np.isfinite(before) & ~np.isfinite(after)
    return higher | lost
