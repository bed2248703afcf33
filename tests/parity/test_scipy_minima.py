"""The minimum of convex objectives against the optimizers of SciPy."""

import numpy as np
import pytest
from scipy.optimize import minimize

from gdrun.insight.minimum import minimise
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("name", "options", "classes"),
    [
        ("linear", {"loss": "huber", "delta": 0.7}, 0),
        ("logistic", {}, 2),
        ("softmax", {}, 3),
        ("svm", {"loss": "squared_hinge"}, 3),
    ],
)
def test_the_smooth_losses(name, options, classes, seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(60, 4))
    y = rng.integers(classes, size=60) if classes else rng.standard_t(2, size=60)
    model = MODELS[name].function(4, classes, **options)
    objective, X, y = Objective(model, 0.01), model.design(features), model.encode(y)
    start = np.zeros(model.layout.size)

    def value_and_gradient(w):
        value, gradient = objective.value_and_gradient(w[None], X, y)
        return value[0], gradient[0]

    expected = minimize(value_and_gradient, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    found = minimise(objective, start, X, y)
    assert found.value <= expected.fun + 1e-15
    assert found.value == pytest.approx(expected.fun, rel=1e-12)
