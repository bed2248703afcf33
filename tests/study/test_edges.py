"""Edges: when the best value is at an edge of the tried values, and the next range to try."""

import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.config.values import parse_sweep
from gdrun.study.design.axes import Axis, axes_of, grid
from gdrun.study.design.trials import candidates_of
from gdrun.study.judgement.edges import edges
from study.cases import LOGISTIC


def edge_of(key, values, best):
    """The edge found where these values were tried and this one was best."""
    axis = Axis(key, tuple(values))
    tried = candidates_of(load(LOGISTIC), grid([axis]))
    (winner,) = [each for each in tried if each.settings[key] == best]
    return edges([axis], winner, tried)


@pytest.mark.parametrize(
    ("key", "values", "best", "wider"),
    [
        # Ten times the end, in steps of the grid.
        ("optimizer.lr", (0.001, 0.01, 0.1), 0.1, [0.001, 0.01, 0.1, 1]),
        ("optimizer.lr", (0.001, 0.01, 0.1), 0.001, [0.0001, 0.001, 0.01, 0.1]),
        # Whole numbers, but the rate need not be one.
        ("optimizer.lr", (1, 10, 100), 1, [0.1, 1, 10, 100]),
        # The ratio of the ends is 4.
        ("optimizer.lr", (1.0, 2.0, 4.0), 1.0, [0.25, 0.5, 1, 2, 4]),
        ("optimizer.lr", (0.1, 0.2, 0.4), 0.4, [0.1, 0.2, 0.4, 0.8, 1.6]),
        ("optimizer.lr", (0.001, 0.0015, 0.00225), 0.00225, [0.001 * 1.5**k for k in range(5)]),
        # By the width of a linear grid; half of it where the whole would end below 0.
        ("optimizer.lr", (1.0, 1.2, 1.4, 1.6), 1.6, [1, 1.2, 1.4, 1.6, 1.8, 2, 2.2]),
        ("optimizer.lr", (1.0, 1.5, 2.0, 2.5, 3.0), 1.0, [0.5, 1, 1.5, 2, 2.5, 3]),
        # No linear step below 0.1 is positive: half decades.
        ("optimizer.lr", (0.1, 0.5, 0.9), 0.1, [0.01, 0.03162, 0.1, 0.5, 0.9]),
        ("variant.batch_size", (8, 32, 128), 128, [8, 32, 128, 512, 2048]),
        ("stopping.epochs", (4, 6, 8), 8, [4, 6, 8, 10, 12]),
        ("stopping.epochs", (2, 4, 8), 2, [1, 2, 4, 8]),
        ("variant.batch_size", (8, 16, 32), 32, [8, 16, 32, 64, 128]),
        ("variant.batch_size", (32, 64, 128), 32, [8, 16, 32, 64, 128]),
        ("variant.batch_size", (16, 64, 256), 16, [1, 4, 16, 64, 256]),
        # Uneven, with ends that are 1000 times apart: the mean ratio is 10.
        ("optimizer.lr", (0.001, 0.005, 0.2, 1.0), 1.0, [0.001, 0.005, 0.2, 1, 10]),
        # Without the zero, these are spaced logarithmically.
        ("model.l2", (0.0, 0.001, 0.01, 0.1), 0.1, [0, 0.001, 0.01, 0.1, 1]),
        ("model.l2", (0.0, 0.01, 0.02, 0.04), 0.04, [0, 0.01, 0.02, 0.04, 0.08, 0.16]),
        # β is below 1: of 0.95 + 0.45 / 2ⁿ, the first one below it is 0.95 + 0.45 / 16.
        ("optimizer.beta", (0.5, 0.9, 0.95), 0.95, [0.5, 0.9, 0.95, 0.9781]),
    ],
)
def test_what_to_try_next_contains_what_was_tried(key, values, best, wider):
    (edge,) = edge_of(key, values, best)
    assert edge.smallest == (best == min(values))
    assert parse_sweep(edge.wider) == pytest.approx(wider, rel=1e-3)
    again = [min(wider, key=lambda point: abs(point - value)) for value in values]
    assert again == pytest.approx(list(values), rel=1e-3)


@pytest.mark.parametrize(
    ("words", "best", "wider"),
    [
        # Nine values in four decades: two to a decade, and a decade more.
        ("log:1e-5:1e-1:9", -1, "log:1e-05:1:11"),
        ("log:1e-5:1e-1:9", 0, "log:1e-06:0.1:11"),
        # A linear range stays one, also if its ends are far apart.
        ("lin:0.01:1.01:11", -1, "lin:0.01:2.01:21"),
        ("lin:3:1:5", 0, "lin:1:5:9"),
        # All its ends need more than four digits.
        ("lin:0.100001:0.100003:3", -1, "lin:0.100001:0.100005:5"),
    ],
)
def test_a_wider_range_keeps_the_words_of_the_range(words, best, wider):
    base = load(LOGISTIC)
    (axis,) = axes_of({"optimizer.lr": words}, base)
    tried = candidates_of(base, grid([axis]))
    (edge,) = edges([axis], tried[best], tried)
    assert edge.wider == wider
    assert parse_sweep(wider) == pytest.approx(sorted({*parse_sweep(wider), *axis.values}))


