"""Predictions for experiments, against dense eigenvalues, closed forms and what runs do."""

import numpy as np
import pytest

import gdrun
from gdrun.config.resolving import resolve
from gdrun.insight import constants, minimum
from gdrun.insight.bound_checks import check_run
from gdrun.insight.theory import theory_of
from gdrun.problems import smoothness
from gdrun.study.tasks import prepared

DESCENT = {"variant": "bgd", "optimizer": {"name": "vanilla", "lr": 0.1}}


def experiment(dataset, model, **sections):
    return {"dataset": dataset, "model": model, **DESCENT, **sections}


def failing(theory):
    return {each.name: each.why for each in theory.assumptions if not each.holds}


@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_least_squares_against_dense_eigenvalues(l2):
    config = resolve(experiment("diabetes", {"name": "linear", "l2": l2}))
    X = prepared(config).train.X
    X = np.column_stack([X, np.ones(len(X))])
    H = 2 * X.T @ X / len(X) + np.diag([l2] * (X.shape[1] - 1) + [0.0])
    values = np.linalg.eigvalsh(H)
    theory = theory_of(config)
    assert pytest.approx(values[-1], rel=1e-10) == theory.constants.L
    assert theory.constants.mu == pytest.approx(values[0], rel=1e-8)
    assert theory.kappa == pytest.approx(values[-1] / values[0], rel=1e-8)
    assert theory.limit == pytest.approx(2 / values[-1])
    assert theory.best_rate == pytest.approx(2 / (values[0] + values[-1]))
    y = prepared(config).train.y
    w = np.linalg.solve(H, 2 * X.T @ y / len(X))
    expected = ((X @ w - y) ** 2).mean() + l2 / 2 * (w[:-1] ** 2).sum()
    assert theory.f_star == pytest.approx(expected, rel=1e-12)
    assert theory.distance == pytest.approx(np.linalg.norm(w), rel=1e-8)


def test_the_bowl_by_hand():
    # f = ½ (x² + 25 y²): L = 25, μ = 1, and the distance from (−4, 1.5) to 0.
    theory = theory_of(resolve({"surface": {"name": "bowl", "condition": 25.0}, **DESCENT}))
    assert (theory.constants.L, theory.constants.mu, theory.f_star) == (25.0, 1.0, 0.0)
    assert theory.distance == pytest.approx(np.hypot(4, 1.5))
    assert theory.best[0].lr == pytest.approx(2 / 26)
    assert theory.convex


def test_another_surface_is_known_only_at_its_start():
    # f = ½x² − ½y² + ¼y⁴ has the Hessian diag(1, 3y² − 1); its minima are −¼.
    theory = theory_of(resolve({"surface": {"name": "saddle", "start": [1.0, 0.0]}, **DESCENT}))
    assert (theory.constants.L, theory.constants.mu) == (1.0, -1.0)
    assert not theory.constants.everywhere
    assert theory.f_star == pytest.approx(-0.25)
    assert {"convex", "smooth", "strongly convex"} <= failing(theory).keys()
    assert [bound.name for bound in theory.bounds] == ["gradient"]


@pytest.mark.parametrize(
    ("surface", "smooth", "low", "place"),
    [
        # Points with a negative curvature, from the Hessians by hand.
        ("rosenbrock", False, -47.54, (-0.91, 1.27)),
        ("himmelblau", False, -42.0, (0.0, 0.0)),
        ("saddle", False, 3e-6 - 1, (1.0, 0.001)),
        ("plateau", True, -7 * np.exp(-4), (2.0, 2.0)),
    ],
)
def test_a_point_shows_that_a_surface_is_not_convex(surface, smooth, low, place):
    theory = theory_of(resolve({"surface": surface, **DESCENT}))
    why = {each.name: each for each in theory.assumptions}
    x, y = place
    assert not why["convex"].holds
    assert why["convex"].why == f"f has the curvature {low:.4g} at ({x:g}, {y:g})"
    assert why["smooth"].holds is smooth
    assert not why["strongly convex"].holds


