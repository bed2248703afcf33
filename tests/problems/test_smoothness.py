"""L of each convex loss, against the curvature that central differences of the gradient show."""

import numpy as np
import pytest

from gdrun.problems import smoothness as smoothness_module
from gdrun.problems.losses import LOSSES
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective
from gdrun.problems.rows import MappedRows
from gdrun.problems.smoothness import is_exact, lipschitz, smoothness

ROWS, FEATURES = 40, 3

CASES = {
    "linear": ("linear", {}, 1),
    "huber": ("linear", {"loss": "huber"}, 1),
    "logistic": ("logistic", {}, 2),
    "softmax": ("softmax", {}, 4),
    "squared_hinge": ("svm", {"loss": "squared_hinge"}, 4),
    "no bias": ("linear", {"bias": False}, 1),
}


def problem(case, seed=0):
    """Model, features with columns of unlike scale, and targets."""
    name, options, classes = CASES[case]
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(ROWS, FEATURES)) * [1.0, 3.0, 0.2] + [0.5, 0.0, -1.0]
    y = rng.normal(size=ROWS) if classes == 1 else rng.integers(classes, size=ROWS)
    model = MODELS[name].function(FEATURES, classes, **options)
    return model, model.design(X), model.encode(y)


def hessian(model, X, y, l2, w, h=1e-5):
    """Central differences of the gradient at w (P,)."""
    objective = Objective(model, l2)

    def gradient(at):
        return objective.value_and_gradient(at[None], X, y)[1][0]

    steps = np.eye(len(w)) * h
    return np.array([(gradient(w + step) - gradient(w - step)) / (2 * h) for step in steps])


def test_every_smooth_loss_has_a_case():
    smooth = {name for name, loss in LOSSES.items() if loss.curvature is not None}
    assert {problem(case)[0].loss.name for case in CASES} == smooth


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_no_curvature_is_above_it(case, l2):
    model, X, y = problem(case)
    bound = smoothness(model, X, l2)
    rng = np.random.default_rng(1)
    for scale in (0.0, 0.1, 1.0):
        w = scale * rng.normal(size=model.layout.size)
        largest = np.linalg.eigvalsh(hessian(model, X, y, l2, w)).max()
        assert largest <= bound * (1 + 1e-6)


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_for_least_squares_it_is_the_curvature_itself(l2):
    model, X, y = problem("linear")
    assert is_exact(model)
    largest = np.linalg.eigvalsh(hessian(model, X, y, l2, np.zeros(model.layout.size))).max()
    assert smoothness(model, X, l2) == pytest.approx(largest, rel=1e-6)


def test_for_logistic_regression_it_is_reached_at_zero_weights():
    # σ(0)(1 − σ(0)) = ¼ for every example.
    model, X, y = problem("logistic")
    largest = np.linalg.eigvalsh(hessian(model, X, y, 0.0, np.zeros(model.layout.size))).max()
    assert smoothness(model, X, 0.0) == pytest.approx(largest, rel=1e-6)


def test_for_two_classes_softmax_reaches_it_too():
    # p = (½, ½): diag(p) − p pᵀ has the eigenvalue ½.
    rng = np.random.default_rng(2)
    model = MODELS["softmax"].function(FEATURES, 2)
    X, y = model.design(rng.normal(size=(ROWS, FEATURES))), rng.integers(2, size=ROWS)
    largest = np.linalg.eigvalsh(hessian(model, X, y, 0.0, np.zeros(model.layout.size))).max()
    assert smoothness(model, X, 0.0) == pytest.approx(largest, rel=1e-6)


def test_for_the_squared_hinge_it_is_reached_where_every_term_is_active():
    # At zero weights every margin is 1 > 0. With one and the same class for all, the Hessian is
    # 2 · (Laplacian of a star of 4 vertices) ⊗ XᵀX/N, whose largest eigenvalue is 2 · 4 · λmax.
    model, X, _ = problem("squared_hinge")
    y = np.zeros(ROWS, dtype=int)
    largest = np.linalg.eigvalsh(hessian(model, X, y, 0.0, np.zeros(model.layout.size))).max()
    assert smoothness(model, X, 0.0) == pytest.approx(largest, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [("linear", {"loss": "mae"}), ("linear", {"loss": "pinball"}), ("svm", {"loss": "hinge"})],
)
def test_a_loss_with_kinks_has_none(name, options):
    model = MODELS[name].function(FEATURES, 3, **options)
    assert smoothness(model, np.ones((5, FEATURES + 1)), 0.0) is None


