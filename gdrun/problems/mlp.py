"""The model mlp of a config: its options, and the network that they describe."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge, Lt

from gdrun.methods.definitions import AUTO, Choice, Count
from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.losses import LOSSES, Loss
from gdrun.problems.models import Options, model
from gdrun.problems.network import Network


def _fitting_init(options: Options) -> str:
    """Return the name of the init that suits the activation in `options`."""
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

    x are the features, W and b the weights and biases. In the scores s, h is the output of the last
    hidden layer. hidden: the widths of the hidden layers. activation: φ. loss and activation may
    have options, which are set in the same section.
    loss: with auto it is cross_entropy if the target has labels, or whole numbers that repeat and
    have at most 20 different values; otherwise mse. batch_norm: normalise hₖ₋₁ Wₖ before φ; its
    shift replaces the bias. Evaluation then uses running statistics, or, for averaged weights, the
    statistics of all training examples. residual: from the second hidden layer on, add hₖ₋₁ to hₖ;
    if their widths differ, hₖ₋₁ is multiplied by a matrix first. dropout: the share of hidden units
    that each step sets to 0; skip connections are not dropped. The option init, which every model
    has, chooses the initial weights; with auto they suit the activation.

    If the examples stay on disk, bgd reads them block by block. But with batch_norm, both bgd and
    the rule stopping.grad_norm need all N examples in memory at once, and up to 8 numbers for each
    hidden unit, example and run.
    """
    # The share of dropout may differ between lanes, so it belongs to the objective.
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
