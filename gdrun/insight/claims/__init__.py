"""Claims: what texts on gradient descent state, measured with gdrun itself."""

from gdrun.insight.claims import (
    batches,
    convergence,
    critical_points,
    momentum,
    networks,
    noise_floor,
    optimizers,
    oscillation,
    rates,
    schedules,
    update_rule,
    variants,
)
from gdrun.insight.claims.registry import CLAIMS, Claim, Curve, Finding

__all__ = ["CLAIMS", "Claim", "Curve", "Finding", "modules"]

# Each module registers its claims when it is imported; CLAIMS has them in this order.
modules = (
    update_rule,
    variants,
    noise_floor,
    batches,
    rates,
    schedules,
    convergence,
    critical_points,
    networks,
    oscillation,
    momentum,
    optimizers,
)
