"""Runs whose loss first rose above its start."""

import numpy as np
import pytest
from curves import curves

from gdrun.symptoms.registry import diagnose

LEFT = np.linspace(0.9, 0.6, 16)
"""A loss that falls along a straight line, and ends above half of its start, which is 1."""


def found(train):
    return {each.name: each for each in diagnose(curves(train))}


@pytest.mark.parametrize(
    ("first", "slow"),
    [
        ([1, 0.97, 0.94, 0.92], True),
        ([1, 1.02, 0.98, 0.94], True),  # a rise by 1/50 is no sign of too long steps
        ([1, 1.3, 1.2, 1.0], False),
        ([1, 1.9, 1.4, 1.0], False),
    ],
)
def test_a_loss_that_first_rose_does_not_converge_slowly(first, slow):
    assert ("slow convergence" in found([*first, *LEFT])) is slow


def test_a_larger_rate_is_no_remedy_for_a_loss_that_first_rose():
    """It is below half of its start, and nearly half of its fall is in the second half."""
    rest = np.linspace(1.0, 0.2, 17)
    for first, larger in (([1, 1, 1], True), ([1, 1.3, 1.2], False)):
        symptom = found([*first, *rest])["still falling"]
        rates = [each.changes.get("optimizer.lr", 0) for each in symptom.remedies]
        assert any(rate > 0.1 for rate in rates) is larger
