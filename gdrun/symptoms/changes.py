"""The changes of a config that the rules offer as remedies, with numbers from the run's facts."""

from __future__ import annotations

import numpy as np

from gdrun.quantities import quantity, rounded
from gdrun.symptoms.facts import Remedy, Traced

RELU = Remedy(
    {"model.activation": "relu", "model.init": "he"},
    "the slope of ReLU is 1, so that the gradient does not shrink from layer to layer",
)
TANH = Remedy(
    {"model.activation": "tanh", "model.init": "xavier"},
    "the slope of tanh is 1 at 0; that of sigmoid is at most 1/4, and that of ReLU is 0 below 0",
)
DECAY = Remedy({"schedule": "cosine"}, "a rate that falls to 0 lets the weights settle")
LARGER_BATCH = Remedy(
    {"variant": "mbgd", "batch_size": 64}, "the mean over more examples has less noise"
)


BALANCED = "balanced_accuracy"


def rate(value: float, why: str) -> Remedy:
    """The remedy that changes the learning rate to this value, rounded."""
    return Remedy({"optimizer.lr": rounded(value)}, why)


def adam(run: Traced) -> tuple[Remedy, ...]:
    """Adam with a usual rate, for a run with another update rule."""
    if run.config["optimizer"].get("name") == "adam":
        return ()
    why = "Adam divides the step of each weight by the size of the weight's gradients"
    return (Remedy({"optimizer": "adam", "optimizer.lr": 0.01}, why),)


def smaller_rates(run: Traced) -> tuple[Remedy, ...]:
    """Smaller powers of ten; or 1/2, 1/20 and 1/200 of the stability limit.

    The latter is for full batches with a rate near or above the limit. The limit of a loss that is
    not quadratic may be smaller at other weights.
    """
    if run.full_batches and run.limit is not None and run.limit.value < 1.05 * run.rate:
        why = "the stability limit that theory predicts allows this step"
        return tuple(rate(run.limit.value / part, why) for part in (2, 20, 200))
    why = "a step that is small enough does not overshoot the minimum"
    return tuple(rate(run.rate * 10.0**-k, why) for k in range(1, 5))


def larger_rates(run: Traced) -> tuple[Remedy, ...]:
    """Larger rates, none above the stability limit if it is known, and none above LARGEST_RATE.

    The limit is that of full batches: with others, which need smaller rates, it is an upper bound
    only. Without a limit, the first rate is α / (1 − g₁ / g₀) for gradient norms g of two
    full-batch steps, because g falls by αλ of its value along a direction with curvature λ.
    """
    values = [value for k in (1, 2, 3) if (value := run.rate * 10.0**k) <= LARGEST_RATE]
    if run.limit is not None and run.full_batches:
        known = [part * run.limit.value for part in (0.5, 0.95)]
        why = "the stability limit that theory predicts allows this step"
        return tuple(rate(value, why) for value in known if value > run.rate)
    why = "a larger step goes further"
    if run.limit is not None:
        values = [value for value in values if value < run.limit.value / 2]
    norms = run.steps.get("grad_norm", np.empty(0))
    if run.full_batches and len(norms) > 1 and run.steps["step"][1] == 2 and norms[1] > 0:
        fall = 1 - norms[1] / norms[0]
        if 0 < fall < 0.1:
            values.insert(0, run.rate / fall)
    # Different values may be equal as they are rounded for the config.
    remedies = (rate(value, why) for value in values)
    return tuple({each.changes["optimizer.lr"]: each for each in remedies}.values())


LARGEST_RATE = 10.0
"""The largest rate that is proposed without a stability limit."""


def other_starts(run: Traced) -> tuple[Remedy, ...]:
    """Random initial weights of a network; noise of the gradient, or another start, on a surface.

    A linear model has no other start: its minimum is the same from each.
    """
    if run.convex:
        return ()
    if "surface" in run.config:
        return _surface_starts(run)
    smooth = run.config.get("model", {}).get("activation") in ("tanh", "sigmoid")
    changes = {"model.init": "xavier" if smooth else "he"}
    return (Remedy(changes, "random weights differ, so units learn different things"),)


def _surface_starts(run: Traced) -> tuple[Remedy, ...]:
    """Batches of one with noise; and for a start without a gradient, starts nearer to 0.

    The noise is 1/100 of the largest gradient norm, and at least 1/100: it leaves a saddle point,
    where gradient descent without noise stays (Jin et al. 2017). The noise of all examples has the
    sum 0, so that full batches have none. Another start is another problem, which is worth a try
    only where the first gradient is 0.
    """
    norms = run.steps.get("grad_norm", np.empty(0))
    norms = norms[np.isfinite(norms)]
    if not len(norms):
        return ()
    noise = rounded(max(norms.max() / 100, 0.01), 2)
    why = "noise leaves a saddle point; that of a full batch has the sum 0"
    remedies = [Remedy({"variant": "sgd", "surface.noise": noise}, why)]
    if norms[0] < NO_GRADIENT:
        why = "the start has no gradient; another start is another problem"
        start = run.config["surface"]["start"]
        nearer = ([rounded(value / part) for value in start] for part in (2, 4))
        remedies.extend(Remedy({"surface.start": each}, why) for each in nearer)
    return tuple(remedies)


