"""The verdict on every claim, and its numbers against values that were derived by hand."""

import pytest

from gdrun.insight.claims import CLAIMS

# For each claim: the verdict, and numbers with their tolerance.
EXPECTED = {
    # σ²/B, and (120 − 60)/(120 − 1) at B = N/2.
    "batch-variance": ("corrected", {"exponent": (-1, 0.1), "ratio_predicted": (60 / 119, 1e-12)}),
    "unbiased": ("holds", {}),
    "decrease": ("corrected", {"falling_below": (1, 0), "rising_above": (1, 0.1)}),
    "smooth-rate": ("holds", {"steps": (300, 0)}),
    "non-convex": ("fails", {"steps": (200, 0)}),
    # (1 − 3)² = 4; log(1e300)/log(4) = 498.3.
    "overflow": ("corrected", {"factor": (4, 1e-9), "finite_steps": (499, 1)}),
    "conditioning": (
        "corrected",
        {"exponent_descent": (1, 0.15), "exponent_heavy_ball": (0.5, 0.2)},
    ),
    # Σ 0.9ⁿ = 10.
    "momentum-limit": ("corrected", {"step_length": (10, 0.1), "final_share": (0, 1e-6)}),
}


def test_every_claim_is_here():
    assert CLAIMS.keys() == EXPECTED.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_the_verdict(name):
    verdict, numbers = EXPECTED[name]
    finding, seconds = CLAIMS[name].measure()
    assert finding.verdict == verdict
    assert seconds > 0
    for key, (value, tolerance) in numbers.items():
        assert finding.numbers[key] == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_holds_has_a_source_or_an_equation(name):
    claim = CLAIMS[name]
    assert claim.truth.endswith(".")
    assert claim.statement[0].islower()
