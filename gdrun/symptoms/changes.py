"""The changes of a config that the rules offer as remedies, with numbers from the run's facts."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from gdrun.quantities import quantity, rounded
from gdrun.symptoms.facts import RateLimit, Remedy, Traced

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
    """The remedy that sets the learning rate to `value`, rounded. why: the reason, as text."""
    return Remedy({"optimizer.lr": rounded(value)}, why)


def adam(run: Traced) -> tuple[Remedy, ...]:
    """Adam with the learning rate 0.01; none if the run uses Adam already."""
    if run.config["optimizer"].get("name") == "adam":
        return ()
    why = "Adam divides the step of each weight by the size of the weight's gradients"
    return (Remedy({"optimizer": "adam", "optimizer.lr": 0.01}, why),)


def smaller_rates(run: Traced) -> tuple[Remedy, ...]:
    """Smaller learning rates.

    These are 1/10 to 1/10⁴ of the run's rate. For a rate near or above a known stability limit,
    they are 1/2, 1/20 and 1/200 of this limit: if the loss is not quadratic, the limit may be
    smaller at other weights. Mini-batches, which need smaller rates than full batches, also get
    1/2000 of it. If L is only an upper bound, rates between the limit and the run's are last.
    """
    if run.limit is not None and run.limit.value < 1.05 * run.rate:
        why = ALLOWED if run.full_batches else "full batches are stable with this step"
        if run.rate < run.limit.value:  # The limit allows the run's own rate, too.
            why = SMALL_ENOUGH
        parts = (2, 20, 200) if run.full_batches else (2, 20, 200, 2000)
        safe = tuple(rate(run.limit.value / part, why) for part in parts)
        return safe + _rates_above(run, run.limit)
    return tuple(rate(run.rate * 10.0**-k, SMALL_ENOUGH) for k in range(1, 5))


def _rates_above(run: Traced, limit: RateLimit) -> tuple[Remedy, ...]:
    """The two rates that divide the range from the limit to the run's, if L is a bound."""
    ratio = run.rate / limit.value
    if not limit.is_bound or not MULTIPLE_OF_BOUND < ratio < math.inf:
        return ()
    return tuple(rate(limit.value * ratio ** (k / 3), L_IS_A_BOUND) for k in (1, 2))


ALLOWED = "the stability limit that theory predicts allows this step"
L_IS_A_BOUND = "rates above the limit may be stable: its L is only an upper bound of the curvature"
MULTIPLE_OF_BOUND = 10.0
"""The multiple of a limit that is tried if its L is a bound; rates up to it need none between."""

SMALL_ENOUGH = "a step that is small enough does not overshoot the minimum"
"""Why a smaller rate may help, whatever the stability limit is."""


def larger_rates(run: Traced) -> tuple[Remedy, ...]:
    """Larger learning rates.

    For full batches with a known stability limit, they are 0.5 and 0.95 of it, and
    MULTIPLE_OF_BOUND times it if its L is only an upper bound. Otherwise they are 10, 100 and 1000
    times the run's rate, up to LARGEST_RATE, and below the rate with which a run can still settle
    at a minimum of its surface. Mini-batches need smaller rates than full batches, so that their
    rates must also be below half of a known limit.

    For full batches without a known limit, α / (1 − g₁ / g₀) is proposed first if it is above 10α.
    α is the run's rate, and g₀ and g₁ are the gradient norms of its first two steps. Along a
    direction with curvature λ, a step reduces the gradient by the share αλ, so that the proposed
    rate is 1/λ.
    """
    values = [value for k in (1, 2, 3) if (value := run.rate * 10.0**k) <= LARGEST_RATE]
    if run.limit is not None and run.full_batches:
        above = {MULTIPLE_OF_BOUND: L_IS_A_BOUND} if run.limit.is_bound else {}
        parts = {0.5: ALLOWED, 0.95: ALLOWED} | above
        known = [(part * run.limit.value, why) for part, why in parts.items()]
        return tuple(rate(value, why) for value, why in known if value > run.rate)
    why = "a larger step goes further"
    if run.limit is not None:
        values = [value for value in values if value < run.limit.value / 2]
    norms = run.steps.get("grad_norm", np.empty(0))
    if run.full_batches and len(norms) > 1 and run.steps["step"][1] == 2 and norms[1] > 0:
        fall = 1 - norms[1] / norms[0]
        if 0 < fall < 0.1:
            values.insert(0, run.rate / fall)
    # Rounding for the config may make different values equal.
    remedies = (rate(value, why) for value in values if value < run.settling)
    return tuple({each.changes["optimizer.lr"]: each for each in remedies}.values())


def likeliest_first(run: Traced, remedies: Iterable[Remedy]) -> tuple[Remedy, ...]:
    """The remedies, with those that change only the rate first if the rate is far too small.

    It is if it is below FAR of a known stability limit: then the steps are short, whatever else
    there is in the config.
    """
    too_small = run.limit is not None and run.rate < FAR * run.limit.value
    return tuple(sorted(remedies, key=lambda each: too_small and set(each.changes) != {RATE}))


RATE = "optimizer.lr"

FAR = 0.01
"""A learning rate below this share of the stability limit is the likeliest reason for slowness."""

LARGEST_RATE = 10.0
"""The largest rate that is proposed without a stability limit."""


def other_starts(run: Traced) -> tuple[Remedy, ...]:
    """Random initial weights for a network; gradient noise or another start for a surface.

    Empty for a linear model with a convex loss, which has the same minimum from every start.
    """
    if run.convex:
        return ()
    if "surface" in run.config:
        return _surface_starts(run)
    smooth = run.config.get("model", {}).get("activation") in ("tanh", "sigmoid")
    changes = {"model.init": "xavier" if smooth else "he"}
    return (Remedy(changes, "random weights differ, so units learn different things"),)


