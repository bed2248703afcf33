"""The preview of a schedule: the learning rates of a whole run, computed without training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Numbers
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.plan import Place

MOST_POINTS = 2000
"""The most epochs or steps at which the rate is computed: more than a plot can show."""


@dataclass(frozen=True)
class Preview:
    """The learning rate at the start of epochs or steps, and the momentum if it changes.

    times (points,): the epochs or steps, from 0. rates (points,): the learning rates. betas
    (points,): the momentum; None if it is constant. unit: the unit of times, "epoch" or "step".
    follows_loss: whether the rate also depends on the validation loss, which is not known here.
    end: the time at which the run ends.
    """

    times: Numbers
    rates: Numbers
    betas: Numbers | None
    unit: str
    follows_loss: bool
    end: float


def preview(cohort: Cohort) -> Preview:
    """The planned rates of the first run of a cohort, from its first to its last epoch or step.

    With a budget in seconds only, the length is unknown, and 100 epochs are shown.
    """
    plan, first = cohort.plan, Lanes(cohort, np.arange(1))
    length = plan.length if plan.length is not None else 100.0
    last = max(int(np.ceil(length)) - 1, 0)
    # Rounded, because rates change only at whole epochs or steps.
    times = np.unique(np.rint(np.linspace(0, last, min(last + 1, MOST_POINTS))))
    none = np.zeros(1, dtype=np.int64)
    rates, betas = zip(
        *(
            plan.rates(
                first.numbers.lr,
                first.schedule_options,
                plan.times(int(t), Place(int(t), 0), 1),
                1,
                none,
            )
            for t in times.tolist()
        ),
        strict=True,
    )
    return Preview(
        times=times,
        rates=np.concatenate(rates)[:, 0],
        betas=None if betas[0] is None else np.concatenate(betas)[:, 0],
        unit="step" if plan.schedule.per_step else "epoch",
        follows_loss=plan.schedule.form.uses_drops,
        end=length,
    )
