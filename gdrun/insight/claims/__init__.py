"""Claims: what texts on gradient descent state, measured with gdrun itself."""

from gdrun.insight.claims import batches, convergence, momentum
from gdrun.insight.claims.registry import CLAIMS, Claim, Curve, Finding

__all__ = ["CLAIMS", "Claim", "Curve", "Finding", "batches", "convergence", "momentum"]
