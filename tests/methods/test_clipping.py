"""Clipping against loops over lanes and entries."""

import math

import numpy as np
import pytest

from gdrun.methods.clipping import clip_by_norm, clip_by_value


def gradients(dtype=np.float64):
    """Four lanes whose norms are about 0.2, 2, 20 and 200."""
    scale = np.array([[0.1], [1.0], [10.0], [100.0]])
    return (np.random.default_rng(0).normal(size=(4, 5)) * scale).astype(dtype)


def norm_of(row):
    return math.sqrt(math.fsum(x * x for x in row))


@pytest.mark.parametrize("limits", [[5.0] * 4, [0.01, 1000.0, 3.0, 3.0]])
def test_the_whole_gradient_is_scaled_to_its_limit(limits):
    g = gradients()
    norm = np.array([[norm_of(row)] for row in g.tolist()])
    clipped = clip_by_norm(g, norm, np.array(limits)[:, None])
    for row, limit, found in zip(g.tolist(), limits, clipped.tolist(), strict=True):
        factor = min(1.0, limit / norm_of(row))
        assert found == pytest.approx([x * factor for x in row], rel=1e-14)
        assert norm_of(found) <= limit * (1 + 1e-14)


def test_a_gradient_at_or_under_the_limit_keeps_its_bits():
    g = gradients()
    norm = np.linalg.norm(g, axis=1, keepdims=True)
    # The limit is the second lane's own norm: lanes 0 and 1 are not over it, 2 and 3 are.
    clipped = clip_by_norm(g, norm, float(norm[1, 0]))
    assert clipped[:2].tobytes() == g[:2].tobytes()
    assert (clipped[2:] != g[2:]).all()
    assert clip_by_norm(g, norm, 1e6) is g


def test_a_gradient_of_zero_stays_zero():
    zero = np.zeros((2, 3))
    assert (clip_by_norm(zero, np.zeros((2, 1)), 1.0) == 0).all()


def test_entries_are_bounded_one_by_one():
    g = gradients()
    clipped = clip_by_value(g, 0.5)
    wanted = [[max(-0.5, min(x, 0.5)) for x in row] for row in g.tolist()]
    assert clipped.tolist() == wanted


def test_each_lane_has_its_own_bound():
    limits = np.array([[0.01], [0.02], [0.3], [0.4]])
    clipped = clip_by_value(gradients(), limits)
    assert np.abs(clipped).max(axis=1).tolist() == [0.01, 0.02, 0.3, 0.4]


def test_types_are_kept_and_inputs_left_alone():
    g = gradients(np.float32)
    g.flags.writeable = False
    norm = np.linalg.norm(g.astype(np.float64), axis=1, keepdims=True)
    assert clip_by_norm(g, norm, 1.0).dtype == np.float32
    assert clip_by_value(g, 1.0).dtype == np.float32
