"""The data of pictures of walks: a surface as a grid, and the paths of runs over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.engine.trace import Columns
from gdrun.errors import GdrunError, Parameter
from gdrun.methods.plugins import entry_of
from gdrun.problems.surfaces import SURFACES, Surface
from gdrun.runs.run import Run
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views.comparable_runs import check_one_problem
from gdrun.views.curves import divergence_words, explained, seed_groups
from gdrun.views.recorded import standings_of
from gdrun.views.titles import shared_name

GRID = 250
"""The number of points along each side of the grid."""

MOST_UNEQUAL = 3.5
"""Up to this ratio of the ranges of x and y, a picture has the same scale on both axes."""


@dataclass(frozen=True)
class Plane:
    """A surface on a grid. x, y (n,): the coordinates. values (n, n): f at [y, x]."""

    x: Numbers
    y: Numbers
    values: Numbers

    @property
    def equal_scales(self) -> bool:
        """Whether both axes of a picture have the same scale, so that angles and lengths are true.

        Not so if one range is so much larger than the other that the picture would be a strip.
        """
        ranges = float(np.ptp(self.x)), float(np.ptp(self.y))
        return max(ranges) <= MOST_UNEQUAL * min(ranges)

    def holds(self, place: Numbers) -> bool:
        """Whether a place (2,) is in the picture."""
        x, y = place
        return bool(self.x[0] <= x <= self.x[-1] and self.y[0] <= y <= self.y[-1])


@dataclass(frozen=True)
class Path:
    """The weights (points, 2) of a run from its start to its end.

    apart: the steps from one point to the next, the last of which may be nearer.
    """

    label: str
    places: Numbers
    apart: int = 1

    def labelled_in(self, plane: Plane) -> Path:
        """The path; if it leaves the picture of a plane, its label says so."""
        outside = sum(not plane.holds(place) for place in self.places)
        if not outside:
            return self
        ends = "ends" if not plane.holds(self.places[-1]) else "partly"
        return replace(self, label=f"{self.label}, {ends} outside the picture")


@dataclass(frozen=True, kw_only=True)
class Walks(Plane):
    """Paths on a surface. lowest: f at the best minimum. minima: every known minimum."""

    title: str
    lowest: float
    minima: tuple[tuple[float, float], ...]
    paths: tuple[Path, ...]


def are_on_surfaces(subject: Sequence[Run] | Sweep | Comparison) -> bool:
    """Whether all these runs or candidates minimise a surface."""
    if isinstance(subject, Sweep | Comparison):
        return all(each.experiment.surface is not None for each in subject.plan.candidates)
    return all("surface" in run.config for run in subject)


def walks(subject: Sequence[Run] | Sweep | Comparison) -> Walks:
    """The paths of runs on the same surface, or of the settings or contenders of a study.

    Raises GdrunError for experiments that train a model, or if the surfaces differ.
    """
    if isinstance(subject, Sweep | Comparison):
        return _walks_of_candidates(subject)
    return _walks_of_runs(subject)


def _walks_of_candidates(found: Sweep | Comparison) -> Walks:
    """The recorded path of each setting or contender, with the first seed."""
    swept = isinstance(found, Sweep)
    configs = [candidate.experiment.plain() for candidate in found.plan.candidates]
    section = configs[0].get("surface")
    if section is None:
        hint = "`gdrun compare vanilla momentum surface=bowl` compares methods on a surface"
        if swept:
            hint = "`gdrun sweep lr surface=bowl` sweeps the rate on a surface"
        kind = "sweep" if swept else "comparison"
        raise GdrunError(f"walk needs a {kind} on a surface", where=Parameter("kind"), hint=hint)
    functions = [{**config["surface"], "start": None} for config in configs]
    if any(function != functions[0] for function in functions):
        hint = "leave the kind out, or sweep keys that do not change the surface"
        what = "walk needs settings on the same surface"
        raise GdrunError(what, where=Parameter("kind"), hint=hint)
    paths = []
    for config, standing in zip(configs, standings_of(found), strict=False):
        first = standing.results[0]
        divergence = first.record["divergence"]
        words = f"diverged at step {divergence['step']:,}" if divergence else ""
        label = explained(standing.candidate.name, words)
        paths.append(_path(label, config["surface"], first.steps))
    return _walks(shared_name(configs, "setting" if swept else "contender"), section, paths)


def _walks_of_runs(runs: Sequence[Run]) -> Walks:
    for run in runs:
        if "surface" not in run.config:
            hint = "`gdrun train surface=bowl` makes a run on a surface"
            raise GdrunError("is not a run on a surface", where=run.id, hint=hint)
    check_one_problem(runs)
    section = runs[0].config["surface"]
    paths = []
    for own, group in seed_groups(runs):
        for run in group:
            seed = f"seed {run.record['seed']}" if len(group) > 1 else ""
            label = " ".join(filter(None, (own or str(run.config["optimizer"]["name"]), seed)))
            label = explained(label, divergence_words([run]))
            paths.append(_path(label, section, run.steps))
    return _walks(shared_name([run.config for run in runs], "run"), section, paths)


def _path(label: str, section: Mapping[str, Any], steps: Columns) -> Path:
    """The path from the start in a section `surface`, by the columns of a trace of steps.

    The label says if the trace has not every step.
    """
    start = section.get("start") or entry_of(SURFACES, section["name"]).start
    apart = int(steps["combined"].max(initial=1)) if "combined" in steps else 1
    if apart > 1:
        label = f"{label}, a corner of the line every {apart:,} steps"
    return Path(label, np.concatenate([[start], places_of(steps)]), apart)


def _walks(title: str, section: Mapping[str, Any], paths: Sequence[Path]) -> Walks:
    surface, options = surface_of(section)
    start = paths[0].places[0].tolist()
    plane = plane_around(
        surface, options, [start, *surface.minima], [path.places for path in paths]
    )
    bottoms = [float(surface.function(*map(np.float64, at), **options)[0]) for at in surface.minima]
    return Walks(
        plane.x,
        plane.y,
        plane.values,
        title=title,
        lowest=min(bottoms),
        minima=surface.minima,
        paths=tuple(path.labelled_in(plane) for path in paths),
    )


def surface_of(section: Mapping[str, Any]) -> tuple[Surface, dict[str, float]]:
    """The surface that a section `surface` of a config names, and the values of its options."""
    surface = entry_of(SURFACES, section["name"])
    return surface, {name: section[name] for name in surface.options if name in section}


def places_of(steps: Columns) -> Numbers:
    """The weights (points, 2) on a surface, after the recorded steps of a trace.

    Weights that are not finite are left out. The shape is (0, 2) if the trace has no weights.
    """
    if not {"x", "y"} <= steps.keys():
        return np.empty((0, 2))
    places = np.stack([steps["x"], steps["y"]], axis=-1)
    finite: Numbers = places[np.isfinite(places).all(axis=1)]
    return finite


def plane_around(
    surface: Surface,
    options: Mapping[str, float],
    fixed: Sequence[Sequence[float]],
    paths: Sequence[Numbers],
    points: int = GRID,
) -> Plane:
    """The surface on a grid around fixed places and around paths, (n, 2) each.

    The grid contains the paths, but only up to twice the distance between the fixed places: a path
    that diverged would shrink the rest to a point. points: the number of points along each side.
    """
    near = np.array(fixed, dtype=float)
    span = np.maximum(np.ptp(near, axis=0), 0.5 * np.ptp(near, axis=0).max() or 1.0)
    lowest, highest = near.min(axis=0) - 2 * span, near.max(axis=0) + 2 * span
    every = np.clip(np.concatenate([near, *paths]), lowest, highest)
    low, high = every.min(axis=0), every.max(axis=0)
    margin = 0.15 * np.maximum(high - low, 0.3 * (high - low).max())
    x, y = (np.linspace(a, b, points) for a, b in zip(low - margin, high + margin, strict=True))
    return Plane(x, y, np.asarray(surface.function(*np.meshgrid(x, y), **options)[0]))
