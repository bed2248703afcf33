"""Charts of curves and of runs: their data, and the lines, names and titles that are drawn."""

import io
import warnings

import numpy as np
import pytest

import gdrun
from gdrun.views import model_figures, study_figures
from gdrun.views.curves import Chart, Curve
from gdrun.views.pictures.end_labels import spread
from gdrun.views.pictures.lines import charts_picture
from gdrun.views.pictures.style import missing_signs, style, write_picture
from gdrun.views.run_charts import run_charts
from gdrun.views.walks import walks


def test_a_chart_draws_its_curves_bands_and_scales():
    x = np.array([0.0, 1, 2])
    curves = (
        Curve(
            "_hidden", x, np.array([1.0, 10, 100]), np.array([0.5, 5, 50]), np.array([2.0, 20, 200])
        ),
        Curve("$y$", x, np.array([3.0, np.inf, 5])),
    )
    with style():
        (axes,) = charts_picture([Chart("a", "epoch", "loss", curves, log_y=True)]).axes
        assert axes.get_yscale() == "log"
        assert [text.get_text() for text in axes.texts] == ["_hidden", r"\$y\$"]
        first, second = (line for line in axes.lines if line.get_label() != "_end")
        np.testing.assert_array_equal(first.get_xydata(), [[0, 1], [1, 10], [2, 100]])
        # A value that is not finite leaves a gap.
        np.testing.assert_array_equal(second.get_ydata(), [3, np.nan, 5])
        corners = axes.collections[0].get_paths()[0].vertices
        assert {(1.0, 5.0), (1.0, 20.0)} <= set(map(tuple, corners))


def test_values_without_neighbours_have_markers_and_no_chart_is_empty_without_words():
    x = np.arange(5.0)
    huge = np.array([1.0, 2.0, 1e300, np.inf, 3.0])
    charts = [
        Chart("a", "epoch", "loss", (Curve("", x, huge),)),
        Chart("a", "epoch", "loss", (Curve("", x[:1], huge[:1]),)),
        Chart("a", "epoch", "loss", (Curve("", x, np.full(5, np.nan)),), log_y=True),
    ]
    with style():
        picture = charts_picture(charts)
        picture.draw_without_rendering()
        gaps, one, none = picture.axes
        # A line leads from the first value to the second. No finite number is next to the last.
        assert gaps.lines[0].get_markevery() == [4]
        np.testing.assert_array_equal(gaps.lines[0].get_ydata(), [1, 2, np.nan, np.nan, 3])
        assert [tick.get_text() for tick in one.get_xticklabels()] == ["0"]
        assert [text.get_text() for text in none.texts] == ["there is no finite value to draw"]


def test_runs_that_diverged_say_so():
    line = {"dataset": "diabetes", "model": "linear", "variant": "bgd", "optimizer": "vanilla"}
    large, small = (gdrun.train(line, f"lr={rate}", "epochs=9") for rate in (1e3, 1e-3))
    step = large.record["divergence"]["step"]
    (loss, *_) = run_charts([large, small])
    assert loss.curves[0].owner == f"lr=1000 (diverged at step {step})"
    assert loss.curves[-1].owner == "lr=0.001"
    assert run_charts([large])[0].title == f"diabetes-linear (diverged at step {step})"
    walk = gdrun.train({"surface": "bowl"}, "optimizer=vanilla", "lr=1e9", "steps=9")
    (path,) = walks([walk]).paths
    step = walk.record["divergence"]["step"]
    assert path.label == f"vanilla (diverged at step {step}), ends outside the picture"
    found = gdrun.compare(["mbgd+lr=1000", "mbgd+lr=0.001"], line, "epochs=3", seeds=2)
    names = [curve.label for curve in study_figures.comparison_charts(found)[0].curves]
    assert names == ["mbgd+lr=1000 (2 of 2 diverged)", "mbgd+lr=0.001"]


def test_names_at_the_ends_of_curves_keep_their_distance_and_order():
    found = spread(np.array([0.2, 0.9, 0.21, 0.22]), 0.1)
    # Three names around 0.21 are 0.1 apart and keep their mean; the fourth does not move.
    np.testing.assert_allclose(found, [0.11, 0.9, 0.21, 0.31])
    at_the_top = spread(np.array([1.0, 1.0, 1.3]), 0.1)
    np.testing.assert_allclose(at_the_top, [0.8, 0.9, 1.0])


def test_seven_runs_differ_in_colour_and_marker():
    x = np.arange(3.0)
    curves = tuple(Curve(f"run {k}", x, x + k) for k in range(7))
    with style():
        (axes,) = charts_picture([Chart("a", "epoch", "loss", curves)]).axes
        lines = [line for line in axes.lines if line.get_label() != "_end"]
        assert len({line.get_color() for line in lines}) == 7
        assert len({line.get_marker() for line in lines}) == 7


