"""The evidence of symptoms as curves: what is drawn against the numbers of the evidence."""

import re
from dataclasses import replace

import numpy as np
import pytest

import gdrun
from gdrun.symptoms.facts import RateLimit, Traced
from gdrun.symptoms.registry import RUN_SYMPTOMS
from gdrun.views.diagnosis_figures import DRAWN, diagnosis_charts, evidence_charts
from gdrun.views.pictures.evidence import evidence_picture
from gdrun.views.pictures.style import style

EPOCHS = np.arange(20.0)
FALLING = 2.0**-EPOCHS


def facts(train=FALLING, steps=None, more=None, **rest):
    config = {"optimizer": {"lr": 0.1}, "variant": {"name": "bgd"}, "stopping": {"epochs": 20}}
    evals = {"epoch": EPOCHS, "train_loss": np.asarray(train, float), **(more or {})}
    return Traced(config, evals, steps or {}, **rest)


def named(charts):
    return {curve.label: curve for chart in charts for curve in chart.curves}


def marked(curve):
    """The points that have a marker: the others are not drawn."""
    return [(x, y) for x, y in zip(curve.x, curve.y, strict=True) if np.isfinite(y)]


def test_every_symptom_has_its_own_figure():
    assert set(DRAWN) == set(RUN_SYMPTOMS)


def test_overfitting_marks_the_lowest_validation_loss():
    validation = 1 + (EPOCHS - 7) ** 2 / 50
    charts = evidence_charts(facts(more={"validation_loss": validation}), "run")
    assert "overfitting" in charts[0].title and "at epoch 7" in charts[0].title
    curves = named(charts)
    assert marked(curves["lowest validation loss"]) == [(7, 1)]
    assert curves["validation"].y.tolist() == validation.tolist()
    assert curves["training"].y.tolist() == FALLING.tolist()


def test_oscillation_marks_the_rises_of_the_second_half():
    swinging = np.where(EPOCHS % 2, 0.4, 0.2) + 2 * FALLING
    charts = evidence_charts(facts(swinging), "run")
    assert charts[0].title.startswith("oscillation (confidence ")
    # It is higher at odd epochs; the second half begins at epoch 10.
    rises = [x for x, _ in marked(named(charts)["the loss had risen"])]
    assert rises == [11, 13, 15, 17, 19]


def test_a_vanishing_gradient_is_drawn_for_every_layer():
    norms = {f"layer{k}.grad_norm": np.full(20, 10.0 ** (2 * k)) for k in (1, 2, 3, 4)}
    (chart,) = evidence_charts(facts(np.ones(20), more=norms, status="converged"), "run")
    assert "vanishing" in chart.title and chart.log_y
    assert [curve.label for curve in chart.curves] == ["layer1", "layer2", "layer3", "layer4"]
    assert [curve.y[0] for curve in chart.curves] == [1e2, 1e4, 1e6, 1e8]


def test_dead_units_are_those_of_the_evidence():
    shares = {"layer1.dead": EPOCHS / 20, "layer2.dead": EPOCHS / 19, "layer1.saturated": EPOCHS}
    charts = evidence_charts(facts(np.ones(20), more=shares, status="converged"), "run")
    assert charts[0].y_label == "share of dead units"
    assert charts[0].curves[-1].y.tolist() == shares["layer2.dead"].tolist()


def test_an_explosion_has_its_peaks_and_the_limit_of_the_rate():
    """Gradient descent with α = 0.3 on f = 5 x², so L = 10: α > 2/L, and x ← (1 − 10 α) x."""
    x = (-2.0) ** np.arange(20)
    steps = {
        "step": np.arange(1, 21),
        "lr": np.full(20, 0.3),
        "max_batch_loss": 5 * x**2,
        "max_grad_norm": 10 * np.abs(x),
    }
    limited = facts(5 * x**2, steps, limit=RateLimit(0.2, "2/L", exact=True))
    charts = evidence_charts(limited, "run")
    assert [chart.y_label for chart in charts] == ["batch loss", "gradient norm", "learning rate"]
    assert [bool(chart.title) for chart in charts] == [True, False, False]
    assert charts[0].log_y and charts[0].curves[0].y.tolist() == (5 * x**2).tolist()
    assert charts[1].curves[0].y.tolist() == (10 * np.abs(x)).tolist()
    rate, limit = charts[2].curves
    assert (rate.y[0], limit.y.tolist(), limit.dashed) == (0.3, [0.2, 0.2], True)


