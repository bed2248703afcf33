"""The registry of symptoms, and the diagnosis of a run."""

from __future__ import annotations

from collections.abc import Collection

from gdrun.symptoms import result_rules, trace_rules
from gdrun.symptoms.facts import Rule, Symptom, Traced

FEWEST = 4
"""A curve with fewer evaluations than this shows a divergence, but no other symptom."""

SYMPTOMS: dict[str, Rule] = {
    "exploding": trace_rules.exploding,
    "vanishing": trace_rules.vanishing,
    "dead units": trace_rules.dead_units,
    "stuck": trace_rules.stuck,
    "overfitting": trace_rules.overfitting,
    "oscillation": trace_rules.unsteady,
    "noise floor": trace_rules.unsteady,
    "slow convergence": trace_rules.slow,
    "still falling": trace_rules.still_falling,
    "baseline": result_rules.baseline,
    "imbalance": result_rules.imbalance,
}
"""The rule of each symptom, from the gravest to the mildest."""


def diagnose(run: Traced, muted: Collection[str] = ()) -> list[Symptom]:
    """The symptoms of a run, the gravest first; empty for a healthy run.

    A run that explodes has no other symptom: the rest of its trace follows from that one. muted:
    names of symptoms that are not reported.
    """
    explosion = SYMPTOMS["exploding"](run)
    if explosion is not None or len(run.loss) < FEWEST:
        found = [explosion]
    else:
        found = [rule(run) for rule in dict.fromkeys(SYMPTOMS.values())]
    return [each for each in found if each is not None and each.name not in muted]
