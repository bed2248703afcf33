"""Where a run has the values that users look for under other names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_USUAL = {
    **dict.fromkeys(("trace", "history"), "steps or evals"),
    **dict.fromkeys(("loss", "losses"), 'evals["train_loss"]'),
    **dict.fromkeys(
        ("params", "parameters", "coef", "coef_", "intercept", "intercept_"), "weights"
    ),
    **dict.fromkeys(("time", "duration"), 'summary["seconds"]'),
    **dict.fromkeys(("predict", "score"), "model.predict"),
    **dict.fromkeys(("result", "results"), "summary"),
    **dict.fromkeys(("symptom", "symptoms"), 'record["diagnosis"]'),
    "classes": "model.classes",
    "learning_rate": 'config["optimizer"]["lr"]',
    "path": "directory",
    "rate": 'steps["lr"]',
}
"""The expressions for names that other libraries use."""


def places_in(config: Mapping[str, Any], **others: Mapping[str, Any]) -> dict[str, str]:
    """The expression for each value of a run by its name.

    config: the config with all defaults. others: further attributes of the run, by their names; of
    two values with one name, that of the later attribute is returned.
    """
    sections = {key: each for key, each in config.items() if isinstance(each, Mapping)}
    places: dict[str, str] = {}
    for section, options in sections.items():
        places |= _entries(f'config["{section}"]', options)
    for of, values in {"config": config, **others}.items():
        places |= _entries(of, values)
    short = {key.replace("validation_", "val_"): place for key, place in places.items()}
    return short | places | _USUAL


def _entries(of: str, values: Mapping[str, Any]) -> dict[str, str]:
    return {name: f'{of}["{name}"]' for name in values}
