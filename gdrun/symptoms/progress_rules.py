"""Symptoms of too little progress: the loss stays near its start, or still falls at the end.

The fall of the loss and its largest possible fall are defined in `stability_rules`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gdrun.methods.stopping import SMALL_CHANGES, position
from gdrun.problems.surfaces import place_in_words
from gdrun.quantities import contrasted, quantity
from gdrun.symptoms import changes, scales
from gdrun.symptoms.early_explosion import jumped, rose_first
from gdrun.symptoms.facts import Remedy, Symptom, Traced
from gdrun.symptoms.initial_weights import ALIKE, alike
from gdrun.symptoms.stability_rules import level, unsteady
from gdrun.symptoms.surface_points import flat_point, nearest_saddle, on_slope
from gdrun.symptoms.wording import epoch_words, limit_words, multiple, share


def stuck(run: Traced) -> Symptom | None:
    """The loss stays near its start: at a plateau, a saddle point, or under too strong a penalty.

    The training loss fell by less than 1/20 of its largest possible fall: the first loss minus the
    minimum of a surface, or the whole first loss on data. Less than 1/5 of what it fell was in the
    second half of the run, which begins where the sum of the learning rates reached half of its
    total. With a rate that is too small the loss falls as much in both halves, so that the run is
    not stuck. Five more kinds of runs do not count as stuck: a run that a convergence rule stopped,
    a run whose steps jump from one side of the minimum to the other, a run whose loss rose and fell
    again by 1/20 of the largest possible fall in its second half, a linear model whose gradient
    norm fell to 1/10 of its first value, and a linear model with mini-batches.

    On a surface there are two more cases far above the minimum. If the gradient norm fell to 1/20
    of its first value and the loss no longer falls, the run is at a saddle, unless the gradient
    norm times the distance to the minimum is at least the height above it. If the gradient norm
    times the distance to the minimum is below 1/20 of the height above the minimum, the run is at a
    saddle or a plateau.

    A network whose initial weights are all 0 is stuck unless its loss ended below half of the loss
    of a constant prediction: the units of a layer have equal gradients, and stay alike.

    A penalty (l2/2)‖w‖² is too strong if it is over half of the fall of the loss, and this fall is
    below 1/5 of the largest possible one.

    Evidence: training loss, gradient norm, weight norm

    Source: Dauphin et al. 2014.
    """
    if run.gap == 0:  # The start is the minimum.
        return None
    if alike(run):
        return replace(_stuck(run, f"; {ALIKE}"), remedies=changes.other_starts(run))
    if (flat := flat_point(run)) is not None:
        minimum = f"the minimum of the surface is {quantity(run.floor)}"
        return _stuck(run, f"; {minimum}, and the run ended {flat.words}")
    if _at_saddle(run):
        return _stuck(run, f"; the minimum of the surface is {quantity(run.floor)}{_saddle(run)}")
    if 0 < run.fallen < min(run.gap / 5, 2 * run.penalty):
        l2 = quantity(run.config["model"]["l2"])
        return _stuck(run, f"; the penalty l2 = {l2} keeps the weights small")
    if run.overshoots or level(run) or _comes_down(run):
        return None
    if run.fallen >= run.gap / 20 or run.fallen_late > max(run.fallen, 0.0) / 5:
        return None
    if run.status == "converged":
        return None
    if run.convex and (run.gradient_ratio < 0.1 or not run.full_batches):
        return None
    return _stuck(run)


def _comes_down(run: Traced) -> bool:
    """Whether the loss was above its start at half of the run, and has fallen since then."""
    return run.start < run.middle and run.middle - run.end > run.gap / 20


def _at_saddle(run: Traced) -> bool:
    """Whether the gradient almost vanished at a point of a surface that is not a minimum.

    In a narrow valley the gradient is small, too. But there the loss keeps falling, or the gradient
    is only small next to that of a steep start.
    """
    if not _above_minimum(run) or not run.gradient_ratio < 0.05 or on_slope(run):
        return False
    return not _keeps_falling(run)


def _saddle(run: Traced) -> str:
    """The end of a sentence on the saddle point near which a run ended; empty if none is near."""
    found = nearest_saddle(run)
    if found is None:
        return ""
    place, distance = found
    at = place_in_words([0.0 if abs(x) < 1e-9 else x for x in place.tolist()])
    return f", and the run ended {quantity(distance)} from the saddle point {at}"


def _keeps_falling(run: Traced) -> bool:
    """Whether the loss falls in the fourth quarter almost as much as in the third, or more."""
    third = run.loss_at(0.75)
    return third - run.end > max(0.7 * (run.middle - third), run.gap / 1e6)


def _above_minimum(run: Traced) -> bool:
    """Whether a run on a surface fell by less than 9/10 of its largest possible fall.

    False for a run on data, because the minimum is not known.
    """
    return "surface" in run.config and run.fallen < 0.9 * run.gap


def _stuck(run: Traced, more: str = "") -> Symptom:
    return Symptom(
        "stuck",
        0.7,
        f"the training loss was {quantity(run.start)} at the start, {quantity(run.middle)} "
        f"at epoch {epoch_words(run.half_epoch)} and {quantity(run.loss[-1])} at the end{more}",
        (
            *changes.fewer_limits(run),
            *changes.other_starts(run),
            *scales.standardised(run),
            *changes.larger_rates(run),
            *(changes.smaller_rates(run)[:2] if run.rose else ()),
            *changes.adam(run),
        ),
    )


def slow(run: Traced) -> Symptom | None:
    """The budget ended far from the minimum, and the loss was still falling.

    The training loss ended above half of its first value, or above half of the loss of a constant
    prediction if this is lower. In addition, one of two conditions holds. The first: over 1/5 of
    the fall of the whole run came in its second half, and over 1/50 in its last tenth. The second
    half and the last tenth begin where 1/2 and 9/10 of the sum of all learning rates are used; the
    fall in a part is counted from the lowest loss before it. The second condition: the loss falls
    along a straight line, as with a rate that is far too small. Then the fall in the fourth quarter
    of the run is over 7/10 of that in the third, and both together are over 1/50 of the largest
    possible fall. This is the first loss minus the minimum of a surface, or the whole first loss on
    data. The last two quarters begin where 1/2 and 3/4 of the sum of all learning rates are used;
    the run must have at least 12 evaluations. Neither condition counts if the loss moves up and
    down in the second half, or if it rose in the first half above its start, by over 1/20 of the
    largest possible fall: its steps were too long at first, and not too short. With batches and a
    rate that decays, neither counts if the rises of the loss in the second half add up to over 1/5
    of its fall: noise falls as the rate decays.

    A second case is a run that a rule for small changes of the loss or the weights stopped, but not
    near a minimum: small steps change little anywhere. The norm of its full gradient was still over
    1/5 of the first one or, on a surface, it ended above the minimum by over 1/10 of the largest
    possible fall. With batches, the loss must not move up and down, because noise may repeat a loss
    by chance.

    A third case is a run with full batches on a surface, whose minimum is known. It ended above the
    minimum by over 1/10 of the largest possible fall, and neither oscillates nor is stuck.

    Evidence: training loss, learning rate, stability limit 2/L

    Source: Nocedal & Wright 2006, section 3.3.
    """
    likely = (
        *changes.fewer_limits(run),
        *changes.less_memory(run),
        *changes.scaled_start(run),
        *scales.standardised(run),
        *changes.larger_rates(run),
        *changes.less_decay(run),
        *changes.adam(run),
        *changes.longer(run),
    )
    remedies = changes.likeliest_first(run, likely)
    if flat_point(run) is not None or alike(run):
        return None
    if (evidence := _stopped_by_small_steps(run)) is not None:
        cures = (each for each in remedies if not each.changes.keys() & _BUDGETS)
        smaller = changes.smaller_change(run)
        return Symptom("slow convergence", 0.7, evidence, (*cures, *smaller))
    if _falls(run):
        slow_only = not run.learnt and not rose_first(run)
        return _falling(run, "slow convergence", remedies) if slow_only else None
    if _falls_steadily(run) and not run.learnt and not rose_first(run):
        return Symptom("slow convergence", 0.6, _quarters(run), remedies)
    if not _above_minimum(run) or run.status != "exhausted" or not run.full_batches:
        return None
    if run.fallen <= 0 or _at_saddle(run) or unsteady(run):
        return None
    return Symptom(
        "slow convergence",
        0.6,
        _left_words(run),
        (*remedies, *(() if _keeps_falling(run) else changes.other_starts(run))),
    )


_BUDGETS = {"stopping.epochs", "stopping.steps", "stopping.gradients"}


def _stopped_by_small_steps(run: Traced) -> str | None:
    """The evidence, as text, that small changes stopped the run far from a minimum; else None."""
    if not run.stopped_by_small_changes or (not run.full_batches and unsteady(run)):
        return None
    words = f"{SMALL_CHANGES[run.rule]} stopped the run, and not a minimum"
    if "surface" in run.config:
        left = float(run.loss[-1]) - run.floor
        return f"{words}: {_left_words(run)}" if left > run.gap / 10 else None
    norms = run.full_gradients
    if not len(norms) or not norms[-1] > norms[0] / 5 > 0:
        return None
    which = "gradient norm" if run.full_batches else "norm of the full gradient"
    first, last = contrasted(norms[0], norms[-1])
    return (
        f"{words}: the {which} ended at {last}, which is "
        f"{multiple(norms[-1], norms[0])} its first value {first}"
    )


def _left_words(run: Traced) -> str:
    """The evidence that a run on a surface ended above the minimum, as text."""
    last = float(run.loss[-1])
    ended, lowest = contrasted(last, run.floor)
    return (
        f"the training loss ended at {ended}, and the minimum of the surface is "
        f"{lowest}: {share(last - run.floor, run.gap)} of its largest possible fall is left"
    )


def still_falling(run: Traced) -> Symptom | None:
    """The loss fell well, but the budget ended before it settled.

    The training loss ended below half of its first value, and below half of the loss of a constant
    prediction. Over 1/5 of the fall of the whole run came in its second half, and over 1/50 in its
    last tenth. The second half and the last tenth begin where 1/2 and 9/10 of the sum of all
    learning rates are used; the fall in a part is counted from the lowest loss before it. There is
    no symptom if the loss moves up and down in the second half; nor on a surface, whose minimum is
    known, if the loss ended above the minimum by at most 1/1000 of its fall. With batches and a
    rate that decays, there is none if the rises of the loss in the second half add up to over 1/5
    of the fall in it: noise falls as the rate decays.

    Evidence: training loss

    Source: Bengio 2012, section 3.1.1.
    """
    if not _falls(run) or not run.learnt:
        return None
    ready = (
        *changes.longer(run),
        *scales.standardised(run),
        *(() if rose_first(run) else changes.larger_rates(run)),
        *changes.adam(run),
    )
    return _falling(run, "still falling", ready)


def _falls(run: Traced) -> bool:
    """Whether a budget ended the run while its loss still fell clearly, up to the end.

    A run that reached a level after an early middle fell in its second half, but not in its last
    tenth. False for a loss that rose far above its start, or that moves up and down at the end: a
    comparison of the two halves of the run says nothing about such a loss.
    """
    if run.status != "exhausted" or jumped(run):
        return False
    if unsteady(run) or _less_noise(run) or _at_minimum(run):
        return False
    return run.fallen_late > run.fallen / 5 > 0 and run.fallen_after(0.9) > run.fallen / 50


def _at_minimum(run: Traced) -> bool:
    """Whether the loss on a surface ended above the minimum by at most 1/1000 of its fall.

    False for a run on data, because the minimum is not known.
    """
    return "surface" in run.config and run.end - run.floor <= run.fallen / 1000


def _less_noise(run: Traced) -> bool:
    """Whether the late fall of the loss is that of the noise of the batches, with the rate.

    Noise holds the loss above the minimum by an amount in proportion to the rate (Bottou et al.
    2018, theorem 4.6), so that a schedule lowers it. Such a loss also rises between evaluations. A
    loss that still goes down to its minimum hardly rises: with small rates the noise is small, too.
    """
    rates = run.steps.get("lr", np.empty(0))
    if run.full_batches or len(rates) < 2 or "step" not in run.evals:
        return False
    middle = np.interp(run.half_epoch, run.epochs, run.evals["step"])
    decayed = rates[-1] < np.interp(middle, run.steps["step"], rates)
    rises = np.maximum(np.diff(run.loss[run.progress >= 0.5]), 0).sum()
    return bool(decayed and rises > run.fallen_late / 5)


def _falls_steadily(run: Traced) -> bool:
    """Whether the loss falls in the fourth quarter almost as much as in the third.

    Comparing the halves of the run can miss this: with random initial weights of a large scale,
    most of the fall is in the first steps.
    """
    half, third, end = run.middle, run.loss_at(0.75), run.end
    if run.status != "exhausted" or len(run.loss) < FEWEST_OF_QUARTERS:
        return False
    if half - end < run.gap / 50 or unsteady(run) or _less_noise(run):
        return False
    return third - end > 0.7 * (half - third) > 0


FEWEST_OF_QUARTERS = 12
"""The quarters of a run are compared if it has at least this many evaluations, 3 in each."""


def _quarters(run: Traced) -> str:
    half, third = epoch_words(run.half_epoch), epoch_words(run.epoch_at(0.75))
    return (
        f"the training loss fell by {quantity(run.middle - run.loss_at(0.75))} from epoch {half} "
        f"to {third}, and still by {quantity(run.loss_at(0.75) - run.end)} after that, to "
        f"{quantity(run.end)}"
    )


def _falling(run: Traced, name: str, remedies: tuple[Remedy, ...]) -> Symptom:
    late = share(run.fallen_late, run.fallen)
    half = (
        "where the sum of the learning rates reached half of its total"
        if run.decayed
        else "the middle"
    )
    evidence = (
        f"{late} of the fall of the training loss came after epoch "
        f"{epoch_words(run.half_epoch)} of {position(run.epochs[-1])}, {half}"
    )
    if run.full_batches and run.limit is not None and run.rate < run.limit.value / 10:
        evidence += f"; {limit_words(run, run.limit)}"
    return Symptom(name, min(1.0, 2 * run.fallen_late / run.fallen), evidence, remedies)
