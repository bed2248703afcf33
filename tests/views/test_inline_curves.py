"""The small pictures of curves that a notebook shows."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import gdrun
from gdrun.views.curves import Curve
from gdrun.views.inline_curves import (
    AXIS_END,
    BOTTOM,
    HEIGHT,
    LEFT,
    TEXT_HEIGHT,
    TOP,
    curves_svg,
)

SVG = "{http://www.w3.org/2000/svg}"


def points(line):
    return [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]


def test_points_are_placed_by_their_logarithms():
    x = np.array([0.0, 1.0, 2.0])
    picture = ET.fromstring(
        curves_svg([Curve("<a>", x, np.array([100.0, 1.0, 0.01]))], "epoch", "f")
    )
    (line,) = picture.findall(f"{SVG}polyline")
    middle = ((LEFT + AXIS_END) / 2, (TOP + HEIGHT - BOTTOM) / 2)
    assert points(line) == [(LEFT, TOP), middle, (AXIS_END, HEIGHT - BOTTOM)]
    texts = [text.text for text in picture.findall(f"{SVG}text")]
    assert {"100", "0.01", "0", "2", "epoch", "f, logarithmic", "<a>"} == set(texts)


def test_values_of_any_sign_have_a_linear_axis_and_gaps_are_left_out():
    y = np.array([-1.0, np.nan, 1.0, np.inf])
    picture = ET.fromstring(curves_svg([Curve("a", np.arange(4.0), y)], "epoch", "f"))
    (line,) = picture.findall(f"{SVG}polyline")
    assert points(line) == [(LEFT, HEIGHT - BOTTOM), (AXIS_END, TOP)]


def test_names_of_equal_curves_do_not_cover_each_other():
    x = np.array([0.0, 1.0])
    curves = [Curve(f"curve {k}", x, np.array([1.0, 2.0])) for k in range(3)]
    picture = ET.fromstring(curves_svg(curves, "x", "y"))
    texts = picture.findall(f"{SVG}text")
    heights = [float(text.get("y")) for text in texts if text.text.startswith("curve")]
    assert np.diff(sorted(heights)).tolist() == pytest.approx([TEXT_HEIGHT] * 2)


@pytest.mark.parametrize("end", [1.0, 2.0, 3.0])
def test_long_names_are_whole_and_inside_the_picture(end):
    x, words = np.array([0.0, 1.0]), "mbgd+adam+lr=0.1+schedule=cosine+clip"
    curves = [Curve(f"{words}{k}", x, np.array([2.0, end])) for k in range(6)]
    curves += [Curve(f"{k} {'W' * 900}", x, np.array([1.0, 3.0])) for k in (6, 7)]
    picture = ET.fromstring(curves_svg(curves, "x", "y"))
    names = [text for text in picture.findall(f"{SVG}text") if len(text.text) > 15]
    assert [text.text for text in names[:6]] == [curve.label for curve in curves[:6]]
    assert [text.text[:3] for text in names[6:]] == ["6 W", "7 W"]
    for text in names:
        # DejaVu Sans of 12 px: the widest letters have 12 px, and the letters of `words` about 7.
        assert float(text.get("x")) + 7.3 * len(text.text) <= float(picture.get("width"))
        assert TOP <= float(text.get("y")) <= HEIGHT


def test_nothing_to_draw_is_no_picture():
    empty = np.array([])
    assert curves_svg([Curve("a", empty, empty)], "x", "y") == ""
    assert curves_svg([], "x", "y") == ""


def test_a_notebook_shows_the_curves_of_each_kind_of_result():
    config = {"dataset": "iris", "model": "softmax"}
    results = (
        gdrun.train(config, "epochs=3"),
        gdrun.sweep(config, {"lr": [0.01, 0.1]}, "epochs=3", seeds=1),
        gdrun.compare(["bgd", "mbgd"], config, "epochs=3", seeds=1),
    )
    for result in results:
        text = result._repr_html_()
        picture = ET.fromstring(text[text.index("<svg") :])
        assert len(picture.findall(f"{SVG}polyline")) == 2


def test_words_in_a_notebook_can_be_read_on_light_and_on_dark_paper():
    found = gdrun.sweep({"dataset": "iris", "model": "softmax"}, {"lr": [0.1, 1e6]}, "epochs=2")
    text = found._repr_html_()
    colours = set(re.findall(r"[ ;\"]color: #(\w{6})", text[: text.index("<svg")]))
    assert len(colours) >= 3  # those of diverged, of the best setting, and of headings

    def luminance(colour):  # as WCAG 2.2 defines it
        parts = [int(colour[k : k + 2], 16) / 255 for k in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    for colour in colours:
        for paper in ("ffffff", "14181d"):
            low, high = sorted((luminance(colour), luminance(paper)))
            assert (high + 0.05) / (low + 0.05) > 3, (colour, paper)
