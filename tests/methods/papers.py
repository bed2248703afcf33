"""Every rule in plain Python, computed from the whole history of gradients, without slots.

A running mean is computed as the weighted sum of all earlier values. `ws` are the points w₀ … wₜ₋₁,
`gs` are the gradients g₁ … gₜ at these points, each a list of numbers, and `o` are the options.
Each entry of PAPERS returns wₜ. The last number of a point is a bias, which is a separate tensor.
"""

import math
from itertools import pairwise


def weighted(values, beta):
    """(1 − β) Σᵢ β^(t−i) xᵢ, the running mean that started at zero."""
    t = len(values)
    return math.fsum((1 - beta) * beta ** (t - 1 - i) * x for i, x in enumerate(values))


def corrected(values, beta):
    return weighted(values, beta) / (1 - beta ** len(values))


def each_weight(step):
    """A rule in which the update of a weight is `step` of the history of this weight."""

    def new_point(ws, gs, o):
        return [
            ws[-1][j] - step([w[j] for w in ws], [g[j] for g in gs], o) for j in range(len(ws[-1]))
        ]

    return new_point


def velocity(gs, beta):
    return math.fsum(beta ** (len(gs) - 1 - i) * g for i, g in enumerate(gs))


def adam_direction(gs, o):
    spread = corrected([g * g for g in gs], o["beta2"])
    return corrected(gs, o["beta1"]) / (math.sqrt(spread) + o["eps"])


def vanilla(ws, gs, o):
    return o["lr"] * gs[-1]


def momentum(ws, gs, o):
    return o["lr"] * (1 - o["dampening"]) * velocity(gs, o["beta"])


def nesterov(ws, gs, o):
    return o["lr"] * (gs[-1] + o["beta"] * velocity(gs, o["beta"]))


def adagrad(ws, gs, o):
    total = o["initial"] + math.fsum(g * g for g in gs)
    return o["lr"] * gs[-1] / (math.sqrt(total) + o["eps"])


def adadelta(ws, gs, o):
    moves = [(later - earlier) / o["lr"] for earlier, later in pairwise(ws)]
    # The running mean of the moves so far; before the first there is none.
    moved = weighted([move * move for move in moves], o["rho"])
    spread = weighted([g * g for g in gs], o["rho"])
    return o["lr"] * math.sqrt(moved + o["eps"]) / math.sqrt(spread + o["eps"]) * gs[-1]


def rmsprop(ws, gs, o):
    def scaled(gs):
        variance = weighted([g * g for g in gs], o["beta"])
        if o["centered"]:
            variance -= weighted(gs, o["beta"]) ** 2
        return gs[-1] / (math.sqrt(variance) + o["eps"])

    return o["lr"] * velocity([scaled(gs[: k + 1]) for k in range(len(gs))], o["momentum"])


def adam(ws, gs, o):
    return o["lr"] * adam_direction(gs, o)


def adamax(ws, gs, o):
    t = len(gs)
    largest = max(o["beta2"] ** (t - 1 - i) * (abs(g) + o["eps"]) for i, g in enumerate(gs))
    return o["lr"] * corrected(gs, o["beta1"]) / largest


def nadam(ws, gs, o):
    t = len(gs)
    mu = [o["beta1"] * (1 - 0.96 ** (k * o["momentum_decay"]) / 2) for k in range(1, t + 2)]
    ahead = mu[t] * weighted(gs, o["beta1"]) / (1 - math.prod(mu))
    now = (1 - mu[t - 1]) * gs[-1] / (1 - math.prod(mu[:t]))
    return (
        o["lr"] * (ahead + now) / (math.sqrt(corrected([g * g for g in gs], o["beta2"])) + o["eps"])
    )


def amsgrad(ws, gs, o):
    t = len(gs)
    top = max(weighted([g * g for g in gs[: k + 1]], o["beta2"]) for k in range(t))
    spread = math.sqrt(top / (1 - o["beta2"] ** t))
    return o["lr"] * corrected(gs, o["beta1"]) / (spread + o["eps"])


def adamw(ws, gs, o):
    return o["lr"] * adam_direction(gs, o) + o["lr"] * o["weight_decay"] * ws[-1]


