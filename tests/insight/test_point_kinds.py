"""The kinds of points, and how far a quadratic model falls, against closed forms."""

import numpy as np
import pytest

from gdrun.insight.point_kinds import kind_of, possible_decrease


def decrease(H, gradient, reach):
    H = np.asarray(H, dtype=float)
    return possible_decrease(np.array(gradient, dtype=float), lambda v: H @ v, reach)


def test_a_parabola_falls_to_its_lowest_point():
    # min gᵀd + ½ dᵀH d is −½ gᵀH⁻¹g.
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    H, g = root @ root.T + np.eye(6), rng.normal(size=6)
    expected = 0.5 * g @ np.linalg.solve(H, g)
    assert decrease(H, g, 100.0) == pytest.approx(expected, rel=1e-5)


def test_the_way_along_a_valley_counts():
    # The first step, of 1/1000, lowers f by ½ (1 + 1)² / 1001; the lowest point is at (−1, −0.001).
    assert decrease(np.diag([1.0, 1000.0]), [1, 1], 10.0) == pytest.approx(0.5 + 0.0005)


@pytest.mark.parametrize("curvature", [2.0, 0.0, -5.0])
def test_no_step_is_longer_than_the_reach(curvature):
    # Along g = 3 to the distance ½: 3/2 − ½ c/4, where a negative curvature c counts as 0.
    expected = 1.5 - max(curvature, 0.0) / 8
    assert decrease([[curvature]], [3.0], 0.5) == pytest.approx(expected)


def test_nothing_falls_along_a_gradient_of_0():
    assert decrease(np.diag([1.0, -1.0]), [0.0, 0.0], 1.0) == 0.0


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("stretch", [1e-3, 1.0, 1e3])
def test_the_kind_does_not_depend_on_units(scale, stretch):
    # f → c f multiplies slope and curvature by c; w → s w divides them by s and s².
    places = {
        "slope": (1.0, 1.0, 0.2, -0.1, 2.0, 3.0),
        "saddle": (1.0, 1e-3, 1e-6, -0.5, 2.0, 3.0),
        "minimum": (1.0, 1e-3, 1e-6, 0.5, 2.0, 3.0),
        "plateau": (1.0, 1e-5, 3e-5, -1e-6, 1e-6, 3.0),
    }
    for kind, (excess, slope, falls, smallest, largest, reach) in places.items():
        curved = scale / stretch**2
        found = kind_of(
            *(scale * excess, 2 * scale * excess, scale / stretch * slope, scale * falls),
            *(curved * smallest, curved * largest, stretch * reach),
        )
        assert found == kind


def test_where_nothing_is_left_to_fall_is_a_minimum():
    # f is a thousandth of its start, and its quadratic model falls below the least value of f.
    assert kind_of(1e-3, 1.0, 1e-2, 1e-2, -0.5, 2.0, 3.0) == "minimum"
