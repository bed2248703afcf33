"""Pictures of studies: sweeps as curves and heat maps, and comparisons of contenders."""

import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import LogNorm, to_rgba

import gdrun
from gdrun.errors import GdrunError
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.views import study_figures
from gdrun.views.pictures.heat_map import heat_map_picture
from gdrun.views.pictures.scatter import scatter_picture
from gdrun.views.pictures.sensitivity import sensitivity_picture
from gdrun.views.pictures.style import style
from gdrun.views.report import of_study
from gdrun.views.search_figures import search_scatter
from gdrun.views.terminal_map import heat_lines


def test_a_sweep_over_rates_marks_divergence_and_the_limit():
    found = gdrun.sweep(
        {"dataset": "diabetes", "model": "linear", "variant": "bgd", "optimizer": "vanilla"},
        {"lr": [0.001, 0.01, 0.1, 1e3]},
        "epochs=40",
        seeds=2,
    )
    record = study_figures.sensitivity(found)
    np.testing.assert_allclose(record.curve.x, [0.001, 0.01, 0.1, 1e3])
    np.testing.assert_allclose(record.curve.y[:3], np.median(found.results[:3], axis=1))
    assert record.words[-1] == "diverged"
    assert np.isinf(record.curve.y[-1])
    assert record.chart.limit[0] == found.limit.predicted
    with style():
        axes = sensitivity_picture(record).axes[0]
        assert any(text.get_text() == "diverged" for text in axes.texts)
        assert any(
            np.all(np.asarray(line.get_xdata()) == found.limit.predicted) for line in axes.lines
        )


def test_the_names_of_narrow_zones_keep_their_distance():
    rates = [0.05, 0.1, 0.15, 0.18, 0.182, 0.19, 0.199, 0.2, 0.201, 0.21, 0.25]
    plain = ("surface=bowl", "optimizer=vanilla", "schedule=constant", "steps=100")
    found = gdrun.sweep(None, {"lr": rates}, *plain)
    record = study_figures.sensitivity(found)
    with style():
        texts = sensitivity_picture(record).axes[0].texts
    places = {text.get_text(): text.xyann[0] for text in texts if text.get_rotation() == 30}
    assert {"good", "too large", "oscillating", "unstable", "diverged"} <= set(places)
    # Text of 8 points that is turned by 30° needs 8 / sin 30° = 16 points, of about 400.
    assert np.diff(list(places.values())).min() >= 16 / 400


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_the_band_of_a_sweep_lies_between_the_quartiles_over_seeds(metric):
    iris = {"dataset": "iris", "model": "softmax", "engine": "numpy"}
    found = gdrun.sweep(iris, {"lr": [0.01, 1.0]}, "epochs=2", seeds=4, metric=metric)
    curve = study_figures.sensitivity(found).curve
    for row, share in ((curve.low, 0.25), (curve.y, 0.5), (curve.high, 0.75)):
        np.testing.assert_allclose(row, np.quantile(found.results, share, axis=1))


def test_a_sweep_over_two_keys_is_a_table():
    found = gdrun.sweep(
        {"dataset": "iris", "model": "softmax", "optimizer": "momentum"},
        {"lr": [0.1, 0.001], "beta": [0.0, 0.9]},
        "epochs=3",
    )
    table = study_figures.sweep_grid(found)
    assert (table.rows, table.columns) == (("0.001", "0.1"), ("0", "0.9"))
    for standing, median in zip(found.standings, found.medians, strict=True):
        settings = standing.candidate.settings
        row, column = settings["optimizer.lr"] == 0.1, settings["optimizer.beta"] == 0.9
        assert table.values[int(row), int(column)] == median
    assert table.values[table.marked] == table.values.min()
    with style():
        image = heat_map_picture(table).axes[0].images[0]
        np.testing.assert_array_equal(image.get_array(), table.values)
        assert isinstance(image.norm, LogNorm) == table.log


