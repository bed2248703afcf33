"""The plan of a comparison: its contenders, which all have the same problem and seeds."""

from __future__ import annotations

from collections.abc import Sequence

from gdrun.errors import ConfigError
from gdrun.study.design.trials import Candidate, Settings, StudyPlan


def plan_comparison(
    candidates: Sequence[Candidate], seeds: Sequence[int], for_all: Settings | None = None
) -> StudyPlan:
    """Return the plan of a comparison.

    candidates: one for each contender. for_all: the settings of every contender, by key. Raises
    ConfigError if two contenders have different datasets or surfaces.
    """
    first = candidates[0].experiment
    for other in candidates[1:]:
        for part in ("dataset", "surface"):
            if getattr(other.experiment, part) != getattr(first, part):
                named = (each.settings.get("config") for each in (candidates[0], other))
                file = next((each for each in named if each), None)
                hint = f'`config="{file}"` gives every contender the {part} of {file}'
                raise ConfigError(
                    f"has a different {part} from {candidates[0].name}",
                    where=other.name,
                    hint=hint if file else f"give all contenders the same {part}",
                )
    return StudyPlan("compare", tuple(candidates), tuple(seeds), for_all or {})
