"""Plots in the terminal: the positions of the dots, and the numbers at the axes."""

import io

import numpy as np
import pytest
from rich.console import Console

import gdrun
from gdrun.views import step_curves
from gdrun.views.curves import Chart, Curve, needs_log, scaled, seed_groups
from gdrun.views.notebook import plain_text
from gdrun.views.terminal_plot import chart_lines, terminal_plot


def dots(lines, height, margin):
    """The grid of braille dots behind the axis, as an array of truth values."""
    grid = np.zeros((4 * height, 40), dtype=bool)
    bits = {(0, 0): 1, (1, 0): 2, (2, 0): 4, (3, 0): 64, (0, 1): 8, (1, 1): 16, (2, 1): 32}
    bits[3, 1] = 128
    for row, line in enumerate(lines[1 : height + 1]):
        for column, sign in enumerate(line[margin:]):
            code = ord(sign) - 0x2800 if sign != " " else 0
            for (down, right), bit in bits.items():
                grid[4 * row + down, 2 * column + right] = bool(code & bit)
    return grid


def test_a_straight_line_is_a_diagonal():
    lines = terminal_plot([0, 1], [0, 1], width=10, height=5, labels=("t", "lr"))
    # 10 cells across are 20 dots, 5 down are 20: one dot in each row and column.
    grid = dots(lines, 5, lines[1].index("┤") + 1)[:, :20]
    assert np.array_equal(grid, np.fliplr(np.eye(20, dtype=bool)))


def test_a_jump_is_a_vertical_line():
    lines = terminal_plot([0, 1, 2, 3], [1, 1, 0, 0], width=6, height=4, labels=("t", "lr"))
    grid = dots(lines, 4, lines[1].index("┤") + 1)
    assert grid[0, :4].all()
    assert grid[-1, 8:12].all()
    assert grid.any(axis=1).all()


def test_the_axes_hold_ends_and_middle():
    lines = terminal_plot([0, 50], [0.2, 0.4], width=20, height=4, labels=("epoch", "lr"))
    assert lines[0] == "lr"
    assert [line.split("┤")[0].strip() for line in lines if "┤" in line] == ["0.4", "0.3", "0.2"]
    assert lines[-1].split() == ["0", "epoch", "50"]


def test_what_is_not_finite_is_left_out():
    clean = terminal_plot([0, 1, 3], [1, 2, 3], labels=("t", "y"))
    assert terminal_plot([0, 1, 2, 3], [1, 2, np.nan, 3], labels=("t", "y")) == clean
    assert terminal_plot([0], [np.inf], labels=("t", "y")) == [
        "y",
        "there is no finite value to draw",
    ]


def test_a_constant_is_one_line():
    lines = terminal_plot([0, 1, 2], [0.1, 0.1, 0.1], width=6, height=3, labels=("t", "lr"))
    # It is drawn at the middle of the axis, which has only its own number.
    rows = [line for line in lines if "┤" in line]
    assert [row.split("┤")[0].strip() for row in rows] == ["0.1"]
    assert lines.index(rows[0]) == 2
    assert dots(lines, 3, rows[0].index("┤") + 1).any(axis=1).sum() == 1


def test_a_geometric_series_is_straight_on_a_logarithmic_axis():
    labels = ("t", "y")
    log = terminal_plot([0, 1, 2], [1, 10, 100], width=10, height=5, labels=labels, log=True)
    straight = terminal_plot([0, 1, 2], [0, 1, 2], width=10, height=5, labels=labels)
    margins = [lines[1].index("┤") + 1 for lines in (log, straight)]
    assert [line[margins[0] :] for line in log[1:-1]] == [
        line[margins[1] :] for line in straight[1:-1]
    ]
    # The middle of the axis is the geometric mean, 10.
    assert [line.split("┤")[0].strip() for line in log if "┤" in line] == ["100", "10", "1"]


