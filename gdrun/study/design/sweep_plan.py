"""The plan of a sweep: a grid or a random search over any keys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

from gdrun.config.experiment import Experiment
from gdrun.errors import ConfigError, Parameter, suggestion
from gdrun.study.design.axes import Axis, grid, sample
from gdrun.study.design.trials import StudyPlan, candidates_of

Search = Literal["grid", "random"]

MOST_TRIALS = 100_000


def plan_sweep(
    base: Experiment,
    axes: Sequence[Axis],
    *,
    seeds: int = 1,
    search: str = "grid",
    trials: int | None = None,
) -> StudyPlan:
    """The plan of a sweep: a grid, or so many random combinations.

    Raises ConfigError with everything that is wrong in any combination.
    """
    if not axes:
        hint = "give it several, such as lr=0.1,0.01, or none for a usual range"
        raise ConfigError("no key has more than one value to try", hint=hint)
    if search not in get_args(Search):
        hint = suggestion(search, get_args(Search))
        raise ConfigError(f"no search is called {search!r}", where=Parameter("search"), hint=hint)
    if trials is not None and search == "grid":
        hint = 'leave `trials` out, or add `search="random"`'
        raise ConfigError("applies only to a random search", where=Parameter("trials"), hint=hint)
    if search == "random":
        combinations = sample(axes, 20 if trials is None else trials, base.seed)
    else:
        count = math.prod(len(axis.values) for axis in axes)
        if count * seeds > MOST_TRIALS:
            hint = 'take fewer values, or draw some: `search="random"` and `trials=N`'
            raise ConfigError(f"the grid has {count * seeds:,} runs", hint=hint)
        combinations = grid(axes)
    own = tuple(range(base.seed, base.seed + seeds))
    return StudyPlan("sweep", candidates_of(base, combinations), own)
