"""Exports: runs and studies in the files of other tools.

    tables       the three tables of an export: runs, evaluations and steps
    files        CSV and Parquet
    trackers     the event files of TensorBoard, a store of MLflow, and offline runs of W&B
    comparison   the table of a comparison or sweep in Markdown and LaTeX

A number that was not measured is an empty cell. NaN and infinity are kept as such: a diverged loss
is not the same as no loss.
"""

from __future__ import annotations

from gdrun.views.export.formats import FORMATS, Export, Subject

__all__ = ["FORMATS", "Export", "Subject"]
