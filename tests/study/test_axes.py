"""The axes of a sweep: texts, lists, default ranges, random draws, and errors."""

import math

import numpy as np
import pytest

from gdrun.config.loading import load
from gdrun.errors import ConfigError
from gdrun.study.design.axes import Axis, around, axes_of, grid, parse_axis, sample
from study.cases import LOGISTIC


@pytest.fixture
def base():
    return load(LOGISTIC)


def test_values_are_read_as_the_config_reads_them(base):
    axis = parse_axis("lr=1e-3,0.1", base)
    assert (axis.key, axis.values, axis.numeric) == ("optimizer.lr", (0.001, 0.1), True)
    names = parse_axis("optimizer=adam,lion", base)
    assert (names.key, names.values, names.numeric) == ("optimizer", ("adam", "lion"), False)


def test_a_range_remembers_its_spacing(base):
    assert parse_axis("lr=log:1e-2:1:3", base) == Axis("optimizer.lr", (0.01, 0.1, 1.0), "log")
    assert parse_axis("beta=lin:0:0.8:3", base).spacing == "lin"
    assert parse_axis("lr=0.1,0.2", base).spacing is None


def test_a_bare_rate_surrounds_the_present_value(base):
    axis = parse_axis("lr", base)
    # Half-decades from 0.1 / 1000 to 0.1 · 100: 3 decades below, 2 above, both ends counted.
    assert len(axis.values) == 2 * 5 + 1
    assert (axis.values[0], axis.values[-1]) == (1e-4, 10.0)
    assert 0.1 in axis.values
    steps = np.diff(np.log10(axis.values))
    assert steps == pytest.approx([0.5] * 10, abs=1e-3)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("beta", (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)),
        ("batch_size", (1, 4, 16, 64, 256)),
        ("drop_last", (False, True)),
        ("sampling", ("shuffle", "replacement", "sequential")),
        ("variant", ("bgd", "sgd", "mbgd")),
    ],
)
def test_other_bare_keys_take_what_suits_their_kind(base, key, expected):
    assert parse_axis(key, base).values == expected


def test_a_bare_penalty_includes_none(base):
    assert parse_axis("l2", base).values[0] == 0.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lrr=1,2", "unknown key 'lrr'"),
        ("seed=1,2", "the seed cannot be swept: the best seed would be luck"),
        ("epochs", "stopping.epochs has no default range"),
        ("lr=1,1.0", "is listed twice"),
        ("lr=log:0:1:3", "must be positive"),
    ],
)
def test_a_bad_axis_says_why_and_what_next(base, text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        axes_of([text], base)
    assert all(problem.hint for problem in caught.value.problems)


def test_all_bad_axes_are_reported_at_once(base):
    with pytest.raises(ConfigError) as caught:
        axes_of(["lrr=1,2", "epochs", "lr=1,2", "optimizer.lr=3,4"], base)
    assert len(caught.value.problems) == 3  # unknown, no range, swept twice


def test_values_from_python(base):
    (axis,) = axes_of({"optimizer.lr": np.array([0.1, 0.2])}, base)
    assert axis.values == (0.1, 0.2)
    assert type(axis.values[0]) is float
    with pytest.raises(ConfigError, match="the list of values is empty"):
        axes_of({"lr": []}, base)


def test_a_grid_is_every_combination_the_last_fastest():
    combinations = grid([Axis("a", (1, 2)), Axis("b", ("x", "y"))])
    assert [tuple(each.values()) for each in combinations] == [
        (1, "x"),
        (1, "y"),
        (2, "x"),
        (2, "y"),
    ]


def test_random_draws_keep_to_their_range_and_spread_evenly_over_it():
    axes = [Axis("lr", (1e-4, 1.0), "log"), Axis("beta", (0.0, 0.8), "lin"), Axis("n", ("a", "b"))]
    drawn = sample(axes, 400, seed=0)
    decades = np.log10([each["lr"] for each in drawn])
    assert -4 <= decades.min() < -3.9 < -0.1 < decades.max() <= 0
    # The mean of 400 uniform draws over 4 decades has a standard error of 4/√12/20 = 0.058.
    assert decades.mean() == pytest.approx(-2, abs=0.2)
    assert np.mean([each["beta"] for each in drawn]) == pytest.approx(0.4, abs=0.04)
    assert {each["n"] for each in drawn} == {"a", "b"}


def test_a_wider_search_begins_with_the_narrower_one():
    axes = [Axis("lr", (1e-4, 1.0), "log")]
    assert sample(axes, 30, seed=5)[:10] == sample(axes, 10, seed=5)
    assert sample(axes, 10, seed=6) != sample(axes, 10, seed=5)


def test_whole_ends_draw_whole_numbers_and_nothing_twice():
    drawn = [each["batch_size"] for each in sample([Axis("batch_size", (1, 8), "log")], 20, seed=0)]
    assert all(isinstance(size, int) and 1 <= size <= 8 for size in drawn)
    assert len(drawn) == len(set(drawn)) <= 8


def test_half_decades_around_a_value():
    assert around(1.0)[6] == 1.0
    assert math.prod(around(1.0)[:2]) == pytest.approx(10**-5.5, rel=1e-3)


def test_a_query_keeps_its_commas(base):
    query = "SELECT a, b FROM 'f.csv'"
    axis = parse_axis(f"dataset.query={query}", base)
    assert (axis.key, axis.values) == ("dataset.query", (query,))
    both = parse_axis("""query="SELECT a, b FROM 'f.csv'", "SELECT b FROM 'f.csv'" """, base)
    assert both.values == (query, "SELECT b FROM 'f.csv'")