def test_numbers_at_the_limits_of_floats_are_drawn():
    lines = terminal_plot([0, 1], [-1.7e308, 1.7e308], width=10, height=5, labels=("t", "y"))
    assert dots(lines, 5, lines[1].index("┤") + 1)[:, :20].any(axis=1).all()
    assert len(terminal_plot([0, 1], [1e19, 1e19], labels=("t", "y"))) == 15


def test_the_sign_of_shared_places_is_in_the_legend():
    x, up = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    meeting = (Curve("up", x, up), Curve("flat", x, 0 * up))
    assert chart_lines(Chart("", "t", "loss", meeting))[-3:] == [
        "  a  up",
        "  b  flat",
        "  #  several curves",
    ]
    apart = (Curve("high", x, up + 5), Curve("low", x, up))
    assert chart_lines(Chart("", "t", "loss", apart))[-1] == "  b  low"


def test_labels_leave_out_what_does_not_change_the_training():
    config = {"dataset": "iris", "model": "softmax", "engine": "numpy"}
    changes = (("lr=0.1", "evaluate.every=1"), ("lr=0.2", "evaluate.every=2"))
    runs = [gdrun.train(config, "epochs=2", *words) for words in changes]
    assert [label for label, _ in seed_groups(runs)] == ["lr=0.1", "lr=0.2"]
    runs = [gdrun.train(config, "epochs=2", f"evaluate.every={n}") for n in (1, 2)]
    assert [label for label, _ in seed_groups(runs)] == ["every=1", "every=2"]


def test_the_numbers_beside_a_sparkline_are_those_of_its_bars():
    steps = {
        "batch_loss": np.array([2.0, 1.0]),
        "max_batch_loss": np.array([2.303, 1.5]),
        "grad_norm": np.array([4.0, 3.0]),
        "max_grad_norm": np.array([9.0, 8.0]),
        "combined": np.array([64, 64]),
    }
    lines = plain_text(step_curves.curves(steps)).splitlines()
    assert [line.split() for line in lines] == [
        ["batch", "loss", "█▁", "2.3", "→", "1.5"],
        ["grad", "norm", "█▁", "9", "→", "8"],
        ["each", "bar", "the", "largest", "value", "of", "64", "steps,", "1/2", "of", "the", "run"],
    ]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("steps", "points", "columns", "legend"),
    [
        (40, 1000, 80, None),  # one step a bar
        (60, 1000, 80, "1 to 2 steps, 1/40 of the run"),
        (120, 1000, 80, "3 steps, 1/40 of the run"),
        (120, 1000, 60, "6 steps, 1/20 of the run"),
        (120, 1000, 40, "12 steps, 1/10 of the run"),
        # 834 points of 3 steps, and a last one of 1 step: 20 or 21 points in each of 40 bars.
        (2503, 1000, 80, "60 to 63 steps, 1/40 of the run"),
        # 30 points of 81 steps, and a last one of 73.
        (2503, 40, 80, "73 to 81 steps, 1/31 of the run"),
    ],
)
def test_a_bar_stands_for_all_steps_of_its_part_of_the_run(steps, points, columns, legend):
    run = gdrun.train(
        {
            "surface": "bowl",
            "variant": "bgd",
            "evaluate": {"every": 100},
            "log": {"points": points},
        },
        f"epochs={steps}",
    )
    assert run.steps["combined"].sum() == steps
    screen = io.StringIO()
    Console(file=screen, width=columns).print(step_curves.curves(run.steps))
    lines = screen.getvalue().splitlines()
    below = " ".join(" ".join(lines[2:]).split())
    assert below == (f"each bar the largest value of {legend}" if legend else "")
    assert all(len(line) <= columns for line in lines)


def test_a_curve_of_a_damaged_trace_goes_back_and_forth():
    x, y = np.array([0.0, -1.0, 2.0, 1.0]), np.array([4.0, 1.0, 3.0, 2.0])
    lines = chart_lines(Chart("", "x", "y", (Curve("c", x, y),)), 10, 4)
    # The lowest point is in the first column, and the axis names the smallest and the largest x.
    assert lines[3].startswith("2 ┤⣰")
    assert lines[-1].split() == ["-1", "x", "2"]