@pytest.mark.parametrize(
    ("end", "name"), [(0.7, "slow convergence"), (0.1, "still falling"), (1.0, "stuck")]
)
def test_what_falls_too_little_is_drawn_above_the_bound_of_the_loss(end, name):
    charts = evidence_charts(facts(np.linspace(1, end, 20), floor=0.05), "run")
    assert charts[0].title.startswith(name)
    curves = named(charts)
    assert curves["lower bound"].y.tolist() == [0.05, 0.05]
    if name != "stuck":
        # The middle of epochs 0 to 19.
        assert [x for x, _ in marked(curves["middle of the run"])] == [9.5]


def test_each_class_has_a_bar_with_its_recall():
    summary = {"recalls": {"test": {"rows": [100, 10], "found": [95, 2]}}}
    run = facts(summary=summary, status="converged")
    (chart,) = evidence_charts(replace(run, data={"classes": ["no", "yes"]}), "run")
    assert "imbalance" in chart.title
    # 2 of 10 and 95 of 100 are found; the class with the lowest recall is at the top.
    assert chart.bars == ("yes: 2 of 10", "no: 95 of 100")
    np.testing.assert_allclose(chart.curves[0].x, [0.2, 0.95])
    (axes,) = evidence_picture([chart]).axes
    widths = {
        name.get_text(): bar.get_width()
        for name, bar in zip(axes.get_yticklabels(), axes.patches, strict=True)
    }
    assert widths == {"yes: 2 of 10": pytest.approx(0.2), "no: 95 of 100": pytest.approx(0.95)}
    assert {each.get_text() for each in axes.texts} == {"20.0 %", "95.0 %"}


def test_the_baseline_is_a_level():
    known = {"prediction": "no", "loss": {"test": 0.7}, "metrics": {"test": {"accuracy": 0.6}}}
    summary = {"baseline": known, "test_loss": 0.8, "test_accuracy": 0.5}
    charts = evidence_charts(facts(summary=summary, status="converged"), "run")
    assert named(charts)["constant prediction"].y.tolist() == [0.7, 0.7]


def test_a_run_has_a_picture_with_its_evidence():
    run = gdrun.train({"dataset": "diabetes", "model": "linear", "variant": "bgd"}, "lr=9")
    charts = diagnosis_charts(run)
    with style():
        axes = evidence_picture(charts).axes
    title = " ".join(axes[0].get_title(loc="left").split())
    assert title.startswith("exploding (confidence 1.00): the training loss")
    limit = float(re.search(r"2/L = ([\d.]+)", title)[1])
    assert named(charts)["2/L"].y[0] == pytest.approx(limit, rel=1e-3)
    healthy = gdrun.train({"dataset": "iris", "model": "softmax", "name": "fine"}, "lr=0.5")
    assert diagnosis_charts(healthy)[0].title == "fine: no symptom"


def test_every_line_of_evidence_is_within_the_picture():
    config = {"dataset": "breast-cancer", "model": "logistic", "variant": "bgd"}
    config |= {"optimizer": {"name": "vanilla", "lr": 100}, "schedule": "constant"}
    with style():
        picture = evidence_picture(diagnosis_charts(gdrun.train(config, "epochs=100")))
        picture.canvas.draw()  # the layout sets the places
        titles = [axes.title for axes in picture.axes] + [axes._left_title for axes in picture.axes]
        shown = [each.get_window_extent() for each in titles if each.get_text()]
    # The labels 2 × 10⁻¹ of the axis make its margin wide.
    assert len(shown) == 2
    assert all(box.x0 >= 0 and box.x1 <= picture.bbox.x1 for box in shown)
