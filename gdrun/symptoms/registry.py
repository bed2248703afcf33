"""The registry of symptoms, and the diagnosis of a run."""

from __future__ import annotations

from gdrun.symptoms import network_rules, result_rules, trace_rules
from gdrun.symptoms.facts import Rule, Symptom, Traced

FEWEST = 6
"""The rules in CURVES need at least this many evaluations."""

SYMPTOMS: dict[str, Rule] = {
    "exploding": trace_rules.exploding,
    "vanishing": network_rules.vanishing,
    "dead units": network_rules.dead_units,
    "stuck": trace_rules.stuck,
    "overfitting": trace_rules.overfitting,
    "oscillation": trace_rules.oscillation,
    "noise floor": trace_rules.noise_floor,
    "slow convergence": trace_rules.slow,
    "still falling": trace_rules.still_falling,
    "baseline": result_rules.baseline,
    "imbalance": result_rules.imbalance,
}
"""The rule of each symptom of a run, from the gravest to the mildest.

The docstring of a rule is the text of `gdrun list symptoms`.
"""

CURVES = ("stuck", "overfitting", "oscillation", "noise floor", "slow convergence", "still falling")
"""The symptoms that are read from the shape of the loss curve."""


def diagnose(run: Traced) -> list[Symptom]:
    """The symptoms of a run, the gravest first; empty for a healthy run.

    A run that explodes has no other symptom: the rest of its trace follows from that one. Symptoms
    that the config mutes are not reported.
    """
    muted = run.config.get("diagnose", {}).get("mute") or ()
    explosion = SYMPTOMS["exploding"](run)
    if explosion is not None:
        found: list[Symptom | None] = [explosion]
    else:
        names = [name for name in SYMPTOMS if len(run.loss) >= FEWEST or name not in CURVES]
        found = [SYMPTOMS[name](run) for name in names]
    return [each for each in found if each is not None and each.name not in muted]
