"""The small pictures of curves that a notebook shows."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

import gdrun
from gdrun.views.curves import Curve
from gdrun.views.inline_curves import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TEXT_HEIGHT,
    TOP,
    WIDTH,
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
    middle = ((LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2)
    assert points(line) == [(LEFT, TOP), middle, (WIDTH - RIGHT, HEIGHT - BOTTOM)]
    texts = [text.text for text in picture.findall(f"{SVG}text")]
    assert {"100", "0.01", "0", "2", "epoch", "f, logarithmic", "<a>"} == set(texts)


def test_values_of_any_sign_have_a_linear_axis_and_gaps_are_left_out():
    y = np.array([-1.0, np.nan, 1.0, np.inf])
    picture = ET.fromstring(curves_svg([Curve("a", np.arange(4.0), y)], "epoch", "f"))
    (line,) = picture.findall(f"{SVG}polyline")
    assert points(line) == [(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, TOP)]


def test_names_of_equal_curves_do_not_cover_each_other():
    x = np.array([0.0, 1.0])
    curves = [Curve(f"curve {k}", x, np.array([1.0, 2.0])) for k in range(3)]
    picture = ET.fromstring(curves_svg(curves, "x", "y"))
    texts = picture.findall(f"{SVG}text")
    heights = [float(text.get("y")) for text in texts if text.text.startswith("curve")]
    assert np.diff(sorted(heights)).tolist() == pytest.approx([TEXT_HEIGHT] * 2)


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
