"""Edges: when the best value is at an edge of the tried values, and the next range to try."""

import pytest

from gdrun.config.loading import load
from gdrun.config.values import parse_sweep
from gdrun.study.design.axes import Axis, grid
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
        ("optimizer.lr", (0.001, 0.01, 0.1), 0.1, [0.01, 0.1, 1, 10]),
        ("optimizer.lr", (0.001, 0.01, 0.1), 0.001, [1e-05, 1e-4, 1e-3, 0.01]),
        # Whole numbers, but the rate need not be one.
        ("optimizer.lr", (1, 10, 100), 1, [0.01, 0.1, 1, 10]),
        # The best is 1 and the ratio of the ends 4; half the range below it would be below 0.
        ("optimizer.lr", (1.0, 2.0, 4.0), 1.0, [0.25, 1, 4]),
        ("optimizer.lr", (1.0, 1.2, 1.4, 1.6), 1.6, [1.3, 1.45, 1.6, 1.75, 1.9]),
        ("variant.batch_size", (8, 32, 128), 128, [32, 128, 512, 2048]),
        ("stopping.epochs", (4, 6, 8), 8, [6, 8, 10]),
        ("stopping.epochs", (2, 4, 8), 2, [1, 2, 4]),
        ("variant.batch_size", (8, 16, 32), 32, [16, 32, 64, 128]),
        ("variant.batch_size", (32, 64, 128), 32, [8, 16, 32, 64]),
        ("variant.batch_size", (16, 64, 256), 16, [1, 4, 16, 64]),
        ("optimizer.lr", (0.1, 0.2, 0.4), 0.4, [0.1, 0.4, 1.6]),
        # Without the zero, these are spaced logarithmically.
        ("model.l2", (0.0, 0.001, 0.1), 0.1, [0.01, 0.1, 1, 10]),
        ("model.l2", (0.0, 0.01, 0.02, 0.04), 0.04, [0.01, 0.02, 0.04, 0.08, 0.16]),
    ],
)
def test_what_to_try_next_has_the_best_inside(key, values, best, wider):
    (edge,) = edge_of(key, values, best)
    assert edge.smallest == (best == min(values))
    assert parse_sweep(edge.wider) == pytest.approx(wider)
    assert best in [pytest.approx(value) for value in wider]


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
    assert parse_sweep(edge.wider) == pytest.approx([0.1 / 9, 0.1, 0.9], rel=1e-3)


def test_values_without_an_order_have_no_edge():
    rules = tuple({"name": name, "lr": 0.1} for name in ("adam", "lion", "yogi"))
    assert edge_of("optimizer", rules, rules[0]) == []


def test_values_that_the_key_may_not_have_are_not_proposed():
    # β is below 1: 0.99 and 0.999 lie beyond 0.95, but half the range above it does not.
    (edge,) = edge_of("optimizer.beta", (0.5, 0.9, 0.95), 0.95)
    assert edge.wider == ""