NO_GRADIENT = 1e-6
"""A gradient norm of a surface below this value counts as 0."""


def scaled_start(run: Traced) -> tuple[Remedy, ...]:
    """Random initial weights that fit the sizes of the layers, for a network with others."""
    small = run.config.get("model", {}).get("init") in ("zeros", "normal")
    return other_starts(run) if run.is_network and small else ()


def standardised(run: Traced) -> tuple[Remedy, ...]:
    """Standardised features, also with the usual rate of 0.1; none if they are standardised."""
    known = run.config.get("dataset", {}).get("standardize", True)
    if known is True or (isinstance(known, dict) and known["features"]):
        return ()
    changes, why = {"dataset.standardize": True}, "equal scales of the features allow a larger step"
    return (Remedy(changes, why), Remedy({**changes, "optimizer.lr": 0.1}, why))


def scaled_data(run: Traced) -> tuple[Remedy, ...]:
    """Standardised features, and also the target of a regression, for a first loss that overflows.

    The losses of a standardised target have another unit; here there is none to compare them with.
    """
    both = {"features": True, "target": True}
    return (
        Remedy({"dataset.standardize": True}, "the squares of large features overflow"),
        Remedy({"dataset.standardize": both}, "the square of a large target overflows, too"),
    )


def longer(run: Traced) -> tuple[Remedy, ...]:
    """Four times the budget of the run."""
    stopping = run.config["stopping"]
    budgets = [key for key in ("epochs", "steps", "gradients") if key in stopping]
    changes = {f"stopping.{key}": 4 * stopping[key] for key in budgets}
    return (Remedy(changes, "the loss may fall further in more steps"),) if changes else ()


def less_decay(run: Traced) -> tuple[Remedy, ...]:
    """A constant rate for a run whose schedule changes it."""
    if not run.decayed:
        return ()
    return (Remedy({"schedule": "constant"}, "a constant rate stays as large as at the start"),)


def clipping(run: Traced) -> tuple[Remedy, ...]:
    """A limit at the gradient norm that a tenth of the steps does not exceed."""
    norms = run.steps.get("grad_norm", np.empty(0))
    norms = norms[np.isfinite(norms) & (norms > 0)]
    if not len(norms):
        return ()
    limit = rounded(np.quantile(norms, 0.1), 2)
    why = "a clipped gradient bounds the length of a step"
    return (
        Remedy({"clip.norm": limit}, why),
        Remedy({"clip.norm": limit, "optimizer.lr": rounded(run.rate / 10)}, why),
    )


def fewer_limits(run: Traced) -> tuple[Remedy, ...]:
    """Weaker clipping, dropout and l2, which hold the weights back."""
    remedies = []
    if run.config.get("clip") and (run.summary.get("clipped_share") or 0) > 0.5:
        norms = run.steps["grad_norm"]
        limit = rounded(10 * np.nanmax(norms), 2)
        remedies.append(Remedy({f"clip.{key}": limit for key in run.config["clip"]}, _CLIPPED))
    model = run.config.get("model", {})
    if model.get("dropout"):
        remedies.append(Remedy({"model.dropout": 0.0}, "every unit takes part in every step"))
    if model.get("l2"):
        remedies.append(Remedy({"model.l2": 0.0}, "l2 pulls the weights to 0"))
        remedies.append(Remedy({"model.l2": model["l2"] / 1000}, "a weaker pull to 0"))
    return tuple(remedies)


def best_by_balance(run: Traced) -> tuple[Remedy, ...]:
    """The weights of the epoch with the best balanced accuracy, for a run with a validation part.

    The balanced accuracy is the mean of the recalls of the classes.
    """
    rule = run.config["stopping"].get("early_stopping") or {}
    if run.summary.get("validation_loss") is None or rule.get("metric") == BALANCED:
        return ()
    why = "balanced accuracy counts every class alike, and the loss every example"
    if rule:
        return (Remedy({"stopping.early_stopping.metric": BALANCED}, why),)
    return (Remedy({"stopping.early_stopping": {"patience": 20, "metric": BALANCED}}, why),)


def less_memory(run: Traced) -> tuple[Remedy, ...]:
    """A usual momentum for a β close to 1, which averages over 1/(1 − β) steps."""
    beta = run.config["optimizer"].get("beta")
    if beta is None or beta <= 0.9:
        return ()
    changes = {"optimizer.beta": 0.9}
    return (
        Remedy(
            changes,
            f"β = {quantity(beta)} averages over {quantity(1 / max(1 - beta, 1e-9), 3)} steps",
        ),
    )


_CLIPPED = "a limit above the largest gradient norm of the run leaves gradients as they are"
