"""The view of the noise of mini-batch gradients, and the same as a dict for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.insight.gradient_noise import BATCHES, BatchNoise, GradientNoise
from gdrun.views.fitting import FirstThatFits, without
from gdrun.views.numbers import quantity
from gdrun.views.theory import plain_table


def gradient_noise_view(noise: GradientNoise) -> RenderableType:
    """The measured and the predicted variance of mini-batch gradients by batch size.

    Below it are their bias as an estimate of ∇f, and the noise scale: the variance of the gradient
    of one example, divided by ‖∇f‖².
    """
    place = "the initial weights" if noise.step is None else f"the weights of step {noise.step:,}"
    if noise.spread == 0:
        return Text(f"at {place} all {noise.rows:,} examples have the same gradient: no noise")
    title = f"variance E‖g_B − ∇f‖² of the gradient over {BATCHES} batches, at {place}"
    lines: list[str | Text] = [
        "± is the standard error; at B = 1 the variance is exact",
        f"σ² = tr Σ = {quantity(noise.spread)} over the N = {noise.rows:,} examples, "
        f"‖∇f‖² = {quantity(noise.signal)}",
        _bias(noise),
    ]
    if noise.exponent is not None and noise.exponent_without is not None:
        lines.append(
            f"fitted powers of B: {noise.exponent:.3f} with replacement, and, for the variance "
            f"divided by (N−B)/(N−1), {noise.exponent_without:.3f} without; predicted: -1"
        )
    if noise.noise_scale is None:
        lines.append("∇f is 0, so there is no noise scale")
    else:
        lines.append(
            f"gradient noise scale B_simple = σ²/‖∇f‖² = {quantity(noise.noise_scale, 3)}: "
            f"it suggests batch_size={noise.batch_size}"
        )
    if noise.step is None:
        lines.append(
            "training lowers ‖∇f‖ and raises the scale; for a run, it is measured at the last "
            "weights"
        )
    return Group(Text(title, style="bold"), _variances(noise), *lines)


def _variances(noise: GradientNoise) -> RenderableType:
    """The measured and the predicted variance by batch size; a narrow table has short headings."""
    headings = ("with replacement", "σ²/B", "without", "σ²/B·(N−B)/(N−1)")
    short = ("with", "σ²/B", "without", "σ²c/B")
    tables = [_table(noise, each) for each in (headings, short)]
    measured = without(tables[1], (short[1], short[3]))
    words = Text("with and without replacement; c = (N−B)/(N−1)", style="dim")
    return FirstThatFits(*tables, measured, legends=["", *2 * [Group(words, "")]])


def _table(noise: GradientNoise, headings: Sequence[str]) -> Table:
    table = plain_table("rrrrr", "B", *headings)
    for one, other in zip(noise.replacement, noise.without, strict=True):
        cells = [
            text for each in (one, other) for text in (_measured(each), _short(each.predicted))
        ]
        table.add_row(f"{one.size:,}", *cells)
    return table


def _measured(noise: BatchNoise) -> str:
    """The measured variance with its relative standard error, if the error is known."""
    if not noise.variance_error:
        return _short(noise.variance)
    return f"{_short(noise.variance)} ± {100 * noise.variance_error / noise.variance:.1f} %"


def _short(number: float) -> str:
    return quantity(number, 3)


def _bias(noise: GradientNoise) -> Text:
    """A sentence on the largest bias, in standard errors."""
    known = [each for each in (*noise.replacement, *noise.without) if each.error > 0]
    worst = max(known, key=lambda each: each.bias / each.error)
    distance = f"{quantity(worst.bias / worst.error, 3)} standard errors"
    if worst.unbiased:
        return Text(f"no bias: at every B the mean gradient is within {distance} of ∇f")
    words = f"BIASED: at B = {worst.size:,} the mean gradient is {distance} away from ∇f"
    return Text(words, style="bold red")


def gradient_noise_data(noise: GradientNoise) -> dict[str, Any]:
    """The noise as a dict that can be written as JSON."""
    return {
        "step": noise.step,
        "rows": noise.rows,
        "batches": BATCHES,
        "trace": noise.spread,
        "gradient_squared": noise.signal,
        "noise_scale": noise.noise_scale,
        "batch_size": noise.batch_size,
        "exponent": noise.exponent,
        "exponent_without": noise.exponent_without,
        "replacement": [asdict(each) | {"unbiased": each.unbiased} for each in noise.replacement],
        "without": [asdict(each) | {"unbiased": each.unbiased} for each in noise.without],
    }