def _surface_starts(run: Traced) -> tuple[Remedy, ...]:
    """Batches of one example with noise; if the start has no gradient, also starts nearer to 0.

    Without noise, gradient descent stays at a saddle point; noise moves it away (Jin et al. 2017).
    The size of the noise is 1/100 of the largest gradient norm, but at least 1/100. The noise of
    all examples adds up to 0, so that a full batch has none. Another start is another problem: it
    is proposed only if the first gradient is 0 or almost 0.
    """
    norms = run.steps.get("grad_norm", np.empty(0))
    norms = norms[np.isfinite(norms)]
    if not len(norms):
        return ()
    noise = rounded(max(norms.max() / 100, 0.01), 2)
    why = "noise moves the weights away from a flat point; a full batch has none"
    remedies = [Remedy({"variant": "sgd", "surface.noise": noise}, why)]
    if norms[0] < NO_GRADIENT:
        size = "0" if norms[0] == 0 else f"almost 0, with norm {quantity(norms[0], 3)}"
        why = f"the gradient at the start is {size}; another start is another problem"
        start = run.config["surface"]["start"]
        nearer = ([rounded(value / part) for value in start] for part in (2, 4))
        remedies.extend(Remedy({"surface.start": each}, why) for each in nearer)
    return tuple(remedies)


NO_GRADIENT = 1e-6
"""A gradient norm of a surface below this value counts as 0."""


def scaled_start(run: Traced) -> tuple[Remedy, ...]:
    """Random initial weights that fit the layer sizes: xavier or he (see `other_starts`).

    Empty for a model that is no network, or whose init is neither zeros nor normal.
    """
    small = run.config.get("model", {}).get("init") in ("zeros", "normal")
    return other_starts(run) if run.is_network and small else ()


def longer(run: Traced) -> tuple[Remedy, ...]:
    """Four times the budget of the run; none if the budget has no epochs, steps or gradients."""
    stopping = run.config["stopping"]
    budgets = [key for key in ("epochs", "steps", "gradients") if stopping.get(key) is not None]
    changes = {f"stopping.{key}": 4 * stopping[key] for key in budgets}
    return (Remedy(changes, "the loss may fall further in more steps"),) if changes else ()


def smaller_change(run: Traced) -> tuple[Remedy, ...]:
    """A thousandth of the threshold of loss_change or weight_change, whichever stopped the run.

    Empty if another rule or the budget stopped the run.
    """
    if not run.stopped_by_small_changes:
        return ()
    key = f"stopping.{run.rule}"
    value = rounded(run.config["stopping"][run.rule] / 1000)
    return (Remedy({key: value}, "the run continues until the changes are smaller"),)


def less_decay(run: Traced) -> tuple[Remedy, ...]:
    """A constant learning rate for a run whose schedule changes the rate; none for other runs."""
    if not run.decayed:
        return ()
    return (Remedy({"schedule": "constant"}, "a constant rate stays as large as at the start"),)


def clipping(run: Traced) -> tuple[Remedy, ...]:
    """Gradient clipping, once with the run's learning rate and once with a tenth of this rate.

    Norms are clipped at the first decile of the gradient norms. Norms below VANISHED times the
    first one are left out: examples that are predicted with certainty have such norms, and clipping
    at one of them would stop the training. For a rate above a known stability limit, the
    smaller rate is at most half of the stability limit, and its change is the first.
    """
    norms = run.steps.get("grad_norm", np.empty(0))
    norms = norms[np.isfinite(norms) & (norms > 0)]
    if not len(norms):
        return ()
    usual = norms[norms > VANISHED * norms[0]]
    limit = rounded(np.quantile(usual, 0.1), 2)
    why = "a clipped gradient bounds the length of a step"
    stable = np.inf if run.limit is None else run.limit.value
    smaller = min(run.rate / 10, stable / 2)
    same = Remedy({"clip.norm": limit}, why)
    reduced = Remedy({"clip.norm": limit, "optimizer.lr": rounded(smaller)}, why)
    return (reduced, same) if run.rate > stable else (same, reduced)


VANISHED = 1e-3
"""A gradient norm below this share of the first one has vanished."""


def fewer_limits(run: Traced) -> tuple[Remedy, ...]:
    """Weaker clipping, no dropout, no l2, and a weaker l2.

    Clipping is made weaker if it shortened over half of the steps. The other changes are offered if
    the run uses dropout or l2.
    """
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
        remedies.append(Remedy({"model.l2": rounded(model["l2"] / 1000)}, "a weaker pull to 0"))
    return tuple(remedies)


def best_by_balance(run: Traced) -> tuple[Remedy, ...]:
    """Early stopping by the balanced accuracy, the mean of the recalls of the classes.

    The run then returns the weights with the best balanced accuracy on the validation part. Empty
    for a run without a validation part, or that uses this metric already.
    """
    rule = run.config["stopping"].get("early_stopping") or {}
    if run.summary.get("validation_loss") is None or rule.get("metric") == BALANCED:
        return ()
    why = "balanced accuracy counts every class alike, and the loss every example"
    if rule:
        return (Remedy({"stopping.early_stopping.metric": BALANCED}, why),)
    return (Remedy({"stopping.early_stopping": {"patience": 20, "metric": BALANCED}}, why),)


def less_memory(run: Traced) -> tuple[Remedy, ...]:
    """Momentum with β = 0.9, for a run with a larger β.

    Momentum averages the gradients of about 1/(1 − β) steps.
    """
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