def test_by_hand():
    # X = (2, 1)ᵀ rows ±2 with a bias column: XᵀX/N = [[4, 0], [0, 1]], so L = 2·4 + l2 = 8.5.
    model = MODELS["linear"].function(1, 1)
    assert smoothness(model, np.array([[2.0, 1.0], [-2.0, 1.0]]), 0.5) == pytest.approx(8.5)
    # Nothing penalises the bias: where it has the larger curvature, l2 adds nothing.
    assert smoothness(model, np.array([[0.1, 1.0], [-0.1, 1.0]]), 0.5) == pytest.approx(2.0)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_lanczos_returns_the_same(case, l2, monkeypatch):
    model, X, _ = problem(case)
    expected = smoothness(model, X, l2)
    monkeypatch.setattr(smoothness_module, "MOST_COLUMNS", 1)
    assert smoothness(model, X, l2) == pytest.approx(expected, rel=1e-6)


def test_lanczos_reads_the_rows_once_an_iteration_and_forms_no_matrix(monkeypatch):
    model, X, _ = problem("linear")
    found, passes = [], []
    iterate, blocks = smoothness_module.extreme_eigenvalues, smoothness_module._blocks

    def recorded(*args, **options):
        found.append(iterate(*args, **options))
        return found[-1]

    def counted(rows):
        passes.append(1)
        return blocks(rows)

    monkeypatch.setattr(smoothness_module, "MOST_COLUMNS", 1)
    monkeypatch.setattr(smoothness_module, "extreme_eigenvalues", recorded)
    monkeypatch.setattr(smoothness_module, "_blocks", counted)
    monkeypatch.delattr(smoothness_module, "_second_moment")
    smoothness(model, X, 0.1)
    assert 0 < len(passes) == found[0].products <= X.shape[1]


def test_rows_on_disk_have_the_same():
    model, X, _ = problem("linear")
    rows = np.array([3, 5, 6, 7, 20, 31])
    mapped = MappedRows(X[:, :-1], rows, np.dtype(np.float64)).with_ones()
    assert smoothness(model, mapped, 0.1) == pytest.approx(smoothness(model, X[rows], 0.1))


KINKED = [
    ("linear", {"loss": "mae"}, 1),
    ("linear", {"loss": "pinball", "tau": 0.9}, 1),
    ("svm", {}, 2),
    ("svm", {}, 4),
]


@pytest.mark.parametrize("most", [1500, 1])
@pytest.mark.parametrize(("name", "options", "classes"), KINKED)
def test_no_subgradient_is_longer_than_its_bound(name, options, classes, most, monkeypatch):
    # most = 1: λmax by Lanczos' method, which is too small by a relative error of 1e-6.
    monkeypatch.setattr(smoothness_module, "MOST_COLUMNS", most)
    rng = np.random.default_rng(3)
    X = rng.normal(size=(ROWS, FEATURES)) * [1.0, 3.0, 0.2] + [0.5, 0.0, -1.0]
    y = rng.normal(size=ROWS) if classes == 1 else rng.integers(classes, size=ROWS)
    model = MODELS[name].function(FEATURES, classes, **options)
    X, y = model.design(X), model.encode(y)
    bound = lipschitz(model, X, 0.0)
    places = 10 * rng.normal(size=(500, model.layout.size))
    _, gradients = Objective(model).value_and_gradient(places, X, y)
    longest = np.linalg.norm(gradients, axis=1).max()
    assert 0.3 * bound < longest <= bound * (1 + 1e-6)


def test_a_subgradient_by_hand():
    # One example x = (3, 4) with the absolute error: ‖g‖ = 5. With the hinge of three classes, both
    # wrong ones active: g has the rows x, x and −2x, so ‖g‖ = 5√6.
    X = np.array([[3.0, 4.0]])
    model = MODELS["linear"].function(2, 0, bias=False, loss="mae")
    assert lipschitz(model, X, 0.0) == pytest.approx(5)
    model = MODELS["svm"].function(2, 3, bias=False)
    assert lipschitz(model, X, 0.0) == pytest.approx(5 * 6**0.5)


def test_only_losses_with_kinks_and_without_a_penalty_have_a_bounded_gradient():
    model, X, _ = problem("linear")
    assert lipschitz(model, X, 0.0) is None
    assert lipschitz(MODELS["svm"].function(FEATURES, 3), X, 0.1) is None
