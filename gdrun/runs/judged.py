"""The facts of a run from which its symptoms are found, the same in memory and from its files.

A long run has more evaluations in memory than in its files, and a study keeps all of them. The
peaks of a loss that jumps differ between all evaluations and some of them, and so might a verdict.
So every command judges the evaluations that trace.jsonl keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gdrun.engine.trace import Columns
from gdrun.runs.trace_file import most_evaluations, thinned_evaluations
from gdrun.symptoms.facts import RateLimit, Traced, traced_of


def judged(
    record: Mapping[str, Any],
    config: Mapping[str, Any],
    steps: Columns,
    evals: Columns,
    limit: RateLimit | None = None,
) -> Traced:
    """The facts of a run that has ended (see `traced_of`), from the evaluations that files keep.

    evals: all evaluations, or those in the run's files.
    """
    most = most_evaluations(config["log"]["points"])
    return traced_of(record, config, steps, thinned_evaluations(evals, most), limit)
