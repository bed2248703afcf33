"""Read a trained model from the files of a run."""

from __future__ import annotations

from pathlib import Path

from gdrun.errors import RecordError, near_files
from gdrun.runs.finding import RECORD
from gdrun.runs.missing_model import without_description
from gdrun.runs.model_file import WEIGHTS, description_in, read_arrays, weights_in
from gdrun.runs.run import read_run
from gdrun.runs.trained_model import TrainedModel, model_of


def read_model(path: Path) -> TrainedModel:
    """The model of a run, from its directory or from its file weights.npz.

    Raises RecordError if there is no such file or model, or the file is damaged or too old.
    """
    file = path / WEIGHTS if path.is_dir() else path
    arrays = read_arrays(file)
    description = description_in(arrays, file)
    if description is not None:
        weights, _ = weights_in(arrays)
        return model_of(description, weights, file)
    if path.is_dir() or (file.name == WEIGHTS and (file.parent / RECORD).is_file()):
        return read_run(file.parent).model  # it raises the error that says what the run lacks
    if not arrays:
        hint = near_files(path) or "give the directory of a run, or its weights.npz"
        raise RecordError("there is no such file", where=str(path), hint=hint)
    raise without_description(file, None)