@pytest.mark.parametrize("lr", [0.005, 1e-4])
@pytest.mark.parametrize("optimizer", ["adam", "momentum", "vanilla"])
def test_the_changes_of_the_hint_lead_to_a_bound(optimizer, lr):
    # At the start of rosenbrock L is 1506, so the bound needs a rate of at most 6.64e-4.
    rule = {"name": optimizer, "lr": lr}
    theory = theory_of(resolve({"surface": "rosenbrock", "variant": "bgd", "optimizer": rule}))
    changes = " ".join(each.change for each in theory.assumptions if each.of_run and each.change)
    # Without a rate of its own, gradient descent would get 0.001, the one that suits rosenbrock.
    assert ("lr=" in changes) == (optimizer != "vanilla" or lr > 6.64e-4)
    rate = next((float(word[3:]) for word in changes.split() if word.startswith("lr=")), lr)
    assert rate == (0.000663 if lr > 6.64e-4 else lr)
    rule = {"name": "vanilla", "lr": rate}
    after = theory_of(resolve({"surface": "rosenbrock", "variant": "bgd", "optimizer": rule}))
    assert [bound.applies for bound in after.bounds] == [True]
    assert not [each for each in after.assumptions if each.of_run and not each.holds]


@pytest.mark.parametrize(
    ("model", "name", "reason"),
    [
        ({"name": "svm"}, "smooth", "hinge"),
        ({"name": "mlp", "hidden": [4]}, "convex", "network"),
        ({"name": "softmax"}, "strongly convex", "all classes"),
        ({"name": "softmax", "l2": 0.1}, "strongly convex", "bias"),
    ],
)
def test_an_assumption_that_fails_is_named(model, name, reason):
    assert reason in failing(theory_of(resolve(experiment("iris", model))))[name]


def test_the_best_rate_with_kinks_has_the_least_bound():
    config = experiment("diabetes", {"name": "linear", "loss": "mae"}, stopping={"epochs": 50})
    best = theory_of(resolve(config)).best_rate
    bounds = []
    for factor in (0.9, 1.0, 1.1):
        config["optimizer"] = {"name": "vanilla", "lr": factor * best}
        (bound,) = theory_of(resolve(config)).bounds
        bounds.append(float(bound.at(50)))
    assert min(bounds) == bounds[1]
    # RG/√N, at which both parts of the bound are equal.
    theory = theory_of(resolve(config))
    assert bounds[1] == pytest.approx(theory.distance * theory.constants.G / 50**0.5)


def test_a_penalty_on_all_parameters_is_the_strong_convexity():
    model = {"name": "softmax", "l2": 0.1, "bias": False}
    theory = theory_of(resolve(experiment("iris", model)))
    assert theory.constants.mu == 0.1
    assert failing(theory) == {}
    assert "linear" in [bound.name for bound in theory.bounds]


def test_dependent_columns_have_no_strong_convexity(tmp_path):
    # b = 2a in every row; w moves only along (1, 2), where gradient descent contracts.
    rows = "\n".join(f"{a},{2 * a},{3 * a + 1}" for a in range(-4, 5))
    (tmp_path / "data.csv").write_text(f"a,b,y\n{rows}\n")
    dataset = {"path": str(tmp_path / "data.csv"), "target": "y", "standardize": False}
    dataset["split"] = {"validation": 0, "test": 0}
    theory = theory_of(resolve(experiment(dataset, "linear")))
    assert theory.constants.mu == 0.0
    assert "linearly dependent" in failing(theory)["strongly convex"]
    # Σa²/9 = 60/9: the Hessian of (a, 2a) has 2·5·60/9 in its direction, that of the bias is 2.
    assert theory.constants.rate_range == pytest.approx((2.0, 2 * 5 * 60 / 9))


@pytest.mark.parametrize(("left_out", "known"), [(36, False), (0, True)])
def test_the_smallest_of_many_curvatures_is_not_guessed(left_out, known, monkeypatch):
    # With 24 training rows and 41 columns, 17 curvatures are 0; of rounding errors Lanczos' method
    # makes a tiny number of them, and κ of it.
    monkeypatch.setattr(smoothness, "MOST_COLUMNS", 1)
    monkeypatch.setattr(constants, "MOST_PARAMETERS", 1)
    split = {"validation": 0, "test": left_out}
    dataset = {"name": "linear", "n": 60, "d": 40, "split": split}
    found = theory_of(resolve(experiment(dataset, {"name": "linear"})))
    assert (found.constants.rate_range is not None) == known
    assert bool(found.best) == known


