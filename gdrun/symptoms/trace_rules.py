"""Symptoms in the trace of a run: its losses, gradient norms and layers.

In the docstrings L₀, L_h and L_T are the training loss at the first evaluation, around the middle
of the run, and at its end; L* is a lower bound of the loss; V is the validation loss.
"""

from __future__ import annotations

import math
import re

import numpy as np

from gdrun.symptoms import changes
from gdrun.symptoms.facts import Remedy, Symptom, Traced, share


def exploding(run: Traced) -> Symptom | None:
    """The run diverged; or L_T − L₀ > (L₀ − L*) / 100, and the gradient norm did not fall either.

    A step α > 2/L increases a quadratic (Nesterov 2004, section 1.2).
    """
    grown = run.gradient_ratio
    risen = run.end - run.start > run.gap / 100 and not grown < 1
    if run.diverged is None and not risen:
        return None
    rose = f"the training loss rose from {run.start:.4g} to {run.end:.4g}"
    evidence = run.diverged or f"{rose} by epoch {run.epochs[-1]:.4g}"
    if run.limit is not None and run.rate > run.limit:
        evidence += (
            f"; the rate {run.rate:.4g} is {run.rate / run.limit:.3g} times "
            f"the stability limit {run.limit:.4g}"
        )
    elif math.isfinite(grown) and grown > 1:
        evidence += f"; the gradient norm grew {grown:.3g}-fold from the first to the last steps"
    return Symptom(
        "exploding",
        1.0 if run.diverged else 0.8,
        evidence,
        (
            changes.STANDARDISED,
            *changes.less_memory(run),
            *changes.smaller_rates(run),
            *changes.clipping(run),
        ),
    )


def vanishing(run: Traced) -> Symptom | None:
    """The second layer's gradient norm is below 1/100 of the last layer's, and L_T > (L₀ + L*) / 2.

    The ratio is the median over the evaluations (Hochreiter 1991; Glorot & Bengio 2010). The first
    layer is left out, because its gradient has the unit of the features.
    """
    names = _layers(run, "grad_norm")
    if len(names) < 3 or run.fallen > run.gap / 2:
        return None
    early, last = run.evals[names[1]], run.evals[names[-1]]
    seen = np.isfinite(early) & np.isfinite(last) & (last > 0)
    ratio = float(np.median(early[seen] / last[seen])) if seen.any() else 1.0
    # A gradient of exactly 0 does not shrink from layer to layer: that is the symptom stuck.
    if not 0 < ratio < 1e-2:
        return None
    return Symptom(
        "vanishing",
        0.9,
        f"the gradient of layer 2 is {ratio:.1e} of that of layer {len(names)} "
        f"(median of epochs {run.epochs[0]:.4g} to {run.epochs[-1]:.4g})",
        (changes.RELU, changes.TANH, changes.ADAM),
    )


def dead_units(run: Traced) -> Symptom | None:
    """Over 90 % of a layer's units are dead or saturated at the end, and L_T > (L₀ + L*) / 2.

    A dead unit has slope 0 for every example, so that its weights never change (Maas et al. 2013).
    Units with initial weights of 0 have slope 0 from the start: that is the symptom stuck.
    """
    if run.fallen > run.gap / 2 or run.config.get("model", {}).get("init") == "zeros":
        return None
    for kind in ("dead", "saturated"):
        for name in _layers(run, kind):
            part = float(run.evals[name][-1])
            if part > 0.9:
                layer = name.split(".")[0].removeprefix("layer")
                return Symptom(
                    "dead units",
                    min(1.0, part),
                    f"{share(part, 1)} of the units of layer {layer} are {kind} at "
                    f"epoch {run.epochs[-1]:.4g}",
                    (*changes.smaller_rates(run)[:3], changes.TANH, changes.RELU, changes.ADAM),
                )
    return None


def stuck(run: Traced) -> Symptom | None:
    """L₀ − L_T < (L₀ − L*) / 20, and less than 1/5 of this fall is in the second half of the run.

    That is a plateau or a saddle point (Dauphin et al. 2014); with a rate that is too small the
    loss falls as much in the second half as in the first. A linear model whose gradient norm fell
    to 1/10 is near its minimum, and a run that fired a rule of convergence is not stuck either. On
    a surface, where L* is attained, a gradient norm that fell to 1/20 far above L* is a saddle.
    """
    if _at_saddle(run):
        return _stuck(run)
    if run.fallen >= run.gap / 20 or run.fallen_late > max(run.fallen, 0.0) / 5:
        return None
    if run.status == "converged":
        return None
    if run.convex and (run.gradient_ratio < 0.1 or not run.full_batches):
        return None
    return _stuck(run)


def _at_saddle(run: Traced) -> bool:
    """Whether the gradient almost vanished at a point of a surface that is not a minimum."""
    return "surface" in run.config and run.gradient_ratio < 0.05 and run.fallen < 0.9 * run.gap


def _stuck(run: Traced) -> Symptom:
    return Symptom(
        "stuck",
        0.7,
        f"the training loss was {run.start:.4g} at the start, {run.middle:.4g} "
        f"at epoch {run.epochs[len(run.loss) // 2]:.4g} and {run.end:.4g} at the end",
        (
            *changes.fewer_limits(run),
            changes.RANDOM,
            *changes.larger_rates(run),
            *changes.smaller_rates(run)[:2],
            changes.ADAM,
        ),
    )


