"""What a schedule will do, before anything runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Numbers
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.plan import Place

MOST_POINTS = 2000


@dataclass(frozen=True)
class Preview:
    """The rate, and the momentum where it is cycled, at the start of epochs or steps.

    unit: what `times` counts. follows_loss: whether the rate also depends on the validation loss.
    """

    times: Numbers
    rates: Numbers
    betas: Numbers | None
    unit: str
    follows_loss: bool


def preview(cohort: Cohort) -> Preview:
    """The planned rates of a cohort's first lane, from its first to its last epoch (or step)."""
    plan, first = cohort.plan, Lanes(cohort, np.arange(1))
    length = plan.length if plan.length is not None else 100.0
    last = max(int(np.ceil(length)) - 1, 1)
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
    )