def test_a_minimum_that_is_not_found_breaks_no_bound(monkeypatch):
    # f after a few steps is only an upper bound of f*: f(w₀) − f is less than f(w₀) − f*.
    config = resolve(experiment("breast-cancer", {"name": "logistic", "l2": 0.001}))
    exact = theory_of(config)
    monkeypatch.setattr(minimum, "MOST_STEPS", 2)
    theory = theory_of(config)
    assert not theory.minimum.converged
    assert theory.f_star > exact.f_star
    assert [bound.name for bound in theory.bounds] == ["gradient"]
    assert theory.bounds[0].at(10) >= exact.bounds[-1].at(10)


def test_many_columns_have_no_linear_bound(monkeypatch):
    # The estimate of λmin by Lanczos' method is above λmin, so a bound with it could be broken.
    config = resolve(experiment("diabetes", "linear"))
    exact = theory_of(config)
    monkeypatch.setattr(smoothness, "MOST_COLUMNS", 1)
    theory = theory_of(config)
    assert pytest.approx(exact.constants.L, rel=1e-5) == theory.constants.L
    assert theory.constants.mu is None
    assert [bound.name for bound in theory.bounds] == ["smooth", "textbook", "gradient"]


@pytest.mark.parametrize("loss", ["mse", "huber"])
def test_rows_on_disk_have_the_same_theory(loss, tmp_path):
    # A CSV file is read into memory, an NPY file stays on disk; both hold the same doubles.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3)) * [1.0, 5.0, 0.1]
    rows = np.column_stack([X, X.sum(axis=1) + rng.standard_t(2, size=90)])
    np.save(tmp_path / "data.npy", rows)
    lines = [",".join(map(repr, row)) for row in rows.tolist()]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,c,y", *lines]) + "\n")
    disk, memory = (
        theory_of(
            resolve(experiment({"path": str(tmp_path / name)}, {"name": "linear", "loss": loss}))
        )
        for name in ("data.npy", "data.csv")
    )
    assert not isinstance(disk.problem.X, np.ndarray)
    assert isinstance(memory.problem.X, np.ndarray)
    for value in ("limit", "best_rate", "f_star", "distance", "initial"):
        assert getattr(disk, value) == pytest.approx(getattr(memory, value), rel=1e-9)


CONVEX = [
    ("linear", {"name": "linear"}, {}),
    ("diabetes", {"name": "linear", "l2": 0.1}, {}),
    ("diabetes", {"name": "linear"}, {}),
    ("iris", {"name": "softmax", "l2": 0.1}, {}),
    ("iris", {"name": "svm", "loss": "squared_hinge", "l2": 0.5}, {}),
    ("breast-cancer", {"name": "logistic", "l2": 0.1}, {}),
    ("linear", {"name": "linear", "loss": "huber", "delta": 0.5}, {}),
]


@pytest.mark.longer
@pytest.mark.parametrize(("dataset", "model", "more"), CONVEX)
@pytest.mark.parametrize("share", [0.4, 1.9])
def test_every_bound_holds_for_a_run(dataset, model, more, share):
    config = experiment(dataset, model, stopping={"epochs": 40})
    limit = theory_of(resolve(config)).limit
    check = check_run(gdrun.train(config, f"lr={share * limit / 2}"))
    assert check.failing == ()
    assert len(check.checks) >= (3 if share <= 1 else 1)
    assert all(each.all_held for each in check.checks)
    # f − f* of a run that stays below 2/L never rises.
    assert (np.diff(check.excess) <= 1e-12).all()


@pytest.mark.longer
@pytest.mark.parametrize("condition", [3.0, 20.0, 60.0])
@pytest.mark.parametrize("rule", ["vanilla", "momentum", "nesterov"])
def test_the_best_settings_descend_as_predicted(rule, condition):
    config = {"surface": {"name": "bowl", "condition": condition}, "variant": "bgd"}
    config["log"] = {"points": 50}
    theory = theory_of(resolve({**config, "optimizer": "vanilla"}))
    best = next(each for each in theory.best if each.rule == rule)
    options = {"name": rule, "lr": best.lr} | ({} if best.beta is None else {"beta": best.beta})
    steps = best.steps(1e-6)
    run = gdrun.train({**config, "optimizer": options, "stopping": {"steps": 3 * steps}})
    losses = run.evals["train_loss"]
    reached = int(np.argmax(losses <= 1e-6 * losses[0]))
    # The steps are those of the worst start.
    assert 0.75 * steps <= reached <= steps


