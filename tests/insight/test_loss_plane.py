"""The loss on the plane of a path: principal directions by scikit-learn, values by the model."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

import gdrun
from gdrun.errors import RecordError
from gdrun.insight.loss_plane import loss_plane, principal_directions

CONFIG = {"dataset": "moons", "model": {"name": "mlp", "hidden": [5]}}


@pytest.fixture(scope="module")
def run():
    return gdrun.train(CONFIG, "epochs=6", "lr=0.05")


def test_principal_directions_are_those_of_scikit_learn():
    offsets = np.random.default_rng(0).normal(size=(9, 6)) * [5, 3, 1, 1, 1, 1]
    # With every offset and its opposite, the mean is 0, which PCA subtracts.
    both = np.concatenate([offsets, -offsets])
    expected = PCA(n_components=2).fit(both)
    directions, share = principal_directions(offsets)
    np.testing.assert_allclose(np.abs(directions @ expected.components_.T), np.eye(2), atol=1e-9)
    np.testing.assert_allclose(share, expected.explained_variance_ratio_)


def test_the_path_repeats_the_run_and_ends_at_its_weights(run):
    plane = loss_plane(run)
    assert plane.repeated
    np.testing.assert_array_equal(plane.path[-1], [0, 0])
    np.testing.assert_array_equal(plane.steps, run.evals["step"])


def test_the_loss_at_the_last_weights_is_that_of_the_record(run):
    plane = loss_plane(run)
    # By bilinear interpolation at (0, 0), the last weights, which are between grid points; the loss
    # curves between them, so that it differs a little.
    u, v = np.searchsorted(plane.u, 0.0), np.searchsorted(plane.v, 0.0)
    corners = plane.values[v - 1 : v + 1, u - 1 : u + 1]
    assert corners.min() * 0.98 <= run.evals["train_loss"][-1] <= corners.max() * 1.02


def test_distances_on_a_plane_are_distances_of_weights():
    # A model with two weights is on its own plane: the projection keeps every distance.
    run = gdrun.train({"dataset": "moons", "model": "logistic"}, "epochs=6", "model.bias=false")
    plane = loss_plane(run)
    # The initial weights of a linear model are 0.
    assert np.linalg.norm(plane.path[0]) == pytest.approx(np.linalg.norm(run.weights["w"]))
    assert sum(plane.share) == pytest.approx(1)


def test_a_run_with_two_evaluations_has_no_plane():
    run = gdrun.train(CONFIG, "epochs=1")
    with pytest.raises(RecordError, match="three evaluations"):
        loss_plane(run)


def test_a_run_with_one_weight_needs_another_model(tmp_path):
    # More epochs add evaluations, but no second weight.
    (tmp_path / "line.csv").write_text("x,y\n" + "".join(f"{i},{i}\n" for i in range(20)))
    dataset = {"path": str(tmp_path / "line.csv"), "target": "y"}
    run = gdrun.train({"dataset": dataset, "model": {"name": "linear", "bias": False}}, "epochs=6")
    with pytest.raises(RecordError, match=r"7 and 1(.|\n)*a model with at least two weights"):
        loss_plane(run)


def test_a_run_that_cannot_be_repeated_is_not_drawn(run):
    other = gdrun.train(CONFIG, "epochs=6", "lr=0.05", "seed=1")
    other.config["seed"] = 0
    with pytest.raises(RecordError, match="gave other weights"):
        loss_plane(other)
