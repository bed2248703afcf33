"""The keys of gdrun by the names of papers, PyTorch, optax, Keras, scikit-learn and SciPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEYS_ELSEWHERE: dict[str, str] = {
    "learning_rate": "optimizer.lr",
    "learning_rate_init": "optimizer.lr",
    "alpha": "optimizer.lr",
    "eta": "optimizer.lr",
    "eta0": "optimizer.lr",
    "step_size": "optimizer.lr",
    "epsilon": "optimizer.eps",
    "mu": "optimizer.beta",
    "lambda": "model.l2",
    "n_epochs": "stopping.epochs",
    "num_epochs": "stopping.epochs",
    "max_iter": "stopping.steps",
    "iterations": "stopping.steps",
    "tol": "stopping.loss_change",
    "tolerance": "stopping.loss_change",
    "ftol": "stopping.loss_change",
    "gtol": "stopping.grad_norm",
    "xtol": "stopping.weight_change",
    "random_state": "seed",
    "pos_label": "dataset.positive",
    "positive_class": "dataset.positive",
    "hidden_layer_sizes": "model.hidden",
}
"""The key in gdrun, by the name that a paper or another library uses for the same setting."""

_LOWEST = {"eta_min": "schedule.lr_min", "min_lr": "schedule.lr_min"}
_PLAIN = {
    **dict.fromkeys(("momentum", "gamma", "rho"), "optimizer.beta"),
    "weight_decay": "model.l2",
}

KEYS_WITH: dict[str, dict[str, dict[str, str]]] = {
    "schedule": {
        "step": {
            "factor": "schedule.gamma",
            "step_size": "schedule.drop_every",
            "transition_steps": "schedule.drop_every",
        },
        "multistep": {"boundaries": "schedule.milestones", "factor": "schedule.gamma"},
        "linear": {"start_factor": "schedule.start", "end_factor": "schedule.end"},
        "cosine": _LOWEST,
        "cosine_restarts": {"t_0": "schedule.period", "t_mult": "schedule.growth"} | _LOWEST,
        "cyclic": {
            "max_lr": "optimizer.lr",
            "step_size": "schedule.half_cycle",
            "step_size_up": "schedule.half_cycle",
        },
        "one_cycle": {
            "max_lr": "optimizer.lr",
            "pct_start": "schedule.rise",
            "div_factor": "schedule.div",
            "final_div_factor": "schedule.final_div",
            "anneal_strategy": "schedule.anneal",
            "base_momentum": "schedule.beta_low",
            "max_momentum": "schedule.beta_high",
        },
        "plateau": _LOWEST,
    },
    "optimizer": {
        "vanilla": {"weight_decay": "model.l2"},
        "momentum": _PLAIN,
        "nesterov": _PLAIN,
        "rmsprop": {"alpha": "optimizer.beta", "rho": "optimizer.beta"},
    },
}
"""As KEYS_ELSEWHERE, for names whose meaning depends on the choice in a section.