def test_a_random_search_over_two_keys_is_a_point_for_each_setting():
    found = gdrun.sweep(
        {"dataset": "iris", "model": "softmax", "optimizer": "momentum", "variant": "bgd"},
        {"lr": "log:1e-3:1e5", "beta": "lin:0:0.9"},
        "epochs=3",
        search="random",
        trials=8,
        seeds=1,
    )
    record = search_scatter(found)
    settings = [standing.candidate.settings for standing in found.standings]
    assert record.x.tolist() == [each["optimizer.lr"] for each in settings]
    assert record.y.tolist() == [each["optimizer.beta"] for each in settings]
    assert record.values.tolist() == found.medians.tolist()
    assert settings[record.best] == found.best.settings
    assert (record.log_x, record.log_y) == (True, False)
    assert (record.x_label, record.y_label) == ("learning rate", "beta")
    failed = np.array([True, *[False] * 7])
    values = np.where(failed, np.inf, np.arange(1.0, 9.0))
    with style():
        axes, bar = scatter_picture(replace(record, values=values, log=True)).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    (points,) = axes.collections
    np.testing.assert_array_equal(points.get_offsets().T, [record.x[1:], record.y[1:]])
    np.testing.assert_array_equal(points.get_array(), values[1:])
    assert isinstance(points.norm, LogNorm)
    cross, ring = axes.lines
    assert cross.get_xydata().tolist() == [[record.x[0], record.y[0]]]
    assert ring.get_xydata().tolist() == [[record.x[record.best], record.y[record.best]]]
    assert bar.get_ylabel() == found.metric.words


def test_the_frame_of_a_value_that_is_not_the_best_is_explained():
    """lr 0.5 without momentum is chosen: the median of another setting is 1 % lower, but later."""
    found = gdrun.sweep(
        {"dataset": "breast-cancer", "model": "logistic", "optimizer": "momentum"},
        {"lr": [0.05, 0.2, 0.5], "beta": [0.0, 0.9]},
        "epochs=12",
    )
    table = study_figures.sweep_grid(found)
    place = np.unravel_index(table.values.argmin(), table.values.shape)
    lowest = table.values[place]
    assert place == (0, 1)
    assert table.marked == (2, 0)
    assert 1 < table.values[table.marked] / lowest < 1.02
    why = (
        f"lr=0.05 beta=0.9 has {lowest:.4g}, which is better by less than 2 %, but it reaches the "
        "target later"
    )
    with style():
        title = heat_map_picture(table).get_suptitle()
    said = f"breast-cancer-logistic, the chosen setting has a frame; {why}"
    assert " ".join(title.split()) == said
    for width in (40, 80, 120):
        lines = heat_lines(table, width)
        assert max(map(len, lines)) <= width
        assert f"* chosen setting; {why}" in " ".join(lines)
    report = of_study(found, "a sweep")["result"]
    assert why in " ".join(report.split())


def test_a_heat_map_tells_the_epochs_at_which_halving_dropped_settings():
    found = gdrun.sweep(
        {"dataset": "iris", "model": "softmax", "optimizer": "momentum"},
        {"lr": [0.1, 0.001], "beta": [0.0, 0.5, 0.9]},
        "epochs=9",
        seeds=1,
        halving=True,
    )
    table = study_figures.sweep_grid(found)
    assert table.value_label == "val loss (epoch of the drop)"
    cells = [text for row in table.texts for text in row]
    # Of 6 settings, 2 continue after epoch 1 and 1 after epoch 3.
    assert sorted(re.search(r"( \(\d\))?$", text)[0] for text in cells) == [
        "",
        *4 * [" (1)"],
        " (3)",
    ]


def test_the_share_at_the_target_counts_the_runs_that_reached_it():
    found = gdrun.compare(
        ["bgd", "mbgd"],
        {"dataset": "iris", "model": "softmax"},
        "epochs=8",
        "lr=0.05",
        seeds=3,
        target="train_loss=0.6",
    )
    assert found.target == Target(Metric("train_loss"), 0.6)
    charts = study_figures.comparison_charts(found)
    assert [chart.x_label for chart in charts] == [
        *("per-example gradients", "per-example gradients"),
        *("seconds in updates", "seconds in updates"),
    ]
    chart = charts[1]
    for curve, contender in zip(chart.curves, found.contenders, strict=True):
        assert curve.y[-1] == contender.reached / 3
        costs = contender.standing.to_target(found.target, "gradients")
        for cost in costs[np.isfinite(costs)]:
            assert curve.y[curve.x == cost].max() == (costs <= cost).mean()
    for curve, contender in zip(charts[3].curves, found.contenders, strict=True):
        assert curve.y[-1] == contender.reached / 3
        steps = contender.standing.to_target(found.target, "step")
        if np.isfinite(steps).any():
            first = curve.x[curve.y > 0].min()
            assert first == pytest.approx(np.nanmin(steps) * contender.pace)