def test_training_and_validation_share_the_look_of_their_run():
    x = np.arange(3.0)
    curves = tuple(
        Curve(f"{own}, {part}", x, x + 1, owner=own, dashed=part == "validation")
        for own in ("a", "b")
        for part in ("training", "validation")
    )
    with style():
        picture = charts_picture([Chart("a", "epoch", "loss", curves)])
        (axes,) = picture.axes
        solid, dashed, other, _ = (line for line in axes.lines if line.get_label() != "_end")
        assert solid.get_color() == dashed.get_color() != other.get_color()
        assert solid.get_linestyle() == "-" != dashed.get_linestyle()
        assert [text.get_text() for text in axes.texts] == ["a", "b"]
        (names,) = picture.legends
        assert [text.get_text() for text in names.get_texts()] == ["training", "validation"]


def test_a_sign_that_no_font_has_is_reported_and_not_warned_of():
    sign = "\U000f0000"  # of a private plane, which no font of matplotlib has
    with style(), missing_signs() as missing:
        picture = charts_picture([Chart(sign, "x", "y", (Curve("a", np.ones(2), np.ones(2)),))])
        write_picture(picture, io.BytesIO(), ".png")
    assert missing == [sign]


def test_other_warnings_of_a_picture_are_passed_on():
    with pytest.warns(RuntimeWarning, match="mine"), missing_signs():
        warnings.warn("mine", RuntimeWarning, stacklevel=1)


def test_curves_of_different_lengths_end_where_the_shorter_one_ends():
    config = {"dataset": "iris", "model": "softmax"}
    runs = [gdrun.train(config, f"epochs={epochs}", f"seed={epochs}") for epochs in (3, 6)]
    for run in runs:
        run.config["stopping"]["epochs"] = 6  # as if the first had stopped early
    loss = run_charts(runs, "epoch")[0]
    assert loss.curves[0].x[-1] == 3
    shorter, longer = (run.evals["train_loss"] for run in runs)
    np.testing.assert_allclose(loss.curves[0].y, (shorter + longer[:4]) / 2)


def test_suboptimality_of_least_squares_by_the_normal_equations():
    run = gdrun.train(
        {"dataset": "diabetes", "model": "linear", "variant": "bgd", "optimizer": "vanilla"},
        "lr=0.05",
        "epochs=8",
    )
    (chart,) = run_charts([run], y="suboptimality")
    data = model_figures._data(run)
    X = np.column_stack([data.train.X, np.ones(len(data.train.y))])
    w, *_ = np.linalg.lstsq(X, data.train.y)
    # The loss of a linear model is the mean squared error.
    lowest = ((X @ w - data.train.y) ** 2).mean()
    assert chart.log_y
    np.testing.assert_allclose(chart.curves[0].y, run.evals["train_loss"] - lowest, rtol=1e-9)


@pytest.mark.parametrize("x", ["epoch", "step"])
def test_the_title_says_where_a_run_reaches_the_minimum(x):
    dataset = {"name": "linear", "n": 100, "d": 2, "split": {"validation": 0, "test": 0}}
    config = {"dataset": dataset, "model": "linear", "variant": "bgd", "engine": "numpy"}
    run = gdrun.train(config, "optimizer=vanilla", "lr=0.3", "epochs=60")
    (chart,) = run_charts([run], x, "suboptimality")
    data = model_figures._data(run)
    X = np.column_stack([data.train.X, np.ones(len(data.train.y))])
    w, *_ = np.linalg.lstsq(X, data.train.y)
    lowest = ((X @ w - data.train.y) ** 2).mean()
    words, at = chart.title.rpartition(")")[0].rsplit(maxsplit=1)
    assert words.endswith(f"(f* reached at {x}")
    excess = run.evals["train_loss"] / lowest - 1
    before, after = (excess[run.evals[x] < float(at)], excess[run.evals[x] >= float(at)])
    assert len(after) > 5
    assert abs(after).max() < 1e-15 * 4 < before.min()
    # A run that is not at the minimum yet has a curve to its end.
    (chart,) = run_charts([gdrun.train(config, "lr=0.001", "epochs=3")], x, "suboptimality")
    assert "reached" not in chart.title


def test_a_quantity_is_drawn_by_its_name(moons):
    (chart,) = run_charts([moons], "step", "accuracy")
    assert [curve.label for curve in chart.curves] == ["training", "validation"]
    np.testing.assert_array_equal(chart.curves[0].y, moons.evals["train_accuracy"])
    (chart,) = run_charts([moons], "step", "update_norm")
    np.testing.assert_array_equal(chart.curves[0].y, moons.steps["update_norm"])


def test_a_long_title_is_wrapped_and_kept_whole():
    title = "$" + 10 * "a name of many words " + 100 * "x"
    with style():
        picture = charts_picture([Chart(title, "x", "y", (Curve("a", np.ones(2), np.ones(2)),))])
        lines = picture.get_suptitle().splitlines()
        joined = "".join(lines).replace("\\$", "$")
        assert joined.replace(" ", "") == title.replace(" ", "")
        picture.draw_without_rendering()
        box = picture._suptitle.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= picture.bbox.x1
