"""Symptoms in the data of a run: they make its results look better than they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gdrun.methods.plugins import entry_of
from gdrun.problems.linear import LinearModel
from gdrun.problems.models import MODELS
from gdrun.quantities import quantity
from gdrun.symptoms import scales
from gdrun.symptoms.facts import Remedy, Symptom, Traced
from gdrun.symptoms.wording import share

LEAK = 0.995
"""From this score on, a feature that alone predicts the target is suspected to contain it."""

REPEATED, FEWEST_REPEATED = 0.05, 3
"""Repeated rows are reported if they are at least this share of a held-out part, and this many."""


MOST_NAMED = 5
"""The largest number of columns that a sentence names; it counts the others."""


def leak(run: Traced) -> Symptom | None:
    """One feature alone predicts the target almost perfectly: it may contain the target.

    This is checked on the training part of the user's own data with more than one feature. The
    symptom is reported if the best single feature has a score of 0.995 or more. The score is the
    AUC, or R² for a regression. With several classes, they are ordered by the mean of the feature,
    and the score is the smallest AUC of two adjacent classes. For a column of categories the score
    is Goodman and Kruskal's λ: the share of the errors of a constant prediction that the categories
    avoid.

    Evidence: AUC, λ or R² of each single feature

    Source: Kaufman et al. 2012.
    """
    best = run.data.get("single_feature")
    if best is None or best["score"] < LEAK:
        return None
    does = {
        "auc": f"separates the classes with an AUC of {quantity(best['score'])}",
        "lambda": f"avoids {share(best['score'], 1)} of the errors of a constant prediction",
        "r2": f"predicts the target with R² = {quantity(best['score'])}",
    }
    return Symptom(
        "leak",
        0.7,
        f"the feature {best['feature']} alone {does[best['measure']]} on the training part",
        _without(run, best["feature"]),
    )


def _without(run: Traced, feature: str) -> tuple[Remedy, ...]:
    """The change that ignores the column of a feature; none if no column of a file contains it."""
    columns: Sequence[Mapping[str, Any]] = run.data.get("columns", ())
    names = [each["name"] for each in columns if feature in (each["name"], *each["features"])]
    if not names:
        return ()
    ignored = run.config["dataset"].get("ignore") or []
    before = [ignored] if isinstance(ignored, str | int) else list(ignored)
    why = "do this if the column is not known when the model has to predict"
    return (Remedy({"dataset.ignore": [*before, names[0]]}, why),)


def repeated_rows(run: Traced) -> Symptom | None:
    """Rows of the validation or test part are in the training part too.

    At least 5 % of the rows of such a part, and at least 3, equal a training row in all features
    and in the target. The metrics of this part are then too good. Columns that are no features are
    not compared; if there are any, the rows may differ in them. Rows of one file that are split by
    group or by time are no such rows: all copies of a row are in one part.

    Evidence: numbers of equal rows

    Source: Barz & Denzler 2020.
    """
    repeated, sizes = run.data.get("repeated_rows") or {}, run.data.get("parts") or {}
    files = run.data.get("files") or {}
    split = run.config.get("dataset", {}).get("split") or {}
    apart = any(split.get(key) is not None for key in ("group", "time"))
    found = [
        f"{number} of {sizes[part]} {part} rows ({share(number, sizes[part])})"
        for part, number in repeated.items()
        if part in sizes
        and (part in files or not apart)
        and number >= max(FEWEST_REPEATED, REPEATED * sizes[part])
    ]
    if not found:
        return None
    said = f"the training part also has {' and '.join(found)}, equal in the features and the target"
    advice = "keep each row in one part only"
    left_out = run.data.get("left_out", ())
    if not left_out:
        return Symptom("repeated rows", 0.9, f"{said}; {advice}", _distinct(run))
    more = f" and {len(left_out) - MOST_NAMED} more" if len(left_out) > MOST_NAMED else ""
    said += (
        f" (not compared: {', '.join(left_out[:MOST_NAMED])}{more}); {advice}, unless the columns "
    )
    said += "that were not compared show that they are different examples"
    return Symptom("repeated rows", 0.6, said, _distinct(run))


def _distinct(run: Traced) -> tuple[Remedy, ...]:
    """The change that reads repeated rows of a file only once; none for other data.

    None also if the validation or test part has its own file: then the row is in two files.
    """
    path, files = run.config["dataset"].get("path"), run.data.get("files")
    if files or not isinstance(path, str) or not path.lower().endswith(TABLES):
        return ()
    file = path.replace("'", "''")
    query = f"SELECT DISTINCT * FROM '{file}' ORDER BY ALL"
    why = "no row is in two parts if every row is in the data once"
    if run.data.get("left_out"):
        why = "this drops the rows that are equal to another one in every column of the file"
    return (Remedy({"dataset.query": query}, why),)


def unequal_scales(run: Traced) -> Symptom | None:
    """The features of a linear model have very different sizes, so that descent is slow.

    The features are not standardised, and the largest root mean square of a feature is at least 100
    times the smallest; the bias counts as a feature of size 1. The diagonal of the Hessian bounds
    its condition number from below by its largest entry divided by its smallest, and gradient
    descent needs steps in proportion to it. This ratio must be at least 100². At weights of 0 the
    diagonal has c E[x²]: c is 2 for the squared error, where it is the same at all weights, 1/4 for
    the logistic loss, and (1/C)(1 − 1/C) for softmax with C classes. The penalty l2 is added,
    except for the bias. Other losses are judged by the sizes alone. A run that a convergence rule
    stopped has no such symptom; a target loss or accuracy is no such rule.

    Evidence: root mean squares of the features

    Source: LeCun et al. 1998, section 4.3.
    """
    known = run.data.get("scales")
    if known is None or not run.convex or run.converged:
        return None
    sizes = [(each["rms"], each["feature"]) for each in (known["smallest"], known["largest"])]
    if run.config["model"].get("bias"):
        sizes.append((1.0, BIAS))
    (least, small), (most, large) = min(sizes), max(sizes)
    condition = _condition(run, sizes)
    if most < UNEQUAL * least or (condition is not None and condition[0] < UNEQUAL**2):
        return None
    number = f": {condition[1]} is at least {quantity(condition[0])}" if condition else ""
    return Symptom(
        "unequal scales",
        0.6,
        f"the features are not standardised: the root mean square of {large} is {quantity(most)}, "
        f"and that of {small} is {quantity(least)}, so that gradient descent is slow{number}",
        scales.standardised(run),
    )


def _condition(run: Traced, sizes: Sequence[tuple[float, str]]) -> tuple[float, str] | None:
    """A lower bound of a condition number of the Hessian, and what it bounds, as text.

    None for a loss whose curvature depends on the targets, or jumps. sizes: root mean squares.
    """
    options = run.config["model"]
    model = entry_of(MODELS, options["name"]).build(1, len(run.data["classes"]), options)
    assert isinstance(model, LinearModel), "the scales of features are those of a linear model"
    loss = model.loss
    if loss.zero_curvature is None:
        return None
    curvature = loss.zero_curvature(model.outputs, **loss.values)
    l2 = options.get("l2") or 0.0
    diagonal = [curvature * rms**2 + (0.0 if name == BIAS else l2) for rms, name in sizes]
    where = "" if loss.quadratic else " at weights of 0"
    return max(diagonal) / min(diagonal), f"the condition number{where}"


BIAS = "the bias"

UNEQUAL = 100.0
"""Root mean squares of features are called unequal from this ratio on."""

TABLES = (".csv", ".tsv", ".parquet")
"""The file name extensions of tables that an SQL query can read."""