def radam(ws, gs, o):
    t, beta2 = len(gs), o["beta2"]
    # The length of the simple mean with the same centre of mass as the weights β₂^(t−i).
    longest = 2 / (1 - beta2) - 1
    centre = sum(i * beta2 ** (t - i) for i in range(1, t + 1))
    centre /= sum(beta2 ** (t - i) for i in range(1, t + 1))
    length = 2 * (t - centre) + 1
    mean = corrected(gs, o["beta1"])
    if length <= o["threshold"]:
        return o["lr"] * mean
    r = math.sqrt((length - 4) / (longest - 4) * (length - 2) / (longest - 2) * longest / length)
    spread = math.sqrt(weighted([g * g for g in gs], beta2)) + o["eps"]
    return o["lr"] * mean * r * math.sqrt(1 - beta2**t) / spread


def adabelief(ws, gs, o):
    t = len(gs)
    surprises = [g - weighted(gs[: k + 1], o["beta1"]) for k, g in enumerate(gs)]
    added = o["eps"] * math.fsum(o["beta2"] ** k for k in range(t))
    belief = weighted([x * x for x in surprises], o["beta2"]) + added
    spread = math.sqrt(belief / (1 - o["beta2"] ** t))
    return o["lr"] * corrected(gs, o["beta1"]) / (spread + o["eps"])


def yogi(ws, gs, o):
    v = o["initial"]
    for square in (g * g for g in gs):
        if v > square:
            v -= (1 - o["beta2"]) * square
        elif v < square:
            v += (1 - o["beta2"]) * square
    spread = math.sqrt(v / (1 - o["beta2"] ** len(gs)))
    return o["lr"] * corrected(gs, o["beta1"]) / (spread + o["eps"])


def sign(x):
    return (x > 0) - (x < 0)


def rprop(ws, gs, o):
    size, last = o["lr"], 0
    for g in gs:
        g = sign(g)
        if g * last > 0:
            size = min(size * o["eta_plus"], o["step_max"])
        elif g * last < 0:
            size, g = max(size * o["eta_minus"], o["step_min"]), 0
        last = g
    return last * size


def lion(ws, gs, o):
    past = weighted(gs[:-1], o["beta2"])
    c = o["beta1"] * past + (1 - o["beta1"]) * gs[-1]
    return o["lr"] * (sign(c) + o["weight_decay"] * ws[-1])


def tensors(point):
    return [point[:-1], point[-1:]]


def norm(tensor):
    return math.sqrt(math.fsum(x * x for x in tensor))


def lars(ws, gs, o):
    """wₜ = w₀ − Σₖ α λₖ gₖ (1 + β + … + β^(t−k)), tensor by tensor."""
    t, point = len(gs), list(ws[0])
    for k in range(t):
        reach = math.fsum(o["beta"] ** i for i in range(t - k))
        start = 0
        for w, g in zip(tensors(ws[k]), tensors(gs[k]), strict=True):
            share = 1.0
            if norm(w) > 0 and norm(g) > 0:
                share = o["trust"] * norm(w) / (norm(g) + o["eps"])
            for j, slope in enumerate(g, start):
                point[j] -= o["lr"] * share * slope * reach
            start += len(g)
    return point


def lamb(ws, gs, o):
    point = []
    directions = [
        adam_direction([g[j] for g in gs], o) + o["weight_decay"] * ws[-1][j]
        for j in range(len(ws[-1]))
    ]
    for w, r in zip(tensors(ws[-1]), tensors(directions), strict=True):
        share = norm(w) / norm(r) if norm(w) > 0 and norm(r) > 0 else 1.0
        point += [weight - o["lr"] * share * x for weight, x in zip(w, r, strict=True)]
    return point


ELEMENTWISE = (
    vanilla, momentum, nesterov, adagrad, adadelta, rmsprop, adam, adamax, nadam, amsgrad, adamw,
    radam, adabelief, yogi, rprop, lion,
)  # fmt: skip
PAPERS = {rule.__name__: each_weight(rule) for rule in ELEMENTWISE} | {"lars": lars, "lamb": lamb}
