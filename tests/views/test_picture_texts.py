"""Texts in pictures: all are shown whole, inside the picture, and cover no axes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdrun
from gdrun.problems.surfaces import SURFACES
from gdrun.views.curves import Chart, Curve
from gdrun.views.model_figures import Regions, confusion
from gdrun.views.pictures.heat_map import heat_map_picture
from gdrun.views.pictures.lines import charts_picture
from gdrun.views.pictures.regions import regions_picture
from gdrun.views.pictures.style import missing_signs, style
from gdrun.views.pictures.texts import inches, shortened, wrapped
from gdrun.views.pictures.walk import walk_picture
from gdrun.views.run_charts import run_charts
from gdrun.views.study_figures import HeatMap
from gdrun.views.walks import walks

IRIS = {"dataset": "iris", "model": "softmax", "engine": "numpy"}
LONG = (
    "optimizer=momentum hidden=[512, 256, 128, 64] init=xavier schedule=cosine",
    "optimizer=momentum hidden=[512, 256, 128, 65] init=xavier schedule=cosine",
    80 * "W",
    40 * "\u6570\u636e ",
)


def texts_of(picture):
    """The artists of all texts of a picture that are shown."""
    from matplotlib.text import Text

    # matplotlib also keeps the labels of ticks outside of the axes, and does not draw them.
    outside = {
        label
        for axes in picture.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
        for label in (tick.label1, tick.label2)
    }
    texts = picture.findobj(Text)
    return [text for text in texts if text.get_visible() and text not in outside]


def check_layout(picture):
    """Every text is inside the picture, and no legend touches axes."""
    picture.draw_without_rendering()
    for text in texts_of(picture):
        box = text.get_window_extent()
        if text.get_text().strip():
            assert box.x0 >= -1 and box.y0 >= -1, text
            assert box.x1 <= picture.bbox.x1 + 1 and box.y1 <= picture.bbox.y1 + 1, text
    for names in picture.legends:
        for axes in picture.axes:
            assert not names.get_window_extent().overlaps(axes.get_window_extent())


def words_of(text):
    """The characters of a text without spaces, ends of lines and escapes."""
    return "".join(text.replace("\\$", "$").split())


def names_of(picture):
    (names,) = picture.legends
    return [words_of(text.get_text()) for text in names.get_texts()]


@pytest.mark.longer
@pytest.mark.parametrize("surface", SURFACES)
def test_no_legend_covers_a_surface(surface):
    changes = ["optimizer=adam lr=0.1", "optimizer=vanilla lr=0.0001"]
    runs = [gdrun.train({"surface": surface}, "steps=5", *each.split()) for each in changes]
    found = walks(runs)
    with style():
        picture = walk_picture(found)
        check_layout(picture)
        assert names_of(picture) == [
            *("adamlr=0.1", "vanillalr=0.0001", "start", "end"),
            *(["minimum"] if found.minima else []),
        ]
        # The ends of the paths are marked where the runs ended.
        ends = [line for line in picture.axes[0].lines if line.get_label().startswith("end")]
        for line, run in zip(ends, runs, strict=True):
            np.testing.assert_array_equal(line.get_xydata(), [run.weights["w"]])


@pytest.mark.longer
def test_long_names_of_curves_are_whole_and_below_all_charts():
    x = np.arange(3.0)
    curves = tuple(Curve(name, x, x + k) for k, name in enumerate(LONG))
    charts = [Chart("a", "epoch", "loss", curves), Chart("a", "epoch", "lr", curves[1:])]
    with style(), missing_signs():
        picture = charts_picture(charts)
        check_layout(picture)
        assert names_of(picture) == list(map(words_of, LONG))
        # A curve has the same look in each chart, also where another one is missing.
        first, second = (axes.lines for axes in picture.axes)
        assert [line.get_color() for line in first[1:]] == [line.get_color() for line in second]


@pytest.mark.longer
def test_more_curves_than_fit_at_the_right_are_all_named():
    x = np.arange(3.0)
    names = [f"lr={k / 1000}" for k in range(60)]
    curves = tuple(Curve(name, x, x + k) for k, name in enumerate(names))
    with style():
        picture = charts_picture([Chart("a", "epoch", "loss", curves)])
        check_layout(picture)
        # There are 7 colours and 7 markers.
        *named, more = names_of(picture)
        assert named == names[:49]
        assert more.startswith("and11more")


def test_the_only_curve_of_a_chart_needs_no_name():
    run = gdrun.train(IRIS, "epochs=2")
    with style():
        loss, norm, rate = charts_picture(run_charts([run])).axes
        assert [text.get_text() for text in loss.texts] == ["training", "validation"]
        assert not norm.texts and not rate.texts


@pytest.mark.longer
def test_names_of_classes_and_features_are_whole():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    labels = np.array(LONG)[(X[:, 0] > 0).astype(int) * 2 + (X[:, 1] > 0)]
    run = gdrun.train({"model": "softmax", "engine": "numpy"}, "epochs=2", data=(X, labels))
    assert set(run.record["data"]["classes"]) == set(LONG)
    grid = np.linspace(-1, 1, 5)
    codes = np.arange(25).reshape(5, 5) % 4
    found = Regions("a", (LONG[0], LONG[2]), LONG, grid, grid, codes, X, np.arange(100) % 4)
    with style(), missing_signs():
        picture = regions_picture(found)
        check_layout(picture)
        assert names_of(picture) == list(map(words_of, LONG))
        check_layout(heat_map_picture(confusion(run)))


@pytest.mark.longer
@pytest.mark.parametrize("length", [3, 12, 50])
@pytest.mark.parametrize("count", [2, 10, 40])
def test_names_of_rows_and_columns_are_inside_the_picture(length, count):
    names = tuple(f"{k} {'class' * 20}"[:length] for k in range(10, 10 + count))
    table = HeatMap("a", "x", "y", names, names, np.eye(count), "share")
    with style():
        picture = heat_map_picture(table)
        check_layout(picture)
        # The cells keep their room: at least 0.05 inches a row.
        assert picture.axes[0].get_window_extent().height >= 0.05 * count * picture.dpi
        written = [words_of(tick.get_text()) for tick in picture.axes[0].get_xticklabels()]
        assert set(written) <= set(map(words_of, names))


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=6), st.integers(3, 70))
def test_shortened_names_differ_where_the_names_do(names, most):
    found = shortened(names, most)
    assert len(set(found)) == len(set(names))
    for name, short in zip(names, found, strict=True):
        head, dots, tail = short.partition("…")
        assert short == name or (dots and name.startswith(head) and name.endswith(tail))


@pytest.mark.longer
@given(st.text(alphabet="aW $\u6570", max_size=80), st.floats(0.3, 3))
def test_wrapped_lines_have_room_and_lose_nothing(text, room):
    with style(), missing_signs():
        lines = wrapped(text, room, 8.0).split("\n")
        assert all(len(words_of(line)) <= 1 or inches(line, 8.0) <= room for line in lines)
        assert words_of("".join(lines)) == words_of(text)
