"""Probabilities against their definitions in exact or high precision."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from gdrun.problems.losses import LOSSES
from gdrun.problems.probabilities import PROBABILITIES, of_log_odds, softmax

SCORES = st.floats(-300, 300)


@pytest.mark.longer
@given(SCORES)
def test_two_classes_add_up_to_one_and_are_accurate_when_small(score):
    first, second = of_log_odds(np.array([score]))[0]
    assert abs(first + second - 1) <= 2**-52
    # log p₁ = −log(1 + e^(−s)), which math computes without cancellation.
    assert math.isclose(math.log(second), -np.logaddexp(0, -score), rel_tol=1e-12, abs_tol=1e-12)


@given(st.lists(SCORES, min_size=2, max_size=6))
def test_softmax_is_the_share_of_each_exponential(scores):
    shares = [1 / math.fsum(math.exp(b - a) for b in scores) for a in scores]
    assert_allclose(softmax(np.array([scores]))[0], shares, rtol=1e-9, atol=1e-300)


def test_no_score_overflows():
    for dtype in (np.float32, np.float64):
        big = np.array([np.finfo(dtype).max, -np.finfo(dtype).max], dtype)
        assert of_log_odds(big).tolist() == [[0, 1], [1, 0]]
        assert softmax(np.stack([big, big * 0], axis=1)).tolist() == [[1, 0], [0, 1]]
        assert softmax(np.zeros((1, 2), dtype)).dtype == dtype


def test_a_loss_with_probabilities_is_their_negative_log():
    random = np.random.default_rng(0)
    for name, probabilities in PROBABILITIES.items():
        by_class = LOSSES[name].targets == "code"
        scores = random.normal(0, 3, (40, 4) if by_class else 40)
        codes = random.integers(0, 4 if by_class else 2, 40)
        targets = codes if by_class else 2 * codes - 1
        losses, _ = LOSSES[name].function(scores[:, None], targets)
        own = probabilities(scores)[np.arange(40), codes]
        assert_allclose(losses[:, 0], -np.log(own), rtol=1e-12, atol=1e-14)
