"""The sentence on a measurement states what was measured, also if that is not what was expected."""

import pytest

from gdrun.config.resolving import resolve
from gdrun.insight.claims import CLAIMS, experiments
from gdrun.insight.claims.experiments import varied


def with_surface(**options):
    return lambda config: varied(config, surface=options)


def with_rate(rate):
    return lambda config: varied(config, optimizer={"lr": rate})


def with_budget(steps):
    return lambda config: varied(config, stopping={"steps": steps})


CASES = {
    # A start beside the line to the saddle leads to a valley, where f is −1/4.
    "BGD leaves the saddle": (
        "saddle-noise",
        with_surface(start=[1, 0.1]),
        "fails",
        "after 400 steps BGD has f = -0.25, and f is 0 at the saddle",
    ),
    "BGD has not left the saddle": (
        "saddle-end",
        with_budget(100),
        "holds",
        "BGD is still at the saddle after 100 steps",
    ),
    # On a quadratic with these curvatures heavy ball converges, to 0.
    "no cycle of heavy ball": (
        "heavy-ball-cycle",
        with_surface(name="bowl", start=[1, 1]),
        "holds",
        "the last three x of heavy ball are 0.000, ",
    ),
    # 0.1 is below 1/L, where L is 4.
    "no cycle of clipping": (
        "clipping-rate",
        with_rate(0.1),
        "holds",
        "at α = 2.5/L the run finished; clipped, it ends with f = 0.000, and f is from 0.125",
    ),
    # 0.1 is below 2/L, where L is 1 or 10.
    "no divergence before momentum": (
        "momentum-limit",
        with_rate(0.1),
        "fails",
        "gradient descent finished; heavy ball with β = 0.9 finished, with f at ",
    ),
    "no divergence at a long step": (
        "long-steps",
        with_rate(0.1),
        "fails",
        "with a constant α = 2.5/L the run finished; with 0.5/L and 2.5/L in turn f is ",
    ),
    # Each factor of f is 1 − αL/2 or more, which is near 1.
    "no rise": ("first-order", with_rate(0.001), "fails", "and 0.998 at αL = 3; the bound"),
}


@pytest.mark.longer
@pytest.mark.parametrize(("name", "change", "verdict", "text"), CASES.values(), ids=CASES)
def test_the_sentence_states_what_was_measured(monkeypatch, name, change, verdict, text):
    monkeypatch.setattr(experiments, "resolve", lambda config: resolve(change(config)))
    finding, _ = CLAIMS[name].measure()
    assert text in finding.measured
    assert finding.verdict == verdict
