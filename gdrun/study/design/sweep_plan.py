"""The plan of a sweep: a grid or a random search over the values of some keys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

from gdrun.config.experiment import Experiment
from gdrun.errors import ConfigError, Parameter, suggestion
from gdrun.study.design.axes import Axis, grid, sample
from gdrun.study.design.trials import Settings, StudyPlan, candidates_of, seeds_of

Search = Literal["grid", "random"]

MOST_TRIALS = 100_000
"""The most runs of a grid: a larger grid is more likely a mistake than an intention."""


def plan_sweep(
    base: Experiment,
    axes: Sequence[Axis],
    *,
    seeds: int = 1,
    search: str = "grid",
    trials: int | None = None,
    for_all: Settings | None = None,
) -> StudyPlan:
    """Return the plan of a sweep.

    base: the experiment whose keys are swept. seeds: the number of seeds; the first is the seed of
    the base, and each further seed is one larger. search: "grid" for every combination of values,
    "random" for `trials` random combinations. trials: None means 20. for_all: the settings of every
    candidate, by key; the base has them already, and a candidate that chooses another optimizer,
    model and so on gets those of them for which it has options. Raises ConfigError, with every
    problem, if an argument is wrong, the grid is too large, or a combination is not a valid
    experiment.
    """
    if not axes:
        hint = "list several values, such as lr=0.1,0.01, or lr alone for a default range"
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
            hint = 'list fewer values, or sample them with `search="random"` and `trials=N`'
            what = f"the grid has {count * seeds:,} runs; at most {MOST_TRIALS:,} are allowed"
            raise ConfigError(what, hint=hint)
        combinations = grid(axes)
    candidates = candidates_of(base, combinations, for_all)
    return StudyPlan("sweep", candidates, seeds_of(candidates, base.seed, seeds), for_all or {})