QUADRATICS = [
    *({"surface": {"name": "bowl", "condition": condition}} for condition in (3.0, 20.0, 300.0)),
    *(
        {"dataset": dataset, "model": {"name": "linear", "l2": l2, "bias": bias}}
        for dataset, l2, bias in [
            ("linear", 0.0, True),
            ("linear", 0.5, True),
            ("linear", 2.0, False),
            ("diabetes", 0.0, True),
            ("diabetes", 0.3, True),
            ("diabetes", 0.0, False),
            ("diabetes", 5.0, False),
        ]
    ),
]


@pytest.mark.longer
@pytest.mark.parametrize("problem", QUADRATICS)
def test_runs_begin_to_diverge_within_1_percent_of_the_limit(problem):
    config = {**problem, **DESCENT, "stopping": {"epochs": 500}, "evaluate": {"every": 100}}
    limit = theory_of(resolve(config)).limit
    below, above = (gdrun.train(config, f"lr={share * limit}") for share in (0.99, 1.01))
    assert below.evals["train_loss"][-1] < below.evals["train_loss"][0]
    assert (
        above.status == "diverged"
        or above.evals["train_loss"][-1]
        > above.steps["batch_loss"][len(above.steps["batch_loss"]) // 2]
    )


def test_a_mini_batch_run_has_no_bound():
    run = gdrun.train({"dataset": "iris", "model": "softmax", "optimizer": "adam"}, "epochs=3")
    check = check_run(run)
    assert check.checks == ()
    assert [each.name for each in check.failing] == ["full gradient", "gradient descent"]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("optimizer", "limit"),
    [
        # On ½ (x² + 10 y²) L is 10. The factor along y is that of z² − b z + c with the root −1 at
        # the limit, 1 + b + c = 0: with β = 0.9, 2 · 1.9 / 10 and 2 · 1.9 / 28, and with the
        # dampening ½ twice the former.
        ({"name": "vanilla"}, 0.2),
        ({"name": "momentum", "beta": 0.9}, 0.38),
        ({"name": "momentum", "beta": 0.9, "dampening": 0.5}, 0.76),
        ({"name": "nesterov", "beta": 0.9}, 3.8 / 28),
    ],
)
def test_the_limit_is_that_of_the_rule_in_use(optimizer, limit):
    config = {"surface": {"name": "bowl", "condition": 10.0}, "variant": "bgd"}
    for share, stable in ((0.98, True), (1.02, False)):
        rule = {**optimizer, "lr": share * limit}
        run = gdrun.train({**config, "optimizer": rule, "stopping": {"steps": 1500}})
        assert (run.status != "diverged" and run.evals["train_loss"][-1] < 1e-3) == stable
        theory = theory_of(resolve(run.config))
        assert theory.own_limit[0] == pytest.approx(limit)
        (found,) = [each for each in theory.assumptions if each.name == "stable rate"]
        assert found.holds == stable
        assert any("above 2" in note for note in check_run(run).notes) != stable


def test_no_limit_is_claimed_for_a_rule_without_one():
    config = {"surface": "bowl", "optimizer": {"name": "adam", "lr": 1.0}}
    (found,) = [a for a in theory_of(resolve(config)).assumptions if a.name == "stable rate"]
    assert found.holds is None
    assert found.why == "no stability limit is known for adam"


def test_the_hint_to_gradient_descent_has_a_rate_that_is_stable_there():
    rule = {"name": "momentum", "lr": 0.3}
    theory = theory_of(resolve({"surface": "bowl", "variant": "bgd", "optimizer": rule}))
    changes = {each.name: each.change for each in theory.assumptions}
    assert (changes["gradient descent"], changes["stable rate"]) == (
        "optimizer=vanilla lr=0.1",
        None,
    )


def test_a_run_that_diverged_is_compared():
    config = experiment("diabetes", "linear", stopping={"epochs": 200})
    check = check_run(gdrun.train(config, "lr=3"))
    assert [each.name for each in check.failing] == ["stable rate"]
    assert "above 2/L" in check.notes[0]