def test_the_seconds_of_a_contender_that_was_not_timed_are_unknown():
    found = gdrun.compare(["bgd", "sgd"], {"dataset": "iris", "model": "softmax"}, "epochs=1")
    first, second = found.contenders
    untimed = replace(found, contenders=(first, replace(second, pace=None)))
    with pytest.raises(GdrunError, match="the seconds are unknown") as caught:
        study_figures.comparison_charts(untimed, "seconds")
    assert "`resume`" in caught.value.problems[0].hint


@pytest.mark.parametrize(("epochs", "wide"), [(3, False), (80, True)])
def test_a_contender_that_ends_much_earlier_makes_the_axis_logarithmic(epochs, wide):
    names = ["bgd+epochs=1", f"bgd+epochs={epochs}"]
    found = gdrun.compare(names, {"dataset": "iris", "model": "softmax"}, seeds=1)
    chart = study_figures.comparison_charts(found)[0]
    assert [curve.x[-1] for curve in chart.curves] == [120, 120 * epochs]  # 120 training rows
    assert chart.log_x is wide


def test_the_map_of_a_random_search_tells_what_was_not_tried():
    walk = ({"surface": "bowl", "optimizer": "momentum"}, "steps=3")
    values = {"lr": "log:1e-3:0.1", "beta": "lin:0:0.9"}
    found = gdrun.sweep(walk[0], values, walk[1], search="random", trials=3)
    table = study_figures.sweep_grid(found)
    # Three draws have three rates and three β, and so 6 of 9 pairs that were not tried.
    assert table.values.shape == (3, 3)
    assert table.untried.sum() == 6
    assert (np.isfinite(table.values) == ~table.untried).all()
    assert sum(text == "" for row in table.texts for text in row) == 6


def test_the_map_of_an_interrupted_sweep_tells_which_runs_have_not_ended():
    config = {"surface": "bowl", "optimizer": "momentum"}
    values = {"lr": [0.01, 0.1], "beta": [0.5, 0.9]}
    whole = gdrun.sweep(config, values, "steps=3")
    assert study_figures.sweep_grid(whole).blank == "not tried"
    places = [0, 2, 3]
    part = replace(
        whole,
        standings=tuple(whole.standings[k] for k in places),
        verdicts=tuple(whole.verdicts[k] for k in places),
    )
    table = study_figures.sweep_grid(part)
    assert table.untried.tolist() == [[False, True], [False, False]]
    assert table.blank == "no run has ended"
    # The settings of a random search are fewer than the cells.
    drawn = replace(part, plan=replace(part.plan, candidates=part.plan.candidates[:1]))
    assert study_figures.sweep_grid(drawn).blank == "not tried"


def test_a_heat_map_explains_cells_without_a_value():
    values = np.array([[1.0, np.nan], [2.0, 3.0]])
    table = study_figures.HeatMap("a", "x", "y", ("1", "2"), ("3", "4"), values, "loss")
    with style():
        picture = heat_map_picture(table)
        (names,) = picture.legends
        assert [text.get_text() for text in names.get_texts()] == ["diverged, or no value"]
        cell, *_ = names.legend_handles
        assert cell.get_facecolor() == to_rgba(picture.axes[0].get_facecolor())
        # What was not tried is white, also if another cell has no value.
        untried = np.array([[False, False], [True, False]])
        blank = np.where(untried, np.nan, values)
        picture = heat_map_picture(replace(table, values=blank, untried=untried))
        (names,) = picture.legends
        texts = [text.get_text() for text in names.get_texts()]
        assert texts == ["diverged, or no value", "not tried"]
        assert [text.get_text() for text in picture.axes[0].texts] == ["×"]
        # Without a value there is no scale of colours.
        assert len(picture.axes) == 2
        assert len(heat_map_picture(replace(table, values=values * np.nan)).axes) == 1
        assert not heat_map_picture(replace(table, values=np.ones((2, 2)))).legends
