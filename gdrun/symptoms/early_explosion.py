"""The symptom of a run that recovered from an explosion, and where its curves can be judged again.

This is a symptom of its own, and no case of `exploding`: an explosion explains the whole trace, but
a run that recovered may also have other symptoms.
"""

from __future__ import annotations

import numpy as np

from gdrun.methods.stopping import position
from gdrun.quantities import contrasted, quantity
from gdrun.symptoms import changes
from gdrun.symptoms.facts import Symptom, Traced
from gdrun.symptoms.wording import limit_words


def early_explosion(run: Traced) -> Symptom | None:
    """The loss jumped far above its start, because the steps are too long, and fell again later.

    At the first evaluation after the start, the training loss was above its start by more than the
    largest possible fall: the first loss minus the minimum of a surface, or the whole first loss on
    data. The rule has no momentum: with momentum the loss may rise at first also at a stable rate.

    Above 2/L the loss of a network may rise for a few steps, and then fall at a place with a
    smaller curvature.

    Evidence: training loss, stability limit 2/L

    Source: Lewkowycz et al. 2020.
    """
    if not jumped(run) or not _too_large(run):
        return None
    top = int(np.argmax(run.loss))
    start, highest = contrasted(run.start, run.loss[top])
    evidence = (
        f"the training loss jumped from {start} to {highest} by epoch "
        f"{position(run.epochs[top])}, and then fell to "
    )
    recovered = bool(run.loss[-1] <= run.start)
    if recovered:
        evidence += quantity(run.loss[-1])
    else:
        evidence += f"{contrasted(run.loss[-1], run.start)[0]}, still above its start"
    if run.limit is not None and run.rate > run.limit.value:
        evidence += f"; {limit_words(run, run.limit)}"
    else:
        link = ": the run recovered, but" if recovered else ", because"
        evidence += f"{link} the rate {quantity(run.rate)} is too large"
    if run.returns_start:
        evidence += "; the returned weights are those of the start"
    return Symptom("early explosion", 0.8, evidence, changes.smaller_rates(run))


def _too_large(run: Traced) -> bool:
    """Whether the rate explains a jump of the loss above its start.

    The stability limit is not used: only `gdrun diagnose` computes it, and every command must find
    the same symptoms.
    """
    return not run.config["optimizer"].get("beta") and float(run.loss[1]) - run.start > run.gap


def jumped(run: Traced) -> bool:
    """Whether the loss was once above its start by more than the largest possible fall."""
    return bool(float(run.loss.max()) - run.start > run.gap > 0)


def rose_first(run: Traced) -> bool:
    """Whether the loss rose above its start in the first half of the run, as from too long steps.

    It rose by over 1/20 of the largest possible fall, up to the time when half of the sum of the
    learning rates was used.
    """
    early = run.loss[run.progress <= 0.5]
    return bool(float(early.max(initial=run.start)) - run.start > run.gap / 20)


def settled_from(run: Traced) -> int:
    """The first evaluation, as an index, from which no explosion explains the curves of a run.

    It is 0 for a run whose loss did not jump. Otherwise it is the first evaluation after the
    largest loss at which the loss is not above its start; the last one if there is none.
    """
    if not jumped(run):
        return 0
    top = int(np.argmax(run.loss))
    below = np.flatnonzero(run.loss[top:] <= run.start)
    return top + int(below[0]) if len(below) else len(run.loss) - 1
