"""Networks with every activation, loss and shape, from the registry, and random points for them."""

import itertools
from dataclasses import dataclass

import numpy as np

from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.models import MODELS

MLP = MODELS["mlp"]
FEATURES, CLASSES, HIDDEN = 4, 3, (5, 5, 3)
SHAPES = {
    "plain": {},
    "batch_norm": {"batch_norm": True},
    "residual": {"residual": True},
    "both": {"batch_norm": True, "residual": True},
}
CHOSEN = list(MLP.options["loss"].choice.entries)


@dataclass(frozen=True)
class Case:
    """A network: its activation, its shape and its loss.

    HIDDEN has a width that repeats, so that there are skip connections with and without a matrix.
    """

    activation: str
    shape: str
    loss: str

    def __str__(self):
        return f"{self.activation}-{self.shape}-{self.loss}"

    def build(self, hidden=HIDDEN):
        return MLP.function(
            features=FEATURES,
            classes=CLASSES if self.loss == "cross_entropy" else 0,
            hidden=hidden,
            activation=self.activation,
            loss=self.loss,
            **SHAPES[self.shape],
        )


CASES = [Case(*parts) for parts in itertools.product(ACTIVATIONS, SHAPES, CHOSEN)]


def random_point(network, seed, *, rows=7, lanes=3, streams=(), dtype=float):
    """Weights (..., L, P), examples and targets; the same draws in either precision."""
    draw = np.random.default_rng(seed)
    W = 0.7 * draw.normal(size=(*streams, lanes, network.layout.size))
    X = draw.normal(size=(*streams, rows, network.features))
    if network.by_class:
        y = draw.integers(0, network.outputs, (*streams, rows))
    else:
        y = draw.normal(size=(*streams, rows)).astype(dtype)
    for array in (W, X, y):
        array.setflags(write=False)
    return W.astype(dtype), X.astype(dtype), y


def weights_by_name(network, row):
    """One lane's weights as the slow network wants them."""
    return network.layout.named(row) | {"residual": network.residual}
