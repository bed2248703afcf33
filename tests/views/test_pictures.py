"""Figures: their data against values computed otherwise, and what matplotlib draws of them."""

import io
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, to_rgba
from PIL import Image

import gdrun
from gdrun.errors import GdrunError
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.views import model_figures, study_figures, theory_figures
from gdrun.views.curves import Chart, Curve
from gdrun.views.pictures.end_labels import spread
from gdrun.views.pictures.heat_map import heat_map_picture
from gdrun.views.pictures.landscape import landscape_picture
from gdrun.views.pictures.lines import charts_picture
from gdrun.views.pictures.regions import regions_picture
from gdrun.views.pictures.sensitivity import sensitivity_picture
from gdrun.views.pictures.style import missing_signs, style, write_picture
from gdrun.views.pictures.walk import walk_picture, write_walk_animation
from gdrun.views.report import of_study
from gdrun.views.run_charts import run_charts
from gdrun.views.terminal_map import heat_lines
from gdrun.views.walks import Plane, walks


@pytest.fixture(scope="module")
def moons():
    return gdrun.train({"dataset": "moons", "model": {"name": "mlp"}}, "epochs=10", "lr=0.05")


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


def test_regions_are_the_predictions_of_the_model(moons):
    found = model_figures.decision_regions(moons)
    chosen = np.random.default_rng(0).integers(0, model_figures.GRID, (50, 2))
    for row, column in chosen.tolist():
        (label,) = moons.model.predict([[found.x[column], found.y[row]]])
        assert found.classes[found.codes[row, column]] == str(label)
    # The data of moons are read in their own unit: the two half circles span about −1 … 2.
    assert found.points[:, 0].min() < -0.8
    assert found.points[:, 0].max() > 1.8
    with style():
        (names,) = regions_picture(found).legends
        assert [text.get_text() for text in names.get_texts()] == ["0", "1"]


def test_confusion_has_the_counts_of_the_record(moons):
    found = model_figures.confusion(moons)
    matrix = np.array(moons.summary["confusion"]["matrix"])
    assert found.texts == tuple(tuple(map(str, row)) for row in matrix.tolist())
    np.testing.assert_allclose(found.values.sum(axis=1), 1)


def test_reliability_by_a_slow_loop():
    run = gdrun.train({"dataset": "breast-cancer", "model": "logistic"}, "epochs=3", "lr=0.01")
    found = model_figures.reliability(run)
    data = model_figures._data(run)
    p = run.model.predict_proba(data.test.X * data.scale + data.mean)[:, 1]
    expected = []
    for low in np.arange(10) / 10:
        rows = (p >= low) & ((p < low + 0.1) | (low == 0.9))
        if rows.any():
            expected.append((p[rows].mean(), (data.test.y[rows] == 1).mean(), rows.sum()))
    curve = found.curves[0]
    counts = list(map(int, curve.texts))
    np.testing.assert_allclose(np.transpose([curve.x, curve.y, counts]), expected)
    assert sum(counts) == len(p)
    (axes,) = charts_picture([found]).axes
    assert [each.get_text() for each in axes.texts][: len(counts)] == list(curve.texts)


def test_residuals_are_in_the_unit_of_the_target():
    run = gdrun.train(
        {"dataset": "diabetes", "model": "linear"},
        "epochs=20",
        "lr=0.01",
        "standardize.target=true",
    )
    found = model_figures.residuals(run)
    # R² = 1 − Σ residual² / Σ (target − mean)², which training measured on the same part.
    targets = found.predictions + found.residuals
    spread = ((targets - targets.mean()) ** 2).sum()
    r2 = 1 - (found.residuals**2).sum() / spread
    assert r2 == pytest.approx(run.summary["metrics"][found.part]["r2"])


def test_a_walk_begins_at_the_start_and_has_the_values_of_its_surface():
    run = gdrun.train(
        {"surface": {"name": "bowl", "condition": 4.0}}, "optimizer=vanilla", "lr=0.1", "steps=5"
    )
    found = walks([run])
    # f = ½ (x² + 4 y²); the minimum is 0.
    x, y = np.meshgrid(found.x, found.y)
    np.testing.assert_allclose(found.values, 0.5 * (x * x + 4 * y * y))
    (path,) = found.paths
    np.testing.assert_array_equal(path.places[0], [-4, 1.5])
    with style():
        axes = walk_picture(found).axes[0]
        (drawn,) = [line for line in axes.lines if line.get_label() == "path 0"]
        np.testing.assert_array_equal(drawn.get_xydata(), path.places)
        assert path.places.shape == (6, 2)


