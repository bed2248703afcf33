"""The kinds of pictures: what each shows, what it is drawn from, and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from gdrun.errors import GdrunError, Parameter, suggestion
from gdrun.runs.run import Run
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views import (
    diagnosis_figures,
    model_figures,
    search_figures,
    study_figures,
    theory_figures,
)
from gdrun.views.curves import Chart, scaled
from gdrun.views.pictures.evidence import evidence_picture
from gdrun.views.pictures.heat_map import heat_map_picture
from gdrun.views.pictures.landscape import landscape_picture
from gdrun.views.pictures.lines import charts_picture
from gdrun.views.pictures.regions import regions_picture
from gdrun.views.pictures.residuals import residuals_picture
from gdrun.views.pictures.scatter import scatter_picture
from gdrun.views.pictures.sensitivity import sensitivity_picture
from gdrun.views.pictures.style import SUFFIXES
from gdrun.views.pictures.walk import walk_picture, write_walk_animation
from gdrun.views.run_charts import run_charts
from gdrun.views.study_curves import study_curves
from gdrun.views.walks import walks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Of = Literal["runs", "run", "sweep", "comparison"]
Subject = Sequence[Run] | Sweep | Comparison

_NEEDS: dict[Of, str] = {
    "runs": "one or more runs",
    "run": "exactly one run",
    "sweep": "a sweep",
    "comparison": "a comparison",
}


@dataclass(frozen=True)
class Shown:
    """The axes of curves: x, one of X_AXES, and y, a quantity; None for the usual ones.

    scale: the scale of the y axis, one of SCALES; None for the one that suits the values.
    """

    x: str | None = None
    y: str | None = None
    scale: str | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of picture.

    words: what it shows. of: what it is drawn from. also: what else it can be drawn from. draw:
    makes the figure from the subject and what the axes show. animate: writes an animated GIF of the
    subject to a file; None if the kind has no animation. reads: whether it reads the data of the
    run again. trains: whether it trains the recorded experiment again, because the weights at its
    steps were not recorded.
    """

    name: str
    words: str
    of: Of
    draw: Callable[[Any, Shown], Figure]
    animate: Callable[[Any, BinaryIO], None] | None = None
    reads: bool = False
    trains: bool = False
    also: tuple[Of, ...] = ()

    @property
    def needs(self) -> str:
        """What a picture of this kind is drawn from, in words."""
        *others, last = (_NEEDS[each] for each in (self.of, *self.also))
        return f"{', '.join(others)} or {last}" if others else last


def curves(subject: Subject, shown: Shown) -> list[Chart]:
    """The curves of runs, or of the settings or contenders of a study."""
    x = shown.x or "epoch"
    if isinstance(subject, Sweep | Comparison):
        return scaled([study_curves(subject, x, shown.y)], shown.scale)
    return scaled(run_charts(subject, x, shown.y), shown.scale)


