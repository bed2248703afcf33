"""The last lines of a study that was interrupted: which runs are missing, and how to continue."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from gdrun.cli.recorded_commands import resuming_words

if TYPE_CHECKING:
    from gdrun.study.judgement.comparison_findings import Comparison
    from gdrun.study.judgement.sweep_findings import Sweep
    from gdrun.study.storage.records import StudyRecord


def missing_lines(result: Sweep | Comparison, record: StudyRecord, path: Path) -> list[str]:
    """The lines on how to continue a study with missing runs; empty if the study is complete.

    result, record: the result of the study, and its study.json. path: the directory of the study.
    """
    from gdrun.study.recorded_calls import continuing_call
    from gdrun.views.recorded import standings_of

    of = result.plan.runs
    left = of - result.plan.runs_ended(
        {result.identity for each in standings_of(result) for result in each.results}
    )
    if not left:
        return []
    # No run of a comparison begins before its tuning is complete.
    tuning = "" if result.ended else _missing_in_tuning(path)
    missing = f"{left} of {of} runs are missing{_begun(path)}"
    if tuning:
        missing = f"{tuning}; the {of} runs of the comparison follow"
    words = resuming_words(record.get("command", ""), path)
    if not words:
        return [f"{missing}; to continue in Python: {continuing_call(record, path)}"]
    return [f"{missing}; to continue:", f"  {shlex.join(words)}"]


def _missing_in_tuning(path: Path) -> str:
    """The words on the missing runs of tuning; empty if it is complete, or there was none.

    path: the directory of the comparison.
    """
    from gdrun.runs.finding import STUDY
    from gdrun.study.storage.study_directory import TUNING, read_study
    from gdrun.study.storage.trial_files import TRIALS

    own = path / TUNING
    if not (own / STUDY).is_file():
        return ""
    record, trials = read_study(own), own / TRIALS
    if "ranking" in record:
        of, ended = record.get("runs", record["trials"]), sum(r["runs"] for r in record["ranking"])
    else:  # the process died before it ranked the settings
        of, ended = record["trials"], 0
        if trials.is_file():
            ended = trials.read_bytes().count(b"\n")
    return f"{of - ended} of {of} tuning runs are missing{_begun(own)}" if ended < of else ""


def _begun(path: Path) -> str:
    """The words on how many missing runs continue from a checkpoint; empty if none does."""
    from gdrun.runs.checkpoint import runs_in_checkpoint
    from gdrun.study.tasks import CHECKPOINTS

    begun = sum(map(runs_in_checkpoint, path.glob(CHECKPOINTS)))
    return f", of which {begun} continue from a checkpoint" if begun else ""