@pytest.mark.parametrize(
    ("key", "values", "best"),
    [
        ("optimizer.lr", (0.001, 0.01, 0.1), 0.01),  # inside
        ("optimizer.lr", (0.001, 0.01), 0.01),  # of two, each is at an edge
        ("model.l2", (0.0, 0.001, 0.1), 0.0),  # no penalty is negative
        ("variant.batch_size", (1, 16, 256), 1),  # no batch is smaller than one
        ("optimizer.beta", (0.0, 0.5, 0.9), 0.0),
    ],
)
def test_where_nothing_lies_beyond_there_is_no_edge(key, values, best):
    assert edge_of(key, values, best) == []


def test_the_other_sign_is_not_proposed_unasked(monkeypatch):
    # A rule of a plugin may have options without bounds, for which −1 is allowed.
    monkeypatch.setattr("gdrun.study.judgement.edges._is_allowed", lambda *given: True)
    assert edge_of("optimizer.beta", (0.0, 0.5, 0.9), 0.0) == []
    (edge,) = edge_of("optimizer.beta", (0.1, 0.5, 0.9), 0.1)
    assert parse_sweep(edge.wider) == [0.01, 0.03162, 0.1, 0.5, 0.9]


def test_values_without_an_order_have_no_edge():
    rules = tuple({"name": name, "lr": 0.1} for name in ("adam", "lion", "yogi"))
    assert edge_of("optimizer", rules, rules[0]) == []


def edge_of_draws(key, words, draws, best):
    """The edge of a random search that drew these values from a range, and of which one is best."""
    base = load(LOGISTIC)
    (axis,) = axes_of({key: words}, base, drawn=True)
    tried = candidates_of(base, [{key: value} for value in draws])
    (winner,) = [each for each in tried if each.settings[key] == best]
    return edges([axis], winner, tried)


@pytest.mark.parametrize(
    ("key", "words", "draws", "best", "wider"),
    [
        # Ten times the end, and a linear range by its width; the other end stays.
        ("optimizer.lr", "log:1e-3:1", (0.002, 0.1, 0.9), 0.9, "log:0.001:10"),
        ("optimizer.lr", "log:1e-3:1", (0.0012, 0.1, 0.9), 0.0012, "log:0.0001:1"),
        ("optimizer.lr", "lin:1:2", (1.3, 1.5, 1.95), 1.95, "lin:1:3"),
        # 1.5 − 0.5 is the first extension that stays positive, after 1.5 − 2 and 1.5 − 1.
        ("optimizer.lr", "lin:0.5:1.5", (0.52, 1.1, 1.4), 0.52, "lin:0.25:1.5"),
        # β is below 1: 0.95 + 0.95 / 32 = 0.9797 is the first extension below it.
        ("optimizer.beta", "lin:0:0.95", (0.3, 0.5, 0.94), 0.94, "lin:0:0.9797"),
        ("variant.batch_size", "log:8:64", (8, 21, 60), 8, "log:1:64"),
        # A range with a count is a range, too, and both ends are as the user wrote them.
        ("optimizer.lr", "log:0.123456:12:4", (0.2, 1.1, 11.5), 11.5, "log:0.123456:120"),
        ("optimizer.lr", "log:10:1e-3", (0.002, 0.1, 9.5), 9.5, "log:0.001:100"),
    ],
)
def test_a_random_search_is_widened_beyond_the_end_of_its_range(key, words, draws, best, wider):
    (edge,) = edge_of_draws(key, words, draws, best)
    assert edge.wider == wider
    assert edge.smallest == (best == min(draws))
    # It can be typed.
    assert axes_of({key: edge.wider}, load(LOGISTIC), drawn=True)


@pytest.mark.parametrize(
    ("key", "words", "draws", "best"),
    [
        # No β is negative, so that nothing is beyond the range.
        ("optimizer.beta", "lin:0:0.95", (0.005585, 0.4, 0.9), 0.005585),
        # The smallest draw, but the range goes on for a decade below it: 0.01 of 0.001 to 1.
        ("optimizer.lr", "log:1e-3:1", (0.01, 0.1, 0.9), 0.01),
        # Close to the end, but another draw is closer.
        ("optimizer.lr", "log:1e-3:1", (0.01, 0.9, 0.95), 0.9),
        ("variant.batch_size", "lin:1:64", (1, 21, 60), 1),
        # Of a list, the largest draw is not the largest value.
        ("optimizer.lr", [0.001, 0.01, 0.1, 1], (0.001, 0.01, 0.1), 0.1),
    ],
)
def test_a_random_search_has_no_edge_inside_its_range_or_at_a_bound(key, words, draws, best):
    assert edge_of_draws(key, words, draws, best) == []


def test_a_random_search_that_is_read_back_has_the_same_ranges(tmp_path):
    words = {"lr": "log:1e-3:1", "beta": "lin:0:0.95"}
    found = gdrun.sweep(LOGISTIC, words, search="random", trials=6, out=tmp_path)
    (path,) = tmp_path.iterdir()
    again = gdrun.read_study(path)
    assert again.axes == found.axes
    assert [(axis.values, axis.drawn) for axis in again.axes] == [
        ((0.001, 1.0), True),
        ((0.0, 0.95), True),
    ]
    assert again.at_edge == found.at_edge