def slow(run: Traced) -> Symptom | None:
    """The budget ended, over 1/5 of the fall is in the second half, and L_T > (L₀ + L*) / 2.

    With a rate that is far too small the loss falls along a straight line.
    """
    if not _falls(run) or run.fallen > run.gap / 2:
        return None
    return _falling(
        run,
        "slow convergence",
        (
            *changes.fewer_limits(run),
            *changes.less_memory(run),
            changes.STANDARDISED,
            *changes.larger_rates(run),
            changes.ADAM,
            *changes.longer(run),
        ),
    )


def still_falling(run: Traced) -> Symptom | None:
    """The budget ended and over 1/5 of the fall is in the second half, but L_T ≤ (L₀ + L*) / 2."""
    if not _falls(run) or run.fallen <= run.gap / 2:
        return None
    ready = (*changes.longer(run), changes.STANDARDISED, *changes.larger_rates(run), changes.ADAM)
    return _falling(run, "still falling", ready)


def unsteady(run: Traced) -> Symptom | None:
    """The training loss rises and falls in the second half with little net progress.

    At least half of the changes have another sign than the change before, the range of the loss in
    that half is above (L₀ − min L) / 20 and (L₀ − L*) / 1000, and the mean losses of the third and
    the fourth quarter differ by less than 1/3 of this range. With full batches this is oscillation,
    and so are rises of the loss that add up to more than half of its fall; with smaller batches it
    is the noise of the gradients (Bottou et al. 2018, section 4.2).
    """
    late = run.loss[len(run.loss) // 2 :]
    signs = np.sign(np.diff(late))
    flips = float(np.mean(signs[1:] * signs[:-1] < 0)) if len(signs) > 1 else 0.0
    width, fall = float(np.ptp(late)), float(run.loss[0] - run.loss.min())
    middle = len(late) // 2
    progress = abs(float(late[:middle].mean() - late[middle:].mean()))
    wide = width > max(fall / 20, run.gap / 1000)
    alternates = flips >= 0.5 and progress <= width / 3
    rises = float(np.maximum(np.diff(run.loss), 0).sum())
    swings = run.full_batches and rises > fall / 2
    if not (wide and (alternates or swings)):
        return None
    return Symptom(
        "oscillation" if run.full_batches else "noise floor",
        min(1.0, 0.4 + max(flips, 0.5) / 2),
        f"after epoch {run.epochs[len(run.loss) // 2]:.4g} the training loss moves up and down "
        f"over {share(width, fall)} of its whole fall",
        (
            *changes.less_memory(run),
            changes.DECAY,
            *changes.smaller_rates(run),
            *(() if run.full_batches else (changes.LARGER_BATCH,)),
        ),
    )


def overfitting(run: Traced) -> Symptom | None:
    """V rose by over 1/10 of its whole fall since its minimum, while the training loss fell.

    V at the end is the median of its last values (Prechelt 1998, "Early stopping, but when?").
    """
    validation = run.evals.get("validation_loss")
    if validation is None or not np.isfinite(validation).all():
        return None
    least = int(np.argmin(validation))
    last = float(np.median(validation[-max(1, len(validation) // 10) :]))
    rise, fall = last - float(validation[least]), float(validation[0] - validation[least])
    if not rise > fall / 10 or run.end >= run.loss[least]:
        return None
    return Symptom(
        "overfitting",
        float(min(1.0, 0.5 + rise / max(fall, rise))),
        f"the validation loss rose from {validation[least]:.4g} at epoch {run.epochs[least]:.4g} "
        f"to {last:.4g}, while the training loss fell to {run.end:.4g}",
        (
            Remedy(
                {"stopping.epochs": max(1, int(run.epochs[least]))},
                "training ends at the lowest validation loss",
            ),
            *(Remedy({"model.l2": l2}, "l2 keeps the weights small") for l2 in (0.01, 0.1)),
            Remedy({"model.dropout": 0.5}, "units cannot rely on single other units"),
        ),
    )


def _falls(run: Traced) -> bool:
    """Whether a budget ended the run while its loss still fell clearly."""
    return run.status == "exhausted" and run.fallen > 0 and run.fallen_late > run.fallen / 5


def _falling(run: Traced, name: str, remedies: tuple[Remedy, ...]) -> Symptom:
    middle = run.epochs[len(run.loss) // 2]
    evidence = (
        f"{share(run.fallen_late, run.fallen)} of the fall of the training loss came after "
        f"epoch {middle:.4g} of {run.epochs[-1]:.4g}"
    )
    if run.limit is not None and run.rate < run.limit / 10:
        evidence += (
            f"; the rate {run.rate:.4g} is {share(run.rate, run.limit)} "
            f"of the stability limit {run.limit:.4g}"
        )
    return Symptom(name, min(1.0, 2 * run.fallen_late / run.fallen), evidence, remedies)


def _layers(run: Traced, kind: str) -> list[str]:
    """The columns of the layers with this quantity, from the first layer to the last.

    The matrices of skip connections, as projection2, are not in the chain of layers.
    """
    found = (re.fullmatch(rf"layer(\d+)\.{kind}", name) for name in run.evals)
    numbers = {match[0]: int(match[1]) for match in found if match}
    return sorted(numbers, key=numbers.__getitem__)