@pytest.mark.parametrize(
    ("values", "log"),
    [
        (2.0 ** -np.arange(20), True),  # the largest value is 2¹⁹ times the smallest
        (np.array([1.0, *[0.1, 0.09, 0.08] * 5]), True),  # a tail in the lowest 2 % of the range
        (np.linspace(10, 1, 20), False),
        (np.linspace(0.1, 0.95, 20), False),  # an accuracy whose tail is at the top
        (np.array([0.1, *[0.9, 0.95] * 8]), False),
        (np.array([1.0, *[0.0, 0.01] * 8]), False),  # 0 has no logarithm
        (np.array([1.0, 0.1, 0.09]), False),  # too few points for a tail
    ],
)
def test_a_loss_with_a_flat_tail_has_a_logarithmic_axis(values, log):
    assert needs_log([Curve("a", np.arange(len(values)), values)]) is log


def test_a_chosen_scale_is_that_of_all_positive_charts():
    x = np.arange(3)
    charts = [
        Chart("", "x", "y", (Curve("a", x, x + 1.0),)),
        Chart("", "x", "y", (Curve("b", x, x * 1.0),), log_y=False),
    ]
    assert [each.log_y for each in scaled(charts, "log")] == [True, False]
    assert [each.log_y for each in scaled(scaled(charts, "log"), "linear")] == [False, False]
    assert scaled(charts, None) == charts


@pytest.mark.parametrize("step", [1e-1, 1e-5, 1e-8])
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("level", [1.0, 64612.0])
def test_the_numbers_of_an_axis_differ(level, step, log):
    y = level * (1 + step * np.arange(5))
    lines = terminal_plot(np.arange(5), y, labels=("x", "y"), log=log)
    marks = [line.split(" ")[0] for line in lines[1:13] if "┤" in line]
    numbers = [float(line.split("┤")[0].replace(",", "")) for line in lines if "┤" in line]
    assert len(marks) == len(set(numbers)) == 3
    # Each is nearer to its own value than to its neighbours.
    expected = [y[-1], np.sqrt(y[0] * y[-1]) if log else y[2], y[0]]
    assert np.abs(np.subtract(numbers, expected)).max() < step * level


def test_points_at_infinity_and_the_limit_have_marks():
    x, y = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 1.0, np.inf, np.inf])
    chart = Chart("", "x", "y", (Curve("", x, y),), infinite="diverged", limit=(1.5, "2/L"))
    lines = chart_lines(chart, width=41, height=5)
    rows = [line.split("┤")[-1].split("│")[-1].ljust(41) for line in lines[1:6]]
    # The 41 columns are from 0 to 4: 2 is in the middle, 1.5 at 15.
    assert [place for place, sign in enumerate(rows[0]) if sign == "↑"] == [20, 40]
    assert [row[15] for row in rows] == ["┊"] * 5
    assert lines[-2:] == ["  ↑  diverged", "  ┊  2/L = 1.5"]
    ascii_lines = "".join(chart_lines(chart, width=41, height=5, ascii_only=True))
    assert ascii_lines.isascii()
    assert "^  diverged" in ascii_lines


@pytest.mark.parametrize(("ascii_only", "sign"), [(False, "┴"), (True, "|")])
def test_a_steep_curve_does_not_hide_where_the_limit_is(ascii_only, sign):
    """The curve climbs at x = 1, which is column 10 of the 41 from 0 to 4, where the limit is."""
    x, y = np.array([0.0, 0.99, 1.01, 4.0]), np.array([0.0, 0.0, 1.0, 1.0])
    chart = Chart("", "x", "y", (Curve("", x, y),), limit=(1.0, "2/L"))
    lines = chart_lines(chart, width=41, height=5, ascii_only=ascii_only)
    axis = lines[6].strip()[1:]  # after the corner
    assert (len(axis), [place for place, each in enumerate(axis) if each == sign]) == (41, [10])
    apart = Chart("", "x", "y", chart.curves, limit=(9.0, "2/L"))
    assert sign not in chart_lines(apart, width=41, height=5, ascii_only=ascii_only)[6].strip()[1:]
