"""Shares, multiples, epochs and the stability limit as text, for the evidence of symptoms."""

from __future__ import annotations

import numpy as np

from gdrun.methods.stopping import position
from gdrun.quantities import contrasted, quantity
from gdrun.symptoms.facts import RateLimit, Traced


def share(part: float, whole: float) -> str:
    """A part of a whole in percent, with two digits. part: in [0, whole]. whole: above 0.

    >>> [share(part, 1) for part in (0.1234, 1, 0.9971, 1e-7, 0)]
    ['12 %', '100 %', 'over 99 %', 'below 0.01 %', '0 %']
    """
    percent = 100 * part / whole
    if 0 < percent < 0.01:
        return "below 0.01 %"
    return "over 99 %" if 99 < percent < 100 else f"{quantity(percent, 2)} %"


def multiple(value: float, of: float) -> str:
    """A value as a share or a multiple of another value: words to put before that value's name.

    of: the other value, which is above 0.

    >>> [f"{multiple(value, 2)} the limit" for value in (0.1, 2, 5, 2.001)]
    ['5 % of the limit', '100 % of the limit', '2.5 times the limit', '1.0005 times the limit']
    """
    if value <= of:
        return f"{share(value, of)} of"
    times, _ = contrasted(value / of, 1.0, 3)
    return f"{times} times"


def epoch_words(epoch: float) -> str:
    """An epoch between evaluations as text: two decimals, or three digits below 1.

    >>> epoch_words(0.012345), epoch_words(8.1465), epoch_words(1358.321)
    ('0.0123', '8.15', '1358.32')
    """
    return position(epoch) if epoch >= 1 else quantity(epoch, 3)


def limit_words(run: Traced, limit: RateLimit) -> str:
    """The comparison of a run's learning rate with the stability limit, as text.

    If the limit is not exact, larger rates may be stable, too, and the text says that the limit is
    one of full batches near a minimum. If L is only an upper bound of the curvature, it says this.
    """
    rate, largest = contrasted(run.rate, limit.value)
    compared = f"the rate {rate} is {multiple(run.rate, limit.value)}"
    known = f"{limit.form} = {largest}"
    if limit.exact:
        return f"{compared} the stability limit {known}"
    stable = f"{compared} {known}, below which full batches are stable near a minimum"
    if limit.is_bound:
        stable += f" ({L_IS_A_BOUND})"
    if run.full_batches:
        return stable
    sizes = run.steps.get("batch_size", np.empty(0))
    own = f"batches of {quantity(float(np.median(sizes)))}" if len(sizes) else "mini-batches"
    if not limit.is_bound:
        stable = f"{compared} {known}, the limit of full batches near a minimum"
    return f"{stable}; {own} may need less"


L_IS_A_BOUND = "L is an upper bound of the curvature, so larger rates may be stable, too"
"""Why a larger rate than the limit may be stable."""


def predicted(prediction: str | float) -> str:
    """A constant prediction as text: the name of a class, or a number."""
    return prediction if isinstance(prediction, str) else quantity(prediction)
