"""The data of the figures of theory: bounds, curvature along the path, and gradient noise."""

from __future__ import annotations

import numpy as np

from gdrun.errors import GdrunError
from gdrun.insight.bound_checks import check_run
from gdrun.insight.curvature_path import path_of
from gdrun.insight.gradient_noise import BatchNoise, gradient_noise
from gdrun.insight.loss_plane import LossPlane, loss_plane
from gdrun.insight.recorded_problem import last_weights
from gdrun.runs.recorded_experiment import repeatable_experiment
from gdrun.runs.run import Run
from gdrun.views.curves import Chart, Curve, is_logarithmic
from gdrun.views.numbers import count

CURVATURE_POINTS = 16
"""The number of evaluations at which the curvature is measured for a figure."""


def bound_charts(run: Run) -> list[Chart]:
    """A chart for each quantity that theory bounds: what was observed, and each bound.

    Raises GdrunError if no bound applies to the run.
    """
    checked = check_run(run)
    if not checked.checks:
        reasons = ", ".join(each.name for each in checked.failing)
        what = f"no bound applies: bounds need {reasons}" if reasons else "no bound applies"
        hint = f"`gdrun theory {run.directory}` says why, and what would make a bound apply"
        raise GdrunError(what, where=run.id, hint=hint)
    charts = []
    for quantity in dict.fromkeys(each.bound.quantity for each in checked.checks):
        own = [each for each in checked.checks if each.bound.quantity == quantity]
        seen = Curve("observed", own[0].steps.astype(float), own[0].observed)
        bounds = [
            Curve(f"bound: {each.bound.name}", each.steps.astype(float), each.allowed, dashed=True)
            for each in own
        ]
        words = quantity.replace(" - ", " − ")
        curves = (seen, *bounds)
        charts.append(Chart(_title(run), "step", words, curves, log_x=True, log_y=True))
    return charts


def curvature_chart(run: Run) -> Chart:
    """The extreme curvatures along the path, and the limit above which the rate is unstable.

    The experiment is trained again for at most 30 epochs. Raises the errors of training.
    """
    found = path_of(repeatable_experiment(run), most=CURVATURE_POINTS)
    step = np.array([point.step for point in found.points], dtype=float)
    largest, smallest = (
        np.array([getattr(point, name) for point in found.points])
        for name in ("largest", "smallest")
    )
    curves = [Curve("λmax", step, largest, marked=True), Curve("λmin", step, smallest, marked=True)]
    limits = np.array([point.limit for point in found.points], dtype=float)
    if np.isfinite(limits).any():
        words = "limit 2/α" if run.config["optimizer"]["name"] == "vanilla" else "limit of the rate"
        curves.insert(1, Curve(words, step, limits, dashed=True))
    title = f"{_title(run)}: curvature on {count(found.rows, 'example')}"
    return Chart(title, "step", "curvature of the objective", tuple(curves))


def noise_chart(run: Run) -> Chart:
    """The variance of mini-batch gradients against the batch size, at the run's last weights.

    It shows measured and predicted variances, for batches with and without replacement. The title
    has the fitted power of the batch size B. Raises GdrunError if every example has the same
    gradient.
    """
    problem, w, step = last_weights(run)
    found = gradient_noise(problem, w, step)
    if not found.spread > 0:
        what = "its gradient has no noise: every example has the same gradient"
        raise GdrunError(what, where=run.id, hint="surface.noise=0.1 adds noise to a surface")
    curves = [
        *_noise_curves("with replacement", found.replacement),
        *_noise_curves("without", found.without),
    ]
    title = f"{_title(run)}: gradient noise at step {step:,}"
    if found.exponent is not None:
        title += f"; fit ∝ B^{found.exponent:.3f}"
    words, band = "E ‖g_B − ∇f‖²", "± standard error"
    return Chart(title, "batch size B", words, tuple(curves), log_x=True, log_y=True, band=band)


def _noise_curves(name: str, noise: tuple[BatchNoise, ...]) -> list[Curve]:
    """The measured variances ± their standard errors, and the predicted ones as a dashed curve.

    A full batch without replacement has no noise, only rounding errors: it is left out.
    """
    known = [each for each in noise if each.predicted > 0]
    sizes = np.array([each.size for each in known], dtype=float)
    measured = np.array([each.variance for each in known])
    error = np.array([each.variance_error for each in known])
    predicted = np.array([each.predicted for each in known])
    return [
        Curve(
            f"{name}, measured",
            sizes,
            measured,
            measured - error,
            measured + error,
            owner=name,
            marked=True,
        ),
        Curve(f"{name}, predicted", sizes, predicted, owner=name, dashed=True),
    ]


def landscape(run: Run) -> tuple[str, LossPlane, bool]:
    """The title, the loss around the path of a run, and whether the colours are logarithmic.

    Raises GdrunError for a run on a surface.
    """
    if "surface" in run.config:
        hint = '`kind="walk"` draws the run on its surface'
        raise GdrunError("is a run on a surface", where=run.id, hint=hint)
    plane = loss_plane(run)
    rounded = "" if plane.repeated else " (trained again, equal up to rounding)"
    return f"{_title(run)}{rounded}", plane, is_logarithmic(plane.values)


def _title(run: Run) -> str:
    return str(run.record["name"])