The keys are the section, the chosen name and the name elsewhere: step_size with schedule=step.
"""

_WEIGHTS = (
    "all examples have the same weight; for a rare class, early_stopping.metric=balanced_accuracy "
    "keeps the model weights that are best by this metric, and "
    '`metric="balanced_accuracy"` ranks a sweep by it'
)
_LENGTH = "a schedule lasts as long as the budget: set epochs=50, or steps=1000"

OTHER_WAYS: dict[str, str] = {
    "class_weight": _WEIGHTS,
    "class_weights": _WEIGHTS,
    "sample_weight": _WEIGHTS,
    "pos_weight": _WEIGHTS,
    "t_max": _LENGTH,
    "total_iters": _LENGTH,
    "total_steps": _LENGTH,
    "decay_steps": _LENGTH,
    "nesterov": "write optimizer=nesterov",
    "betas": "the names in gdrun are beta1 and beta2, each with a value of its own",
}
"""What to use instead of a setting that gdrun does not have, by its name in other libraries."""


NAMES_ELSEWHERE: dict[str, dict[str, str]] = {
    "surface": {
        "quadratic": "bowl",
        "ellipse": "bowl",
        "paraboloid": "bowl",
        "sphere": "bowl",
        "banana": "rosenbrock",
    },
}
"""The entry that a section may mean, by its name elsewhere."""


@dataclass(frozen=True)
class OptionNotName:
    """An option of gdrun that is taken for the name of an entry, such as warm-up for a schedule.

    words: a sentence that says so, such as `dropout is an option of mlp`. section, name: an entry
    that has the option. setting: the option with a value.
    """

    words: str
    section: str
    name: str
    setting: str

    @property
    def hint(self) -> str:
        """The hint for such a name as the value of a section."""
        key, _, value = self.setting.partition("=")
        return f"{self.words}, such as {self.section}: {{name: {self.name}, {key}: {value}}}"


OPTIONS_NOT_NAMES: dict[str, OptionNotName] = {
    "warmup": OptionNotName(
        "warm-up is an option of every schedule", "schedule", "cosine", "warmup=5"
    ),
    "dropout": OptionNotName("dropout is an option of mlp", "model", "mlp", "dropout=0.2"),
    "batchnorm": OptionNotName("batch_norm is an option of mlp", "model", "mlp", "batch_norm=true"),
}
"""The option that is meant, by a part of the name, in which - and _ do not count."""


def option_not_name(name: object) -> OptionNotName | None:
    """Return the option that the name of another library means, or None.

    >>> option_not_name("linear-warmup").setting, option_not_name("linear")
    ('warmup=5', None)
    """
    letters = str(name).lower().replace("-", "").replace("_", "")
    found = (option for part, option in OPTIONS_NOT_NAMES.items() if part in letters)
    return next(found, None)


NO_TRAINING: dict[str, str] = {
    "threshold": "`threshold` of predict and evaluate sets the least probability "
    "of the positive class, which changes no training",
}
"""Where a setting of a trained model belongs, by its name, which may also be that of an option."""

WAYS_WITH: dict[str, dict[str, dict[str, str]]] = {
    "schedule": {
        "exponential": {"gamma": "write decay = −ln(gamma), such as decay=0.105 for gamma 0.9"},
    },
}
"""As OTHER_WAYS, for settings that depend on the choice in a section. The keys: as in KEYS_WITH."""


_SPELT = str.maketrans(
    {
        "α": "alpha",
        "β": "beta",
        "γ": "gamma",
        "δ": "delta",
        "ε": "epsilon",
        "ϵ": "epsilon",
        "η": "eta",
        "λ": "lambda",
        "μ": "mu",
        "ρ": "rho",
        "₁": "1",
        "₂": "2",
    }
)
"""The Greek letters of papers and their indices, in the letters of keys."""


def spelt(name: str) -> str:
    """A name from a paper in the letters of keys: β₁ is beta1."""
    return name.translate(_SPELT)


def key_elsewhere(name: str, data: Mapping[str, Any]) -> str | None:
    """Return the key in gdrun for a name of another library, or None.

    data: the plain data of the config, whose schedule and optimizer decide what the name means.
    """
    return key_of_chosen(name, data) or KEYS_ELSEWHERE.get(name.lower())


def key_of_chosen(name: str, data: Mapping[str, Any]) -> str | None:
    """As `key_elsewhere`, only for names that the chosen schedule or optimizer gives a meaning."""
    return _chosen(KEYS_WITH, name, data)


def way_elsewhere(name: str, data: Mapping[str, Any]) -> str | None:
    """Return what to use instead of a setting that gdrun does not have, or None.

    name: the name in another library. data: the plain data of the config.
    """
    return _chosen(WAYS_WITH, name, data) or OTHER_WAYS.get(name.lower())


def _chosen(
    table: Mapping[str, Mapping[str, Mapping[str, str]]], name: str, data: Mapping[str, Any]
) -> str | None:
    for section, by_choice in table.items():
        chosen = data.get(section)
        choice = chosen.get("name") if isinstance(chosen, Mapping) else chosen
        if isinstance(choice, str) and name.lower() in by_choice.get(choice, {}):
            return by_choice[choice][name.lower()]
    return None
