"""A network one example and one unit at a time in plain Python, written from the papers."""

import math

from textbook import VALUES as LOSSES

LAMBDA, ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
"""SELU's constants, from the appendix of Klambauer et al. 2017."""


def gelu(z):
    return 0.5 * z * math.erfc(-z / math.sqrt(2))


VALUES = {
    "relu": lambda z: max(0.0, z),
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "elu": lambda z: z if z > 0 else math.exp(z) - 1,
    "selu": lambda z: LAMBDA * (z if z > 0 else ALPHA * (math.exp(z) - 1)),
    "tanh": lambda z: (math.exp(z) - math.exp(-z)) / (math.exp(z) + math.exp(-z)),
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "gelu": gelu,
    "silu": lambda z: z / (1 + math.exp(-z)),
    "identity": lambda z: z,
}
"""Each activation, as its paper prints it."""


def affine(weights, bias, h):
    """Σᵢ hᵢ wᵢⱼ + bⱼ for each unit j."""
    return [
        sum(h[i] * float(weights[i][j]) for i in range(len(h)))
        + (float(bias[j]) if bias is not None else 0.0)
        for j in range(weights.shape[1])
    ]


def moments(column):
    """The mean, and the variance over as many (not one less), of one unit over a batch."""
    mean = sum(column) / len(column)
    return mean, sum((z - mean) ** 2 for z in column) / len(column)


def forward(named, X, *, activation, depth, masks=None, running=None):
    """Scores of each example, and the (mean, variance) of each layer's units over the batch.

    named: the weights by name; their names determine the parts of the network. masks[k][j][i]: the
    factor of unit j of layer k for example i. running[k]: (means, variances) that are used instead
    of those of the batch.
    """
    hidden = [[float(x) for x in row] for row in X]
    seen = []
    for k in range(depth):
        prefix = f"layer{k + 1}."
        before = hidden
        z = [affine(named[prefix + "w"], named.get(prefix + "b"), h) for h in hidden]
        if prefix + "scale" in named:
            units = range(len(z[0]))
            batch = [moments([row[j] for row in z]) for j in units]
            seen.append(batch)
            used = batch if running is None else list(zip(*running[k], strict=True))
            z = [
                [
                    float(named[prefix + "scale"][j])
                    * (row[j] - used[j][0])
                    / math.sqrt(used[j][1] + 1e-5)
                    + float(named[prefix + "shift"][j])
                    for j in units
                ]
                for row in z
            ]
        hidden = [[VALUES[activation](value) for value in row] for row in z]
        if masks is not None:
            hidden = [
                [h * float(masks[k][j][i]) for j, h in enumerate(row)]
                for i, row in enumerate(hidden)
            ]
        if named.get("residual") and k > 0:
            if f"projection{k + 1}.w" in named:
                before = [affine(named[f"projection{k + 1}.w"], None, h) for h in before]
            hidden = [
                [a + b for a, b in zip(*rows, strict=True)]
                for rows in zip(hidden, before, strict=True)
            ]
    last = f"layer{depth + 1}."
    return [affine(named[last + "w"], named[last + "b"], h) for h in hidden], seen


def mean_loss(scores, y, loss, **options):
    """(1/B) Σ ℓ over the examples."""
    values = [LOSSES[loss](s, target, **options) for s, target in zip(scores, y, strict=True)]
    return sum(values) / len(values)