@pytest.mark.parametrize("surface", ["bowl", "plateau", "saddle", "himmelblau"])
def test_both_axes_of_a_walk_have_the_same_scale(surface):
    words = ("optimizer=vanilla", "lr=1e-4", "steps=5")
    found = walks([gdrun.train({"surface": surface}, *words)])
    with style():
        picture = walk_picture(found)
        FigureCanvasAgg(picture).draw()
        (axes,) = picture.axes
        # The lengths in pixels of one unit along x and along y.
        origin, right, up = axes.transData.transform([(0, 0), (1, 0), (0, 1)])
        across, upwards = right[0] - origin[0], up[1] - origin[1]
    assert across == pytest.approx(upwards, rel=1e-3)


def test_a_walk_along_a_strip_keeps_its_room():
    narrow = Plane(np.linspace(0, 10, 3), np.linspace(0, 1, 3), np.zeros((3, 3)))
    assert not narrow.equal_scales
    assert Plane(narrow.y, narrow.x / 4, narrow.values).equal_scales


def test_the_walk_of_a_contender_has_every_step():
    base = {"surface": {"name": "bowl", "condition": 10.0}, "optimizer": {"name": "vanilla"}}
    budget = {"variant": "bgd", "stopping": {"steps": 200}, "log": {"points": "all"}}
    kept = gdrun.compare(["vanilla+lr=0.19", "vanilla+lr=0.01"], base | budget)
    steps = np.arange(201)
    for path, lr in zip(walks(kept).paths, (0.19, 0.01), strict=True):
        # The gradient of ½ (x² + 10 y²) is (x, 10 y): y ← (1 − 10 α) y changes its sign at 0.19.
        places = [-4 * (1 - lr) ** steps, 1.5 * (1 - 10 * lr) ** steps]
        np.testing.assert_allclose(path.places.T, places, rtol=1e-9, atol=1e-300)
        assert "apart" not in path.label


def test_a_walk_without_every_step_says_so():
    run = gdrun.train({"surface": "bowl"}, "optimizer=vanilla", "steps=40", "log.points=10")
    (path,) = walks([run]).paths
    # At most ten points for 40 steps: each stands for 9, and the last one for 4.
    assert path.label == "vanilla, a corner of the line every 9 steps"
    assert len(path.places) == 1 + 5


def test_a_walk_without_every_step_shows_the_jumps():
    """y ← −0.999 y near the limit 0.2 of the bowl: 2,200 steps, on at most 2,000 points."""
    base = {"surface": "bowl", "optimizer": "vanilla", "variant": "bgd"}
    kept = gdrun.compare(["vanilla+lr=0.1999", "vanilla+lr=0.1"], base, "steps=2200")
    path = walks(kept).paths[0]
    heights = path.places[:-1, 1]
    assert path.label == "vanilla+lr=0.1999, a corner of the line every 3 steps"
    assert (heights[1:] * heights[:-1] < 0).all()
    np.testing.assert_allclose(abs(heights), 1.5 * 0.999 ** (3 * np.arange(len(heights))))
    # The start and 734 more points are 735: a marker at every 61st, 183 steps from the last.
    with style():
        picture = walk_picture(walks(kept))
    named = [text.get_text().replace("\n", " ") for text in picture.legends[0].get_texts()]
    assert named[0] == f"{path.label}, a marker every 183"
    line = next(line for line in picture.axes[0].lines if line.get_label() == "path 0")
    assert (len(line.get_xdata()), line.get_markevery()) == (735, 61)


