"""Symptoms of steps that are too long or too noisy: the loss rises, or moves up and down.

The fall of the loss is from the first evaluation to the end (`Traced.end`); the largest possible
fall is from the first evaluation to a lower bound of the loss, which is 0 on data.
"""

from __future__ import annotations

import math

import numpy as np

from gdrun.array_types import Array
from gdrun.methods.plugins import note_on_ascent
from gdrun.methods.stopping import position
from gdrun.quantities import contrasted, quantity
from gdrun.symptoms import changes, initial_weights, peaks, scales, swings
from gdrun.symptoms.facts import Symptom, Traced
from gdrun.symptoms.wording import limit_words


def undefined_update(run: Traced) -> Symptom | None:
    """The update rule gives NaN, although the loss and the gradient are finite.

    The last update is NaN, while all batch losses and gradient norms are finite. No batch loss was
    above L₀ by more than L₀ − L*: L₀ is the first training loss, and L* the minimum of a surface,
    or 0 on data. The equation of the rule divides 0 by 0, or takes the root or the logarithm of a
    negative number. A smaller rate does not change this.

    Evidence: batch loss, gradient norm, length of the update

    Source: IEEE 754-2019, section 7.2.
    """
    names = ("batch_loss", "grad_norm", "update_norm")
    if run.diverged is None or any(not len(run.steps.get(name, ())) for name in names):
        return None
    loss, norm, update = (run.steps[name] for name in names)
    finite = np.isfinite(loss).all() and np.isfinite(norm).all()
    if not (np.isnan(update[-1]) and finite and loss.max() <= run.start + run.gap):
        return None
    evidence = (
        f"{run.diverged}, although the loss {quantity(loss[-1])} and the gradient norm "
        f"{quantity(norm[-1])} of this step are finite: the equation of "
        f"{run.config['optimizer'].get('name', 'the rule')} is not defined there"
    )
    return Symptom("undefined update", 1.0, evidence)


