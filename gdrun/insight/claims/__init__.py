"""Claims: what texts on gradient descent state, measured with gdrun itself."""

from gdrun.insight.claims import (
    batches,
    convergence,
    momentum,
    noise_floor,
    rates,
    schedules,
    variants,
    update_rule,
)
from gdrun.insight.claims.registry import CLAIMS, Claim, Curve, Finding

__all__ = ["CLAIMS", "Claim", "Curve", "Finding", "modules"]

# Each module registers its claims when it is imported; CLAIMS has them in this order.
modules = (batches, convergence, momentum, noise_floor, rates, schedules, update_rule, variants)
