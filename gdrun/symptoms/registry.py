"""The registry of symptoms, and the diagnosis of a run."""

from __future__ import annotations

from collections.abc import Collection

from gdrun.symptoms import result_rules, trace_rules
from gdrun.symptoms.facts import Rule, Symptom, Traced

FEWEST = 6
"""The rules in CURVES need at least this many evaluations."""

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


CURVES = ("stuck", "overfitting", "oscillation", "noise floor", "slow convergence", "still falling")
"""The symptoms that are read from the shape of the loss curve."""


def diagnose(run: Traced, muted: Collection[str] = ()) -> list[Symptom]:
    """The symptoms of a run, the gravest first; empty for a healthy run.

    A run that explodes has no other symptom: the rest of its trace follows from that one. muted:
    names of symptoms that are not reported.
    """
    explosion = SYMPTOMS["exploding"](run)
    if explosion is not None:
        found: list[Symptom | None] = [explosion]
    else:
        names = [name for name in SYMPTOMS if len(run.loss) >= FEWEST or name not in CURVES]
        found = [rule(run) for rule in dict.fromkeys(SYMPTOMS[name] for name in names)]
    return [each for each in found if each is not None and each.name not in muted]
