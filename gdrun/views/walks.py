"""The data of the figure of walks: a surface as a grid, and the paths of runs over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Numbers
from gdrun.errors import GdrunError
from gdrun.problems.surfaces import SURFACES
from gdrun.runs.run import Run
from gdrun.views.curves import check_one_problem, seed_groups

GRID = 250
"""The number of points along each side of the grid."""


@dataclass(frozen=True)
class Path:
    """The weights (steps + 1, 2) of a run from its start to its end."""

    label: str
    places: Numbers


@dataclass(frozen=True)
class Walks:
    """Paths on a surface.

    x, y (GRID,): the coordinates. values (GRID, GRID): f at [y, x]. lowest: f at the best minimum.
    minima: the known minima in the picture.
    """

    title: str
    x: Numbers
    y: Numbers
    values: Numbers
    lowest: float
    minima: tuple[tuple[float, float], ...]
    paths: tuple[Path, ...]


def walks(runs: Sequence[Run]) -> Walks:
    """The paths of runs on the same surface. Raises GdrunError for runs that train a model."""
    for run in runs:
        if "surface" not in run.config:
            hint = "gdrun train surface=rosenbrock makes a run on a surface"
            raise GdrunError("is not a run on a surface", where=run.id, hint=hint)
    check_one_problem(runs)
    section = dict(runs[0].config["surface"])
    surface = SURFACES[section["name"]]
    options = {name: section[name] for name in surface.options if name in section}
    start = section.get("start") or surface.start
    paths = []
    for own, group in seed_groups(runs):
        for run in group:
            seed = f"seed {run.record['seed']}" if len(group) > 1 else ""
            label = " ".join(filter(None, (own or str(run.config["optimizer"]["name"]), seed)))
            steps = np.stack([run.steps["x"], run.steps["y"]], axis=-1)
            places = np.concatenate([[start], steps])
            paths.append(Path(label, places[np.isfinite(places).all(axis=1)]))
    # A path that diverged would shrink the rest to a point: the picture ends far from the minima.
    near = np.array([start, *surface.minima], dtype=float)
    span = np.maximum(np.ptp(near, axis=0), 0.5 * np.ptp(near, axis=0).max() or 1.0)
    lowest, highest = near.min(axis=0) - 2 * span, near.max(axis=0) + 2 * span
    every = np.clip(np.concatenate([near, *(path.places for path in paths)]), lowest, highest)
    low, high = every.min(axis=0), every.max(axis=0)
    margin = 0.15 * np.maximum(high - low, 0.3 * (high - low).max())
    x, y = (np.linspace(a, b, GRID) for a, b in zip(low - margin, high + margin, strict=True))
    value, _, _ = surface.function(*np.meshgrid(x, y), **options)
    bottoms = [float(surface.function(*map(np.float64, at), **options)[0]) for at in surface.minima]
    lowest_value = min(bottoms)
    return Walks(runs[0].record["name"], x, y, value, lowest_value, surface.minima, tuple(paths))