def test_an_animation_ends_with_the_picture_of_the_walk():
    run = gdrun.train({"surface": "bowl"}, "steps=12", "lr=0.05")
    moving, still = io.BytesIO(), io.BytesIO()
    with style():
        write_walk_animation(walks([run]), moving)
        walk_picture(walks([run])).savefig(still, format="png", dpi=100)
    animation, picture = Image.open(moving), Image.open(still)
    animation.seek(animation.n_frames - 1)
    shown, expected = (np.asarray(each.convert("RGB"), int) for each in (animation, picture))
    assert shown.shape == expected.shape
    assert shown[3, 3].tolist() == [255, 255, 255]
    # A palette of 256 colours changes the soft edges of lines a little.
    assert (np.abs(shown - expected).max(axis=2) > 30).mean() < 1e-3
    # A frame has the path up to its step, so that each has more colour than the one before.
    coloured = []
    for frame in range(animation.n_frames):
        animation.seek(frame)
        pixels = np.asarray(animation.convert("RGB"), int)
        coloured.append((np.ptp(pixels, axis=2) > 60).sum())
    assert len(coloured) > 5 and (np.diff(coloured) > 0).all()


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


def test_bounds_are_above_what_was_observed():
    run = gdrun.train(
        {"dataset": "diabetes", "model": "linear", "variant": "bgd", "optimizer": "vanilla"},
        "lr=0.05",
        "epochs=8",
    )
    first, second = theory_figures.bound_charts(run)
    assert (first.y_label, second.y_label) == ("f − f*", "min ‖∇f‖²")
    for chart in (first, second):
        seen, *bounds = chart.curves
        assert seen.label == "observed" and bounds
        assert all((seen.y <= bound.y).all() for bound in bounds)


def test_the_limit_beside_the_curvature_is_2_over_the_rate():
    run = gdrun.train(
        {"dataset": "diabetes", "model": "linear", "variant": "bgd", "optimizer": "vanilla"},
        "lr=0.05",
        "epochs=4",
    )
    chart = theory_figures.curvature_chart(run)
    largest, limit, smallest = chart.curves
    np.testing.assert_allclose(limit.y, 2 / 0.05)
    X = model_figures._data(run).train.X
    X = np.column_stack([X, np.ones(len(X))])
    eigenvalues = np.linalg.eigvalsh(2 * X.T @ X / len(X))  # of the mean squared error
    np.testing.assert_allclose(largest.y, eigenvalues[-1], rtol=2e-3)
    np.testing.assert_allclose(smallest.y, eigenvalues[0], atol=2e-3 * eigenvalues[-1])


def test_the_noise_of_batches_falls_as_one_over_their_size():
    run = gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=2")
    chart = theory_figures.noise_chart(run)
    predicted = chart.curves[1]
    assert predicted.label == "with replacement, predicted"
    np.testing.assert_allclose(predicted.y * predicted.x, predicted.y[0])
    # 400 batches: the mean of ‖·‖² is within 30 % in every case that was seen over seeds.
    np.testing.assert_allclose(chart.curves[0].y, predicted.y, rtol=0.3)


def test_a_landscape_is_drawn_around_its_path(moons):
    title, plane, log = theory_figures.landscape(moons)
    with style():
        picture = landscape_picture(title, plane, log)
        axes = picture.axes[0]
        np.testing.assert_array_equal(axes.lines[1].get_xydata(), plane.path)
        assert "first principal direction" in axes.get_xlabel()
        (names,) = picture.legends
        path, start, end = (text.get_text() for text in names.get_texts())
        # The start, and the end of each of 10 epochs.
        assert path.startswith("the weights at 11 evaluations: a smaller evaluate.every")
        # The keys of the legend have the colours of the points that they explain.
        for word, key, line, place in zip(
            (start, end), names.legend_handles[1:], axes.lines[2:], plane.path[[0, -1]], strict=True
        ):
            assert word in ("start", "end")
            assert key.get_markerfacecolor() == line.get_markerfacecolor()
            np.testing.assert_array_equal(line.get_xydata(), [place])


def test_a_landscape_says_of_how_many_evaluations_it_shows_the_weights(moons):
    _, plane, _ = theory_figures.landscape(moons)
    with style():
        (names,) = landscape_picture("a", replace(plane, evaluations=801), False).legends
        assert names.get_texts()[0].get_text() == "the weights at 11 of 801 evaluations"


def test_a_landscape_with_every_step_asks_for_no_more(moons):
    _, plane, _ = theory_figures.landscape(moons)
    steps = np.arange(len(plane.path))
    with style():
        (names,) = landscape_picture("a", replace(plane, steps=steps), False).legends
    assert names.get_texts()[0].get_text() == f"the weights at each of {len(steps) - 1} steps"


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
