"""Averages of weights, compared with sums over all weights."""

import numpy as np
import pytest

from gdrun.methods.averaging import AVERAGES


def averaged(name, path, **options):
    """The average after each step, from a first value that must not matter."""
    entry = AVERAGES[name]
    mean, seen = np.full_like(path[0], 123.0), []
    for t, w in enumerate(path, start=1):
        mean = entry.function(mean, w, float(t), **(entry.defaults | options))
        seen.append(mean)
    return np.array(seen)


def walk(dtype=np.float64):
    return np.random.default_rng(0).normal(size=(30, 2, 3)).astype(dtype)


def test_polyak_is_the_mean_of_all_points_so_far():
    path = walk()
    wanted = [path[: t + 1].mean(axis=0) for t in range(30)]
    np.testing.assert_allclose(averaged("polyak", path), wanted, rtol=1e-12, atol=1e-14)


def test_polyak_from_a_start_is_the_mean_of_those_after_it():
    # With start 10 the points 11 to t count; up to the eleventh the average is the point itself.
    path = walk()
    wanted = [path[t] if t < 11 else path[10 : t + 1].mean(axis=0) for t in range(30)]
    np.testing.assert_allclose(averaged("polyak", path, start=10), wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.999])
def test_ema_is_the_weighted_mean_with_weights_that_add_up_to_one(decay):
    # Σᵢ δ^(t−i) wᵢ / Σᵢ δ^(t−i): no share of the first value is left, from the first step on.
    path = walk()
    wanted = [
        np.average(path[: t + 1], axis=0, weights=decay ** np.arange(t, -1.0, -1))
        for t in range(30)
    ]
    np.testing.assert_allclose(averaged("ema", path, decay=decay), wanted, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", AVERAGES)
def test_an_average_of_one_point_is_that_point(name):
    path = np.repeat(walk()[:1], 5, axis=0)
    np.testing.assert_allclose(averaged(name, path), path, rtol=1e-15)


@pytest.mark.parametrize("name", AVERAGES)
def test_it_keeps_its_type_and_leaves_its_inputs(name):
    path = walk(np.float32)
    path.flags.writeable = False
    found = averaged(name, path)
    assert found.dtype == np.float32
    assert found.shape == path.shape


@pytest.mark.parametrize("entry", AVERAGES.values(), ids=AVERAGES)
def test_it_tells_its_equation_and_source(entry):
    assert "w̄ ←" in entry.doc.equation
    assert entry.doc.summary and entry.doc.source and entry.doc.extra["Elsewhere"]
    assert all(name in entry.doc.notes for name in entry.options)
