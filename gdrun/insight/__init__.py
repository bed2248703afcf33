"""Theory of a run, its curvature and gradient noise, gradient checks, claims, and remedies."""
