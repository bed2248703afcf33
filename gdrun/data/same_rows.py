"""Whether datasets have the same rows in the same parts and the same targets.

Losses can be compared only on such datasets. The sections of the configs decide, so that nothing
has to be read. Equal hashes of the data were rejected: contenders are refused before data are read,
and a hash covers the features, which may differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gdrun.data.sources import with_real_paths

FEATURE_OPTIONS = ("standardize", "ignore", "keep")
"""The keys of the dataset section that decide which features there are, and their scale.

`standardize` may scale the target as well (see `standardises_target`).
"""


def rows_and_target(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a dataset section, without those that change only the features.

    Datasets for which it is equal have the same rows in the same parts and the same targets, except
    for the scale of the target. dataset: the section, with all defaults.
    """
    free = FEATURE_OPTIONS if _same_rows_for_any_columns(dataset) else FEATURE_OPTIONS[:1]
    real = with_real_paths(dataset)
    return {key: value for key, value in real.items() if key not in free}


def with_features_of(dataset: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a dataset section, with the features and the scales of another section."""
    own = {key: value for key, value in other.items() if key in FEATURE_OPTIONS}
    return {key: own.get(key, value) for key, value in dataset.items()}


def standardises_target(dataset: Mapping[str, Any]) -> bool:
    """Whether a dataset section standardises the target, which changes the unit of the loss."""
    chosen = dataset.get("standardize")
    return isinstance(chosen, Mapping) and chosen.get("target") is True


def _same_rows_for_any_columns(dataset: Mapping[str, Any]) -> bool:
    """Whether the rows, their parts and the target do not depend on the columns that are used.

    A row is left out if a column that is used has no value there and `missing` is `drop`. The
    default target is the last column that is not left out. An order in time depends on whether
    numbers are kept as numbers or read as dates.
    """
    missing, split = dataset.get("missing"), dataset.get("split")
    rules = missing.values() if isinstance(missing, Mapping) else (missing,)
    timed = isinstance(split, Mapping) and split.get("time") is not None
    return "drop" not in rules and dataset.get("target") is not None and not timed