_ALL = (
    Kind(
        "curves",
        "loss, gradient norm and learning rate; or the metric of a study during training",
        "runs",
        lambda given, shown: charts_picture(curves(given, shown)),
        also=("sweep", "comparison"),
    ),
    Kind(
        "walk",
        "the paths of runs, settings or contenders on a surface",
        "runs",
        lambda walkers, _: walk_picture(walks(walkers)),
        lambda walkers, file: write_walk_animation(walks(walkers), file),
        also=("sweep", "comparison"),
    ),
    Kind(
        "regions",
        "the predicted classes in the plane of two features",
        "run",
        lambda run, _: regions_picture(model_figures.decision_regions(run)),
        reads=True,
    ),
    Kind(
        "confusion",
        "the confusion matrix of a classifier",
        "run",
        lambda run, _: heat_map_picture(model_figures.confusion(run)),
    ),
    Kind(
        "reliability",
        "how often predictions with a probability are right",
        "run",
        lambda run, _: charts_picture([model_figures.reliability(run)]),
        reads=True,
    ),
    Kind(
        "residuals",
        "the errors of a regression",
        "run",
        lambda run, _: residuals_picture(model_figures.residuals(run)),
        reads=True,
    ),
    Kind(
        "layers",
        "the gradient norm of each layer",
        "run",
        lambda run, _: heat_map_picture(model_figures.layer_gradients(run)),
    ),
    Kind(
        "diagnosis",
        "the symptoms of a run, and the curves that show them",
        "run",
        lambda run, _: evidence_picture(diagnosis_figures.diagnosis_charts(run)),
    ),
    Kind(
        "landscape",
        "the loss around the path of the weights (trains again)",
        "run",
        lambda run, _: landscape_picture(*theory_figures.landscape(run)),
        reads=True,
        trains=True,
    ),
    Kind(
        "bounds",
        "f − f* and the bounds of theory",
        "run",
        lambda run, _: charts_picture(theory_figures.bound_charts(run)),
        reads=True,
    ),
    Kind(
        "curvature",
        "the curvature along the path and the limit of the rate (trains again)",
        "run",
        lambda run, _: charts_picture([theory_figures.curvature_chart(run)]),
        reads=True,
        trains=True,
    ),
    Kind(
        "noise",
        "the variance of mini-batch gradients against the batch size",
        "run",
        lambda run, _: charts_picture([theory_figures.noise_chart(run)]),
        reads=True,
    ),
    Kind(
        "sensitivity",
        "the final metric of a sweep over one key, with verdicts",
        "sweep",
        lambda found, _: sensitivity_picture(study_figures.sensitivity(found)),
    ),
    Kind(
        "heat",
        "the final metric of a sweep over two keys",
        "sweep",
        lambda found, _: heat_map_picture(study_figures.sweep_grid(found)),
    ),
    Kind(
        "scatter",
        "the final metric of a random search over two keys, with a point for each setting",
        "sweep",
        lambda found, _: scatter_picture(search_figures.search_scatter(found)),
    ),
    Kind(
        "comparison",
        "the metric of contenders over gradients and seconds, and the runs at the target",
        "comparison",
        lambda found, shown: charts_picture(
            scaled(study_figures.comparison_charts(found, shown.x), shown.scale)
        ),
    ),
)

KINDS = {kind.name: kind for kind in _ALL}
"""Every kind of picture by name."""


def usual_kind(subject: Subject) -> str:
    """The kind that suits a subject if no other is named."""
    if isinstance(subject, Sweep):
        if len(subject.axes) != 2:
            return "sensitivity"
        return "scatter" if study_figures.is_sparse(subject) else "heat"
    if isinstance(subject, Comparison):
        return "comparison"
    return "walk" if all("surface" in run.config for run in subject) else "curves"


def kind_for(name: str | None, subject: Subject) -> tuple[Kind, Any]:
    """The kind with this name, and the subject for its functions `draw` and `animate`.

    name: None for the usual kind. A kind that draws one run gets this run, others the whole
    subject. Raises GdrunError if there is no such kind, or it cannot be drawn from the subject.
    """
    name = usual_kind(subject) if name is None else name
    if name not in KINDS:
        raise GdrunError(
            f"there is no kind {name!r}", where=Parameter("kind"), hint=suggestion(name, KINDS)
        )
    kind = KINDS[name]
    given: Of = "runs"
    if isinstance(subject, Sweep | Comparison):
        given = "sweep" if isinstance(subject, Sweep) else "comparison"
    elif kind.of == "run" and len(subject) == 1:
        _check_stored(kind, subject[0])
        return kind, subject[0]
    if given not in (kind.of, *kind.also):
        got = {"runs": "runs", "sweep": "a sweep", "comparison": "a comparison"}[given]
        if given == "runs":
            assert not isinstance(subject, Sweep | Comparison)
            got = f"{len(subject)} run{'' if len(subject) == 1 else 's'}"
        hint = f"leave the kind out, or use {usual_kind(subject)}"
        raise GdrunError(
            f"{name} needs {kind.needs}, got {got}", where=Parameter("kind"), hint=hint
        )
    return kind, subject


def _check_stored(kind: Kind, run: Run) -> None:
    """Raise GdrunError if the kind reads the data, and the run was trained on arrays."""
    if kind.reads and "dataset" in run.config and run.config["dataset"].get("name") == "arrays":
        raise GdrunError(
            f"was trained on arrays from Python, which are not stored, and {kind.name} needs them",
            where=run.id,
            hint=f"choose a kind that needs no data, such as {usual_kind([run])}; or write the "
            "arrays to a file, and train on it",
        )


def suffixes_of(kind: Kind) -> tuple[str, ...]:
    """The suffixes of files to which a kind can be written."""
    return (*SUFFIXES, ".gif") if kind.animate is not None else SUFFIXES
