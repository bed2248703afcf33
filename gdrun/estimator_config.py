"""The config of an experiment, made from the parameters of a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, NoReturn

from gdrun.data.splitting import part_size
from gdrun.errors import ConfigError, suggestion
from gdrun.problems.losses import LOSSES

Section = str | Mapping[str, Any]
"""A section of a config: a name, or a mapping with the name and its options."""


def section(value: Section) -> dict[str, Any]:
    """The section as a new dict, which the caller may change; "adam" becomes {"name": "adam"}."""
    return dict(value) if isinstance(value, Mapping) else {"name": value}


def merged(values: Mapping[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
    """The values, replaced by those in `further`. A mapping keeps its keys that are not replaced.

    A text in `further` replaces only the key `name` of a mapping.
    """
    found = dict(values)
    for key, value in further.items():
        before = found.get(key)
        if isinstance(before, Mapping) and isinstance(value, str | Mapping):
            value = merged(before, section(value))
        found[key] = value
    return found


def limit_batch(config: dict[str, Any], batch_size: Any, rows: int) -> None:
    """Set the batch size of mbgd in `config`, in place: at most the number of training rows.

    Other variants are not changed. batch_size: the size if the variant section has none. rows: the
    number of rows before the split into parts. A value of a wrong type is not changed, so that the
    check of the config reports it.
    """
    variant = section(config["variant"])
    if variant.get("name") != "mbgd":
        return
    split = config["dataset"]["split"]
    shares = (split.get("validation"), split.get("test"))
    held_out = sum(part_size(float(share), rows) for share in shares if isinstance(share, Real))
    size = variant.get("batch_size", batch_size)
    if isinstance(size, Integral):
        size = min(int(size), max(rows - held_out, 1))
    config["variant"] = variant | {"batch_size": size}


@dataclass(frozen=True)
class Choices:
    """The models that an estimator has.

    estimator: the name of its class. models: the names that its parameter `model` accepts, besides
    `auto`. network_loss: the loss of mlp with `loss: auto`, which in gdrun depends on the target.
    """

    estimator: str
    models: tuple[str, ...]
    network_loss: str

    def named(self, model: Mapping[str, Any], classes: int) -> dict[str, Any]:
        """The model section with names for `auto`. classes: their number; 0 for a regressor.

        Raises ConfigError if the estimator has no such model or loss.
        """
        chosen = {"name": "auto"} | dict(model)
        if chosen["name"] == "auto":
            chosen["name"] = {0: "linear", 2: "logistic"}.get(classes, "softmax")
        if chosen["name"] not in self.models:
            self._refuse("name", chosen["name"], self.models)
        if chosen["name"] == "mlp":
            if chosen.get("loss", "auto") == "auto":
                chosen["loss"] = self.network_loss
            loss = LOSSES.get(chosen["loss"])
            if loss is not None and loss.targets != LOSSES[self.network_loss].targets:
                self._refuse("loss", chosen["loss"], (self.network_loss,))
        return chosen

    def _refuse(self, key: str, value: object, known: Sequence[str]) -> NoReturn:
        kind = "loss" if key == "loss" else "model"
        what = f"{self.estimator} has no {kind} {value!r}"
        raise ConfigError(what, where=f"model.{key}", hint=suggestion(value, known))
