"""What the view of a run needs to know about a run on a surface."""

from __future__ import annotations

from gdrun.runs.run import Run


def places_of(run: Run) -> dict[int, tuple[float, float]]:
    """The weights of a run on a surface, by step, at its start and at the points of its trace.

    Empty for a run that did not minimise a surface.
    """
    if "surface" not in run.config or not {"x", "y"} <= run.steps.keys():
        return {}
    columns = (run.steps[name].tolist() for name in ("step", "x", "y"))
    places = {step: (x, y) for step, x, y in zip(*columns, strict=True)}
    match run.config["surface"]:
        case {"start": [int() | float() as x, int() | float() as y]}:
            places[0] = (x, y)
    return places  # without the start if the config was damaged


def is_noiseless(run: Run) -> bool:
    """Whether the run minimised a surface without noise, so that all gradients are exact."""
    match run.config.get("surface"):
        case {"noise": noise}:
            return not noise
    return False
