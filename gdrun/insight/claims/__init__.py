"""Claims: statements of texts on gradient descent, tested with gdrun itself."""

from gdrun.insight.claims import (  # noqa: F401 - imported to register their claims
    adam,
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
    sublinear,
    update_rule,
    variants,
)
from gdrun.insight.claims.registry import CLAIMS, Claim, Finding, Series

__all__ = ["CLAIMS", "Claim", "Finding", "Series"]

# Importing these modules registers their claims. All tables list them by chapter.
for _claim in sorted(CLAIMS.values(), key=lambda each: each.chapter):
    CLAIMS[_claim.name] = CLAIMS.pop(_claim.name)
