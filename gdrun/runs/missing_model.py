"""The errors for a run from which no model can be read: what the run lacks, and how to get it."""

from __future__ import annotations

import shlex
from pathlib import Path

from gdrun.errors import RecordError
from gdrun.methods.stopping import Status
from gdrun.runs.statuses import ENDED


def on_surface(directory: Path | None) -> RecordError:
    """The error for a run on a surface. directory: that of the run; None if none was written."""
    return RecordError(
        "the run is on a surface, so it has no model",
        where=None if directory is None else str(directory),
        hint="`run.weights` has the point where it ended"
        if directory is None
        else f"`gdrun show {shlex.quote(str(directory))}` shows where it ended",
    )


def without_weights(directory: Path, status: Status) -> RecordError:
    """The error for a run whose weights.npz is missing. status: that of the run."""
    if status == "running":
        what, hint = "has no weights yet: the run has not ended", "wait until it has ended"
    elif status in ENDED:
        what, hint = "has no weights: weights.npz is missing", _trains_again(directory)
    else:
        what = "has no weights: the run has not ended"
        hint = f'`gdrun.train(resume="{directory}")` continues it'
    return RecordError(what, where=str(directory), hint=hint)


def without_description(file: Path, directory: Path | None) -> RecordError:
    """The error for weights that have no description of their model.

    file: their file. directory: that of the run on data to which they belong; None if it is not
    known, so that they may also be the weights of a run on a surface.
    """
    what = "has weights but no description of a model: "
    if directory is not None:
        what += "an earlier version of gdrun wrote them"
        return RecordError(what, where=str(file), hint=_trains_again(directory))
    return RecordError(
        f"{what}the run was on a surface, or an earlier version of gdrun wrote them",
        where=str(file),
        hint="train the model again with this version; a run on a surface has no model",
    )


def _trains_again(directory: Path) -> str:
    return f"`gdrun train {shlex.quote(str(directory / 'config.yaml'))}` trains it again"


def shows_cause(directory: Path | None) -> str:
    """A hint for a run that diverged: where to see the cause, which only the run has.

    directory: that of the run; None if nothing was written.
    """
    if directory is None:
        return "run.record['diagnosis'] has the cause"
    return f"`gdrun diagnose {shlex.quote(str(directory))}` shows the cause, and what may help"
