"""The requests for a sweep or a comparison, which the Python functions and the command line make.

The method `planned` checks a request, its experiments and its data before anything is written or
run. Its errors name the arguments of these classes; the command line shows its own options instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.overrides import Override
from gdrun.errors import ConfigError, Parameter, suggestion
from gdrun.study.design.axes import axes_of, swept_names
from gdrun.study.design.axis_words import Given, varied_keys
from gdrun.study.design.budgets import parse_budget, with_budget
from gdrun.study.design.comparison_plan import plan_comparison
from gdrun.study.design.contenders import chosen_names, contenders_of, is_config, set_keys
from gdrun.study.design.sweep_plan import plan_sweep
from gdrun.study.design.trials import Candidate, Settings, StudyPlan, seeds_of
from gdrun.study.design.tuning_plan import plan_tuning
from gdrun.study.halving import check_halving
from gdrun.study.judgement.metrics import measuring
from gdrun.study.planned_studies import PlannedComparison, PlannedSweep
from gdrun.study.run_studies import limits_seconds
from gdrun.study.study_request import StudyRequest
from gdrun.study.tasks import check_fit, prepared


@dataclass(frozen=True, kw_only=True)
class SweepRequest(StudyRequest):
    """A sweep over the values of some keys.

    values: a mapping from each key to its values, or texts such as lr=0.1,0.01. search: "grid" for
    every combination of values, "random" for `trials` random combinations. A random search
    draws any number of a range such as lr=log:1e-4:10, and only the values of a list. trials:
    None means 20. halving: whether to use successive halving: only the best third of the
    settings continues at 1/3 of the epochs, and earlier at 1/9, 1/27, … as often as needed to
    leave one setting, but not before the first evaluation.
    """

    values: Given
    search: str = "grid"
    trials: int | None = None
    halving: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """The arguments that must be whole numbers ≥ 1, by name, with `trials` if it is given."""
        drawn = {} if self.trials is None else {"trials": self.trials}
        return super().counts | drawn

    def planned(self) -> PlannedSweep:
        """The sweep, checked and ready to run. Raises GdrunError if it cannot be run."""
        base, table, for_all = self.base(swept_names(self.values), varied_keys(self.values))
        axes = axes_of(self.values, base, drawn=self.search == "random")
        plan = plan_sweep(
            base,
            axes,
            seeds=self.seeds,
            search=self.search,
            trials=self.trials,
            for_all=for_all,
        )
        if fitting := self.with_fitting_batches(plan.candidates, table):
            return fitting.planned()
        plan, metric, target = self.judged(plan, table)
        # The record has the base alone, from which reading makes the same candidates again.
        base = measuring(base, [metric] if target is None else [metric, target.metric])
        check_fit((each.experiment for each in plan.candidates), table)
        if self.halving:
            check_halving(plan, self.parallel)
        return PlannedSweep(self, base, plan, metric, target, table, axes, self.halving)


@dataclass(frozen=True, kw_only=True)
class ComparisonRequest(StudyRequest):
    """A comparison of contenders, which are variants of an experiment.

    contenders: names such as mbgd+adam, paths of YAML files, or configs. tune: keys such as lr, or
    keys with their values, as a sweep has them; before the comparison, the best value of each key
    is searched for every contender. budget: a text such as gradients=50000, which replaces the
    budget of every contender. baseline: the name of the contender with which all others are
    compared; None to compare all pairs.
    """

    contenders: Sequence[str | Mapping[str, Any] | Experiment]
    tune: Given = ()
    budget: str | None = None
    baseline: str | None = None

    def planned(self) -> PlannedComparison:
        """The comparison, checked and ready to run. Raises GdrunError if it cannot be run."""
        varied = [*set_keys(self.contenders), *varied_keys(self.tune, "tune")]
        base, table, for_all = self.base(chosen_names(self.contenders), varied)
        contenders = self._contenders(base, for_all)
        self._check_baseline(contenders)
        if not any(map(is_config, self.contenders)) and (
            fitting := self.with_fitting_batches(contenders, table)
        ):
            return fitting.planned()
        # No contender is derived from the default config, so the first one is recorded as the base.
        if self.config is None and all(map(is_config, self.contenders)):
            base = contenders[0].experiment
        if self.budget is not None:
            # The default amount of gradients depends on the number of training rows.
            rows = prepared(contenders[0].experiment, table).train.rows
            budget = parse_budget(self.budget, base, rows)
            contenders = tuple(with_budget(each, budget) for each in contenders)
        seeds = seeds_of(contenders, base.seed, self.seeds)
        plan = plan_comparison(contenders, seeds, for_all)
        plan, metric, target = self.judged(plan, table)
        tuning = plan_tuning(plan, self.tune)
        tried = () if tuning is None else tuning.plan.candidates
        check_fit((each.experiment for each in (*plan.candidates, *tried)), table)
        self._check_seconds(plan)
        return PlannedComparison(self, base, plan, metric, target, table, tuning, self.baseline)

    def _contenders(self, base: Experiment, for_all: Settings) -> tuple[Candidate, ...]:
        """The contenders as candidates, each with the request's data and overrides applied.

        base: the experiment to start from for a contender that is not a config. for_all: the
        settings of the overrides, by key.
        """
        changes = [*self.overrides]
        if self.data is not None:
            # This override is the first, so that overrides of dataset options still apply.
            changes.insert(0, Override("dataset", base.dataset.plain(), "data=(X, y)"))
        return contenders_of(self.contenders, base, changes, for_all)

    def _check_baseline(self, contenders: Sequence[Candidate]) -> None:
        """Raise ConfigError if the baseline is not the name of a contender."""
        names = [each.name for each in contenders]
        if self.baseline is not None and self.baseline not in names:
            what = f"no contender is called {self.baseline!r}"
            raise ConfigError(
                what, where=Parameter("baseline"), hint=suggestion(self.baseline, names)
            )

    def _check_seconds(self, plan: StudyPlan) -> None:
        """Raise ConfigError if runs with a budget in seconds would run in parallel."""
        parallel = self.parallel
        if parallel is not None and self.width > 1 and limits_seconds(plan):
            what = "a budget in seconds needs one process: parallel runs slow each other down"
            hint = f"leave `{parallel}` out, or give a budget of epochs or gradients"
            raise ConfigError(what, where=parallel, hint=hint)
