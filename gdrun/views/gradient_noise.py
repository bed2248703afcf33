"""The view of the noise of mini-batch gradients, and the same as a dict for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from gdrun.insight.gradient_noise import BATCHES, BatchNoise, GradientNoise
from gdrun.views.numbers import quantity
from gdrun.views.theory import plain_table


def gradient_noise_view(noise: GradientNoise) -> RenderableType:
    """Measured and predicted variance by batch size, the bias, and the noise scale."""
    place = "the initial weights" if noise.step is None else f"the weights of step {noise.step:,}"
    if noise.spread == 0:
        return Text(f"at {place} all {noise.rows:,} examples have the same gradient: no noise")
    table = plain_table("B", "with replacement", "σ²/B", "without", "σ²/B·(N−B)/(N−1)", "bias")
    table.columns[0].justify = "right"
    for one, other in zip(noise.replacement, noise.without, strict=True):
        table.add_row(
            f"{one.size:,}",
            quantity(one.variance, 3),
            quantity(one.predicted, 3),
            quantity(other.variance, 3),
            quantity(other.predicted, 3),
            _bias(one, other),
        )
    title = f"variance E‖g_B − ∇f‖² of the gradient over {BATCHES} batches, at {place}"
    lines = [
        f"σ² = tr Σ = {quantity(noise.spread)} over the N = {noise.rows:,} examples, "
        f"‖∇f‖² = {quantity(noise.signal)}"
    ]
    if noise.exponent is not None:
        lines.append(f"fit with replacement: variance ∝ B^{noise.exponent:.3f}; predicted: B^-1")
    if noise.noise_scale is None:
        lines.append("∇f is 0, so there is no noise scale")
    else:
        lines.append(
            f"gradient noise scale B_simple = σ²/‖∇f‖² = {quantity(noise.noise_scale, 3)}: "
            f"a batch_size near {noise.batch_size:,}"
        )
    if noise.step is None:
        lines.append(
            "the scale grows while training lowers ‖∇f‖; that of a run is at its last weights"
        )
    return Group(Text(title, style="bold"), table, "", *map(Text, lines))


def _bias(one: BatchNoise, other: BatchNoise) -> Text:
    """A word that says whether both biases are zero within their standard errors."""
    if one.unbiased and other.unbiased:
        return Text("none", style="green")
    return Text("BIASED", style="bold red")


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
        "replacement": [asdict(each) | {"unbiased": each.unbiased} for each in noise.replacement],
        "without": [asdict(each) | {"unbiased": each.unbiased} for each in noise.without],
    }