def exploding(run: Traced) -> Symptom | None:
    """The loss rises without limit, because the steps are too long.

    The run diverged, or its training loss rose in one of three ways. The rises are compared with
    the largest possible fall: the first loss minus the minimum of a surface, or the whole first
    loss on data. First, the loss ended above its start by over 1 % of the largest possible fall,
    and the gradient norm did not fall. Second, the loss was once above its start by more than the
    largest possible fall, in a run that fell by less than half of it; with mini-batches, by less
    than 2/3 of it, or at any time in the second half of the run. Third, with mini-batches, at least
    two losses are above the first one by over 1/4 of the largest possible fall: the rate is too
    large for the noise of these batches. The third way does not count if the loss was above its
    start only in the first half, and the run fell by over 9/10 of the largest possible fall. For a
    run that starts at the minimum of a surface there is only one way: the loss ends above twice its
    largest value in the first half.

    With full batches, a loss that jumps far above its start again and again, and ends far below it,
    does not explode: it oscillates.

    With full batches, a loss that rose does not rise without limit in two cases. First, its peaks
    fall from part to part of the last two thirds of the run, and it has fallen again to less than
    half of its largest height. Momentum has such a rise also at rates below the stability limit.
    Second, the peaks of the last two thirds are equal (within 0.1 %), and the gradient norm did not
    fall: this is an oscillation.

    A rate above 2/L increases a quadratic with smoothness L.

    Evidence: training loss, gradient norm, stability limit 2/L

    Source: Nesterov 2004, section 1.2.
    """
    grown = run.gradient_ratio
    risen = run.end - run.start > run.gap / 100 and not grown < 1
    top = int(np.argmax(run.loss))
    # Python floats: the difference of two infinite losses is NaN, without a warning.
    least = 2.0 if run.full_batches else 1.5
    peaked = float(run.loss[top]) - float(run.start) > run.gap > least * run.fallen
    late = float(_second_half(run).max()) - float(run.start) > run.gap
    peaked = peaked or (late and not run.full_batches)
    high = np.count_nonzero(run.loss > run.start + run.gap / 4) > 1
    thrown = not run.full_batches and bool(high) and not _recovered(run)
    if run.gap == 0:
        # A start at the minimum: noise lifts the loss to a level, but does not let it grow.
        early = run.loss[: len(run.loss) // 2]
        risen, peaked, thrown = run.end > 2 * float(early.max(initial=0)), False, False
    if run.diverged is None and (not (risen or peaked or thrown) or _returns(run) or level(run)):
        return None
    evidence = run.diverged or _rise(run)
    above = run.limit if run.limit is not None and run.rate > run.limit.value else None
    explained = above is not None and above.exact
    if not explained and (growth := _gradient_growth(run)):
        evidence += f"; {growth}"
    elif not explained and thrown and not peaked:
        size = quantity(float(np.median(run.steps["batch_size"]))) if run.steps else "this size"
        evidence += f"; the rate {quantity(run.rate)} is too large for batches of {size}"
    if above is not None:
        evidence += f"; {limit_words(run, above)}"
    large = initial_weights.too_large(run)
    if large:
        evidence += f"; {large}"
    starts = initial_weights.scaled(run) if large else ()
    # The stability limit of a linear model does not depend on the target.
    remedies = (
        *starts,
        *scales.standardised(run, target=run.is_network),
        *changes.less_memory(run),
        *changes.smaller_rates(run),
        *changes.clipping(run),
        *(() if run.full_batches else (changes.LARGER_BATCH,)),
    )
    if not math.isfinite(run.start):  # No step was taken, so that its length does not matter.
        remedies = (*starts, *scales.scaled_data(run))
    if (ascent := note_on_ascent(run.config["optimizer"].get("name", ""))) is not None:
        evidence, remedies = f"{evidence}; correct the rule first: {ascent}", ()
    return Symptom("exploding", 1.0 if run.diverged else 0.8, evidence, remedies)


def _rise(run: Traced) -> str:
    """How high the loss rose, and when it first was that high (within 0.1 %), as a sentence."""
    high = float(run.loss.max()) - run.floor
    first = int(np.argmax(run.loss - run.floor >= high * (1 - peaks.STEADY)))
    start, highest = contrasted(run.start, run.loss[first])
    rose = f"the training loss rose from {start} to {highest} by epoch"
    last = float(run.loss[-1])
    end = f", and ended at {quantity(last)}" if last < run.loss[first] - high / 20 else ""
    return f"{rose} {position(run.epochs[first])}{end}"


def _gradient_growth(run: Traced) -> str:
    """How the gradient norm grew, as a sentence; empty if by less than 2-fold, or not known.

    With full batches the first step is compared with the last. With others, whose gradients have
    noise, it is the median over the first tenth of the steps with that over the last.
    """
    if not run.full_batches:
        grown = run.gradient_ratio
        known = f"the median gradient norm grew {quantity(grown, 3)}-fold"
        tenths = "from the first to the last tenth of the steps"
        return f"{known} {tenths}" if math.isfinite(grown) and grown >= 2 else ""
    norms = run.steps.get("grad_norm", np.empty(0))
    places = np.flatnonzero(np.isfinite(norms) & (norms > 0))
    if len(places) < 2 or not norms[places[-1]] >= 2 * norms[places[0]]:
        return ""
    steps = run.steps.get("step", np.arange(1, len(norms) + 1))
    ratio = float(norms[places[-1]]) / float(norms[places[0]])
    first, last = (int(steps[place]) for place in (places[0], places[-1]))
    ends = f"from step {first:,} to step {last:,}"
    return f"the gradient norm grew {quantity(ratio, 3)}-fold {ends}"


def _returns(run: Traced) -> bool:
    """Whether a loss with full batches rose only for a time: its peaks fall, and it fell far.

    It must have fallen to less than half of its largest height above the lower bound.
    """
    loss = run.loss - run.floor
    return run.full_batches and peaks.fall(loss) and bool(loss[-1] < loss.max() / 2)


def level(run: Traced) -> bool:
    """Whether a loss with full batches stays above its start: its peaks are equally high.

    The gradient is as large as before, so that each step leads to the other side of the minimum.
    """
    above = run.end - run.start > run.gap / 100 and not run.gradient_ratio < 1 - peaks.STEADY
    return run.full_batches and above and peaks.stay(run.loss - run.floor)


def oscillation(run: Traced) -> Symptom | None:
    """With full batches, steps jump across the minimum: the loss rises and falls, or hardly falls.

    The range of the training loss in the second half of the run is above 1/20 of its whole fall to
    its lowest value, and above 1/1000 of the first loss (on a surface: of the first loss minus the
    minimum). In addition, one of three conditions holds. First, at least half of the changes of the
    loss in this half have the opposite sign of the change before, and the mean losses of the third
    and the fourth quarter differ by less than 1/3 of the range. Second, the rises in this half add
    up to more than half of the whole fall. Third, the loss ended above its lowest value by more
    than half of the whole fall. The swings are the largest rise in this half or the largest fall,
    whichever is smaller: the less of the range they are, the less certain is the symptom.

    Another case is a loss that stays the same, or changes slowly, although the gradient is large.
    Then each step jumps across the minimum, as near the limit 2/L. The last case is a loss that
    rose above its start and whose peaks stay equally high, as with momentum at its limit.

    Evidence: training loss

    Source: Goh 2017.
    """
    if not run.full_batches or not unsteady(run):
        return None
    return _moving(run, "oscillation", np.arange(len(run.loss) // 2, len(run.loss)))


def noise_floor(run: Traced) -> Symptom | None:
    """With batches, the noise of the gradients at a rate that stays keeps the loss at a level.

    The loss moves up and down about a level above its minimum, and a smaller rate would lower the
    level. Evaluations in the second half of the run are compared. A schedule that changes the rate
    leaves only those for which the rate was below twice its last value; at least 3 are needed. A
    rate that falls to 0, as with cosine, lets the loss settle: then fewer are left, and there is no
    noise floor.

    The range of the training loss over these evaluations is above 1/20 of its whole fall to its
    lowest value, and above 1/1000 of the first loss (on a surface: of the first loss minus the
    minimum). In addition, one of two conditions holds. First, at least half of the changes of the
    loss between these evaluations have the opposite sign of the change before, and the mean losses
    of their first and their second half differ by less than 1/3 of the range. Second, the loss
    ended above its lowest value by more than half of the whole fall.

    Evidence: training loss

    Source: Bottou et al. 2018, section 4.2.
    """
    places = _at_last_rate(run)
    if run.full_batches or len(places) < FEWEST_AT_RATE or not _moves(run, run.loss[places]):
        return None
    return _moving(run, "noise floor", places)


FEWEST_AT_RATE = 3
"""A noise floor needs at least this many evaluations at about the last rate.

Three losses have two changes, which may have opposite signs.
"""


def _at_last_rate(run: Traced) -> Array:
    """The evaluations (n,) of the second half at a rate below twice the last one, as indices.

    The rate at an evaluation is that of the step before it.
    """
    places = np.arange(len(run.loss) // 2, len(run.loss))
    if not run.decayed or "step" not in run.evals:
        return places
    rates = np.interp(run.evals["step"][places], run.steps["step"], run.steps["lr"])
    near: Array = places[rates < 2 * run.steps["lr"][-1]]
    return near


def unsteady(run: Traced) -> bool:
    """Whether the loss moves up and down in the second half of the run, with little progress."""
    return run.overshoots or level(run) or _moves(run, _second_half(run))


def _moves(run: Traced, late: Array) -> bool:
    """Whether some late losses (n,) of a run move up and down, with little progress."""
    fall = float(run.loss[0] - run.loss.min())
    width, middle = float(np.ptp(late)), len(late) // 2
    if width <= max(fall / 20, run.gap / 1000):
        return False
    progress = abs(float(late[:middle].mean() - late[middle:].mean()))
    rises = float(np.maximum(np.diff(late), 0).sum())
    alternates = swings.alternations(late) >= 0.5 and progress <= width / 3
    returned = run.end - float(run.loss.min()) > fall / 2
    return alternates or returned or (run.full_batches and rises > fall / 2)


def _recovered(run: Traced) -> bool:
    """Whether the loss was above its start only in the first half, and then fell far below.

    Far below means that the loss fell by over 9/10 of the largest possible fall.
    """
    return run.fallen > 0.9 * run.gap and float(_second_half(run).max()) <= run.start


def _second_half(run: Traced) -> Array:
    return run.loss[len(run.loss) // 2 :]


def _moving(run: Traced, name: str, places: Array) -> Symptom:
    """The symptom of a loss that moves up and down. places: the indices (n,) of its late losses."""
    late, fall = run.loss[places], float(run.loss[0] - run.loss.min())
    since = position(run.epochs[places[0]])
    evidence = f"after epoch {since} the training loss {swings.words(late, fall)}"
    stays = run.overshoots or (level(run) and not _moves(run, late))
    if stays:
        evidence = (
            f"from epoch {since} on, the training loss {swings.course(late, run.floor)}, because "
            "each step jumps across the minimum"
        )
    if run.full_batches and run.limit is not None and run.rate > 0.9 * run.limit.value:
        evidence += f"; {limit_words(run, run.limit)}"
    # A trend is no part of the swings, so that it makes them less certain.
    alone = swings.size(late) / float(np.ptp(late)) if np.ptp(late) > 0 else 0.0
    certain = alone * swings.alternations(late) * (1 - 1 / (len(late) - 1))
    return Symptom(
        name,
        0.9 if stays else max(0.5, certain),
        evidence,
        (
            *changes.less_memory(run),
            *changes.fewer_limits(run),
            changes.DECAY,
            *changes.smaller_rates(run),
            *(() if run.full_batches else (changes.LARGER_BATCH,)),
        ),
    )
