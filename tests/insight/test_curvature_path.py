"""The curvature along runs, against dense Hessians, closed forms and known places."""

import numpy as np
import pytest

import gdrun
from gdrun.config.resolving import resolve
from gdrun.errors import RecordError
from gdrun.insight.curvature_path import path_of, path_of_run
from gdrun.insight.problem import analysed

NETWORK = {"dataset": "iris", "model": {"name": "mlp", "hidden": [5], "activation": "tanh"}}


def dense(problem, w, h=1e-5):
    """The extreme eigenvalues of the Hessian by central differences of the gradient."""
    steps = np.eye(len(w)) * h
    rows = [
        problem.value_and_gradient(w + step)[1] - problem.value_and_gradient(w - step)[1]
        for step in steps
    ]
    return np.linalg.eigvalsh(np.array(rows) / (2 * h))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_network_against_its_dense_hessian(dtype):
    config = {**NETWORK, "dtype": dtype, "optimizer": {"name": "momentum", "lr": 0.2}}
    run = gdrun.train(config, "epochs=8")
    path = path_of_run(run)
    problem = analysed(resolve(run.config))
    for point, w in zip(path.points, (problem.start, problem.row_of(run.weights)), strict=True):
        values = dense(problem, w)
        assert point.largest == pytest.approx(values[-1], rel=2e-3)
        assert point.smallest == pytest.approx(values[0], abs=2e-3 * np.abs(values).max())
    assert path.points[-1].loss == pytest.approx(run.evals["train_loss"][-1], rel=1e-6)
    # Heavy ball is stable up to 2(1 + β)/α = 3.8/0.2.
    assert path.points[-1].limit == pytest.approx(19.0)


def test_the_path_of_an_experiment_is_that_of_its_run():
    experiment = resolve({**NETWORK, "stopping": {"epochs": 8}})
    run = gdrun.train(experiment)
    path = path_of(experiment)
    last = path_of_run(run).points[-1]
    assert path.rows == 120
    assert (path.points[0].step, path.points[-1].step) == (0, last.step)
    assert path.points[-1].largest == pytest.approx(last.largest, rel=1e-6)


@pytest.mark.parametrize(("share", "position"), [(0.5, -0.5), (1.0, 0.0), (1.5, 0.5), (2.0, 1.0)])
def test_the_position_of_a_step_on_a_parabola(share, position):
    # On ½x², a step of α = share / L ends at (1 − share) x: exact at 1, mirrored at 2.
    config = {
        "surface": {"name": "bowl", "condition": 1.0, "start": [3.0, 0.0]},
        "variant": "bgd",
        "stopping": {"steps": 1},
        "optimizer": {"name": "vanilla", "lr": share},
    }
    path = path_of(resolve(config))
    assert path.points[-1].position == pytest.approx(position, abs=1e-12)


SURFACE = {"variant": "bgd", "stopping": {"steps": 300}}


@pytest.mark.longer
@pytest.mark.parametrize(
    ("surface", "lr", "kind"),
    [
        ({"name": "saddle", "start": [1.0, 0.0]}, 0.1, "saddle"),
        ({"name": "saddle", "start": [1.0, 0.1]}, 0.1, "minimum"),
        ({"name": "plateau", "start": [9.0, 9.0]}, 0.1, "plateau"),
        ({"name": "bowl"}, 0.1, "minimum"),
        ({"name": "bowl"}, 1e-5, "slope"),
        # The bottom of the valley: a small gradient, and far to go to (1, 1), where f is 0.
        ({"name": "rosenbrock"}, 1e-3, "slope"),
    ],
)
def test_the_kind_of_point_at_the_end(surface, lr, kind):
    config = {**SURFACE, "surface": surface, "optimizer": {"name": "vanilla", "lr": lr}}
    assert path_of(resolve(config)).points[-1].kind == kind


def test_a_network_of_zeros_is_at_a_saddle():
    # All units are equal, and stay so. The classes of iris have equal shares, so no bias moves.
    config = {"dataset": "iris", "model": NETWORK["model"] | {"init": "zeros"}, **SURFACE}
    assert path_of_run(gdrun.train(config, "steps=5")).points[-1].kind == "saddle"


def test_a_run_without_finite_weights_is_refused():
    run = gdrun.train(NETWORK, "epochs=1")
    run.weights["layer1.w"] = run.weights["layer1.w"] * np.nan
    with pytest.raises(RecordError, match="no finite weights"):
        path_of_run(run)
