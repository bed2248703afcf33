"""The multi-layer perceptron, as a config names it."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge, Lt

from gdrun.methods.definitions import AUTO, Choice, Count
from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.losses import LOSSES, Loss
from gdrun.problems.models import Options, model
from gdrun.problems.network import Network


def _fitting_init(options: Options) -> str:
    """The initial weights that fit the activation."""
    return ACTIVATIONS[options["activation"]].init


def _of_numbers_or_classes(loss: Loss) -> bool:
    return loss.targets == "number" or (loss.targets == "code" and not loss.margin)


@model(task="either", init=_fitting_init)
def mlp(
    features: int,
    classes: int,
    hidden: tuple[Count, ...] = (64,),
    activation: Annotated[str, Choice(ACTIVATIONS)] = "relu",
    batch_norm: bool = False,
    residual: bool = False,
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0,
    loss: Annotated[str, Choice(LOSSES, _of_numbers_or_classes, auto=True)] = AUTO,
    **options: Any,
) -> Network:
    """Multi-layer perceptron, for classes or for numbers.

        h₀ = x,  hₖ = φ(hₖ₋₁ Wₖ + bₖ) for each hidden layer,  s = h W + b
        L = mean loss of s + (l2/2) Σ ‖Wₖ‖²

    hidden: the widths of the hidden layers. activation: φ. loss and activation bring their own
    options. loss: auto is cross_entropy where the
    target has labels, or whole numbers of at most 20 different values that repeat; else mse.
    batch_norm: between hₖ₋₁ Wₖ and φ, in place of the bias; evaluation uses running statistics,
    or, for an average of the weights, those of all training examples. residual: hₖ₋₁ is added to
    hₖ from the second hidden layer on, through a matrix where the widths differ. dropout: the share
    of hidden units that each step leaves out; skip connections are kept. init: auto is what
    fits the activation.

    Where rows stay in their file, bgd reads a block of them at a time. Under batch_norm it cannot,
    nor can stopping.grad_norm: statistics of all N rows take all of them in memory, and up to 8
    numbers for each hidden unit of each row, in every lane.
    """
    # The share of dropout may differ by lane, so the objective carries it.
    chosen = loss if loss != AUTO else "cross_entropy" if classes else "mse"
    return Network(
        features,
        hidden,
        classes if classes else 1,
        ACTIVATIONS[activation].with_options(options),
        LOSSES[chosen].with_options(options),
        batch_norm,
        residual,
    )
