"""A textbook training loop: plain Python, one example at a time, written from the definitions.

Nothing in it comes from the engine. Only the order of the examples does: the permutation of each
epoch is drawn from the stream that is documented for it. Weights are a list of columns, one for
each output: d features and, last, the bias.
"""

import math
from dataclasses import dataclass, field

from gdrun.methods.randomness import stream


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def squared(scores, y):
    (s,) = scores
    return (s - y) ** 2, [2 * (s - y)]


def absolute(scores, y):
    (s,) = scores
    return abs(s - y), [math.copysign(1, s - y) if s != y else 0.0]


def huber(scores, y):
    (s,) = scores
    r = s - y
    return (r * r / 2, [r]) if abs(r) <= 1 else (abs(r) - 0.5, [math.copysign(1, r)])


def pinball(scores, y):
    (s,) = scores
    return abs(s - y) / 2, [math.copysign(0.5, s - y) if s != y else 0.0]


def binary_cross_entropy(scores, y):
    (s,) = scores
    p = sigmoid(s)
    return -math.log(p if y else sigmoid(-s)), [p - y]


def cross_entropy(scores, y):
    total = sum(math.exp(s) for s in scores)
    slopes = [math.exp(s) / total - (j == y) for j, s in enumerate(scores)]
    return math.log(total) - scores[y], slopes


def hinge(scores, y, power=1):
    margins = [max(0.0, s - scores[y] + 1) if j != y else 0.0 for j, s in enumerate(scores)]
    slopes = [power * m ** (power - 1) if m > 0 else 0.0 for m in margins]
    slopes[y] = -sum(slopes)
    return sum(m**power for m in margins), slopes


def squared_hinge(scores, y):
    return hinge(scores, y, power=2)


def vanilla(memory, t, g, lr):
    return -lr * g


def momentum(memory, t, g, lr, beta=0.9):
    memory["v"] = beta * memory.get("v", 0.0) + g
    return -lr * memory["v"]


def rmsprop(memory, t, g, lr, beta=0.9, eps=1e-8):
    memory["v"] = beta * memory.get("v", 0.0) + (1 - beta) * g**2
    return -lr * g / (math.sqrt(memory["v"]) + eps)


def adam(memory, t, g, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    memory["m"] = beta1 * memory.get("m", 0.0) + (1 - beta1) * g
    memory["v"] = beta2 * memory.get("v", 0.0) + (1 - beta2) * g**2
    corrected = memory["m"] / (1 - beta1**t), memory["v"] / (1 - beta2**t)
    return -lr * corrected[0] / (math.sqrt(corrected[1]) + eps)


@dataclass
class SlowLoop:
    """A textbook run. rate: the learning rate as a function of (epochs, steps) before a step."""

    X: list
    y: list
    loss: object
    outputs: int
    rule: object
    rate: object
    batch: int
    l2: float = 0.0
    clip_norm: float = math.inf
    clip_value: float = math.inf
    seed: int = 0
    drop_last: bool = False
    steps: list = field(default_factory=list)

    def __post_init__(self):
        features = len(self.X[0])
        self.W = [[0.0] * (features + 1) for _ in range(self.outputs)]
        self.memory = [[{} for _ in column] for column in self.W]

    def example(self, i):
        row = [*self.X[i], 1.0]
        scores = [sum(w * x for w, x in zip(c, row, strict=True)) for c in self.W]
        value, slopes = self.loss(scores, self.y[i])
        return value, [[slope * x for x in row] for slope in slopes]

    def penalty(self):
        return self.l2 / 2 * sum(w * w for column in self.W for w in column[:-1])

    def value_and_gradient(self, chosen):
        value, gradient = 0.0, [[0.0] * len(column) for column in self.W]
        for i in chosen:
            part, slopes = self.example(i)
            value += part / len(chosen)
            for column, slope in zip(gradient, slopes, strict=True):
                for k, g in enumerate(slope):
                    column[k] += g / len(chosen)
        for column, weights in zip(gradient, self.W, strict=True):
            for k, w in enumerate(weights[:-1]):
                column[k] += self.l2 * w
        return value + self.penalty(), gradient

    def train_loss(self):
        return self.value_and_gradient(range(len(self.X)))[0]

    def accuracy(self):
        right = 0
        for row, y in zip(self.X, self.y, strict=True):
            scores = [sum(w * x for w, x in zip(c, [*row, 1.0], strict=True)) for c in self.W]
            found = scores[0] > 0 if self.outputs == 1 else scores.index(max(scores))
            right += found == y
        return right / len(self.X)

    def batches(self, epoch):
        rows = len(self.X)
        order = range(rows)
        if self.batch < rows:
            order = stream(self.seed, "order", epoch).permutation(rows).tolist()
        cuts = [order[k : k + self.batch] for k in range(0, rows, self.batch)]
        return [cut for cut in cuts if len(cut) == self.batch or not self.drop_last]

    def epoch(self, epoch):
        """Take the steps of one epoch, and record each step."""
        batches = self.batches(epoch)
        for position, chosen in enumerate(batches, start=1):
            lr, t = self.rate(epoch, len(self.steps)), len(self.steps) + 1
            value, gradient = self.value_and_gradient(chosen)
            size = norm(gradient)
            scale = min(1.0, self.clip_norm / size) if size else 1.0
            moves = [
                [
                    self.rule(memory, t, self.clipped(g * scale), lr)
                    for memory, g in zip(*columns, strict=True)
                ]
                for columns in zip(self.memory, gradient, strict=True)
            ]
            self.W = [
                [w + m for w, m in zip(*c, strict=True)] for c in zip(self.W, moves, strict=True)
            ]
            self.steps.append(
                {
                    "step": t,
                    "epoch": epoch + position / len(batches),
                    "gradients": len(chosen) + (self.steps[-1]["gradients"] if self.steps else 0),
                    "batch_size": len(chosen),
                    "lr": lr,
                    "batch_loss": value,
                    "grad_norm": size,
                    "update_norm": norm(moves),
                    "weight_norm": norm(self.W),
                    "clipped": size > self.clip_norm
                    or any(abs(g * scale) > self.clip_value for c in gradient for g in c),
                }
            )

    def clipped(self, g):
        return max(-self.clip_value, min(self.clip_value, g))

    def column(self, name):
        return [step[name] for step in self.steps]


def norm(columns):
    return math.sqrt(sum(value * value for column in columns for value in column))
