"""gdrun.sklearn: the estimators against scikit-learn's own checks, and against its optima."""

import os
import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import gdrun
from gdrun.sklearn import GDClassifier, GDRegressor

EXACT = {"variant": "bgd", "optimizer": {"name": "nesterov", "beta": 0.95}}
"""Full-batch descent, which reaches the optimum if it has enough epochs."""

MLP = {"name": "mlp", "hidden": [16], "activation": "tanh"}

ARRAY_API = "check_array_api_input"
"""The check that scikit-learn skips unless a variable is set before SciPy is imported."""

checked = parametrize_with_checks([GDClassifier(), GDRegressor()])


@pytest.mark.parametrize(
    ("estimator", "check"),
    [pair for pair in checked.args[1] if pair[1].func.__name__ != ARRAY_API],
    ids=checked.kwargs["ids"],
)
def test_a_check_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.slow
def test_the_check_that_needs_a_variable():
    code = (
        "from sklearn.utils.estimator_checks import estimator_checks_generator\n"
        "from gdrun.sklearn import GDClassifier, GDRegressor\n"
        "for estimator in (GDClassifier(), GDRegressor()):\n"
        "    for given, check in estimator_checks_generator(estimator):\n"
        f"        if check.func.__name__ == '{ARRAY_API}':\n"
        "            check(given)\n"
        "            print(type(given).__name__)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"SCIPY_ARRAY_API": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    present = [pair for pair in checked.args[1] if pair[1].func.__name__ == ARRAY_API]
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.split()) == len(present)


@pytest.mark.parametrize("l2", [0.0, 0.05])
def test_linear_regression_reaches_the_optimum(l2):
    """N (mse + l2/2 ‖w‖²) = ‖y − Xw − b‖² + (N l2/2) ‖w‖², so alpha of Ridge is N l2/2."""
    X, y = load_diabetes(return_X_y=True, scaled=False)
    ours = GDRegressor(l2=l2, lr=0.1, epochs=8000, **EXACT).fit(X, y)
    model = Ridge(alpha=len(X) * l2 / 2, solver="cholesky") if l2 else LinearRegression()
    scaler = StandardScaler().fit(X)
    theirs = model.fit(scaler.transform(X), y)
    assert_allclose(ours.coef_, theirs.coef_ / scaler.scale_, rtol=1e-5)
    origin = theirs.predict(scaler.transform(np.zeros((1, X.shape[1]))))
    assert_allclose(ours.intercept_, origin[0], rtol=1e-5)
    assert_allclose(ours.predict(X), theirs.predict(scaler.transform(X)), rtol=1e-6)
    assert ours.score(X, y) == pytest.approx(theirs.score(scaler.transform(X), y), abs=1e-9)


def test_ridge_without_standardisation():
    X, y = load_diabetes(return_X_y=True)
    X = 20 * X[:, :4]  # a scale near 1
    ours = GDRegressor(l2=0.1, lr=0.1, epochs=2000, standardize=False, **EXACT).fit(X, y)
    theirs = Ridge(alpha=len(X) * 0.1 / 2).fit(X, y)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-6)


@pytest.mark.parametrize(
    ("load", "model", "factor"),
    [(load_breast_cancer, "auto", 1), (load_breast_cancer, "softmax", 2), (load_iris, "auto", 1)],
    ids=["logistic", "softmax for two classes", "softmax"],
)
def test_logistic_regression_reaches_the_optimum(load, model, factor):
    """C N (mean loss + l2/2 ‖w‖²) = C Σ loss + ½ ‖w‖² with C = 1/(N l2).

    For two classes the columns of softmax are w/2 and −w/2, whose squared norm is ‖w‖²/2.
    """
    X, y = load(return_X_y=True)
    l2 = 0.02
    ours = GDClassifier(model, l2=factor * l2, lr=0.2, epochs=3000, **EXACT).fit(X, y)
    scaler = StandardScaler().fit(X)
    scaled = scaler.transform(X)
    theirs = LogisticRegression(C=1 / (len(X) * l2), tol=1e-10, max_iter=10000).fit(scaled, y)
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape
    assert_allclose(ours.coef_, theirs.coef_ / scaler.scale_, rtol=1e-4, atol=1e-6)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(scaled), atol=1e-6)
    # A constant that is added to all scores has no effect on softmax.
    found, expected = ours.decision_function(X), theirs.decision_function(scaled)
    if found.ndim == 2:
        found, expected = (s - s.mean(axis=1, keepdims=True) for s in (found, expected))
    assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert_array_equal(ours.predict(X), theirs.predict(scaled))


@pytest.mark.parametrize("model", ["logistic", "softmax", "svm"])
def test_scores_follow_from_the_coefficients(model):
    X, y = load_breast_cancer(return_X_y=True)
    labels = np.array(["malignant", "benign"])[y]
    found = GDClassifier(model, epochs=5).fit(X, labels)
    scores = X @ found.coef_[0] + found.intercept_[0]
    assert_allclose(found.decision_function(X), scores, rtol=1e-8, atol=1e-8)
    assert_array_equal(found.predict(X), np.where(scores > 0, "malignant", "benign"))
    assert hasattr(found, "predict_proba") == (model != "svm")


def test_a_network_has_probabilities_and_no_coefficients():
    X, y = load_iris(return_X_y=True)
    found = GDClassifier(MLP, lr=0.1).fit(X, y)
    assert found.score(X, y) > 0.95
    assert_allclose(found.predict_proba(X).sum(axis=1), 1)
    for name in ("decision_function", "coef_", "intercept_"):
        assert not hasattr(found, name)


def test_a_network_predicts_numbers_even_if_they_look_like_classes():
    X = np.linspace(-1, 1, 60)[:, None]
    y = np.round(3 * X[:, 0] ** 2)
    found = GDRegressor(MLP, optimizer="adam", lr=0.02, epochs=300).fit(X, y)
    assert found.score(X, y) > 0.9
    assert len(np.unique(found.predict(X))) > 20


def test_a_grid_search_in_a_pipeline():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(PolynomialFeatures(2, include_bias=False), GDClassifier(epochs=20))
    grid = {
        "gdclassifier__lr": np.array([1e-5, 0.1]),
        "gdclassifier__optimizer": ["adam", {"name": "momentum", "beta": 0.5}],
    }
    search = GridSearchCV(pipeline, grid, error_score="raise").fit(X, y)
    assert search.best_params_["gdclassifier__lr"] == 0.1
    assert search.best_score_ > 0.95
    assert cross_val_score(GDRegressor(), *load_diabetes(return_X_y=True)).mean() > 0.4


def test_the_example_of_the_readme():
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(from sklearn.*?)```", text, re.DOTALL)
    shown = re.findall(r"^(\S.*?)  # (.+)$", code, re.MULTILINE)
    names: dict = {}
    exec(code, names)
    for expression, value in shown:
        assert str(eval(expression, names)).startswith(value.removesuffix("..."))


def test_frames_keep_their_names():
    frame, y = load_iris(return_X_y=True, as_frame=True)
    found = GDClassifier(epochs=5).fit(frame, y)
    assert_array_equal(found.feature_names_in_, frame.columns)
    assert found.model_.feature_names == tuple(frame.columns)
    backwards = frame[frame.columns[::-1]]
    assert_array_equal(found.model_.predict(backwards), found.predict(frame))
    with pytest.raises(ValueError, match="feature names"):
        found.predict(backwards)
    mixed = pd.DataFrame({"count": [1, 2, 3, 4], "yes": [True, False, True, False]})
    assert GDRegressor().fit(mixed, [1.0, 2.0, 3.0, 4.0]).coef_.shape == (2,)


@pytest.mark.parametrize("labels", [[False, True], [10, -3], ["no", "yes"], [1.0, 2.0]])
def test_predictions_have_the_type_of_the_labels(labels):
    X, y = load_breast_cancer(return_X_y=True)
    given = np.array(labels)[y]
    found = GDClassifier(epochs=20).fit(X, given)
    assert found.predict(X).dtype == given.dtype
    assert found.score(X, given) > 0.95
    if given.dtype.kind == "U":
        as_objects = clone(found).fit(X, given.astype(object)).predict(X)
        assert_array_equal(as_objects, found.predict(X))


def test_the_seed_is_that_of_random_state():
    X, y = load_iris(return_X_y=True)

    def probabilities(random_state):
        return GDClassifier(random_state=random_state, epochs=3).fit(X, y).predict_proba(X)

    assert_array_equal(probabilities(np.int64(7)), probabilities(7))
    assert (probabilities(8) != probabilities(7)).any()
    state = np.random.RandomState(0)
    first = probabilities(state)
    assert (probabilities(state) != first).any()
    assert_array_equal(probabilities(np.random.RandomState(0)), first)
    assert probabilities(None).shape == (150, 3)


def test_validation_early_stopping_and_further_keys():
    X, y = load_iris(return_X_y=True)
    found = GDClassifier(
        validation=0.2,
        early_stopping=2,
        epochs=500,
        average="polyak",
        schedule="cosine",
        config={"stopping": {"early_stopping": {"min_delta": 0.01}, "steps": 10**6}},
    )
    with pytest.raises(gdrun.ConfigError, match="patience"):
        clone(found).set_params(early_stopping=0).fit(X, y)
    found.fit(X, y)
    assert found.run_.stop["rule"] == "early_stopping"
    assert found.n_iter_ == found.run_.summary["epochs"] < 500
    assert found.run_.directory is None
    written = GDClassifier(early_stopping={"patience": 3}, validation=30, epochs=4).fit(X, y)
    assert written.run_.config["dataset"]["split"] == {"validation": 30, "test": 0}
    assert written.run_.config["stopping"]["early_stopping"]["patience"] == 3


@pytest.mark.parametrize(
    ("parameters", "rows", "expected"),
    [({}, 30, 30), ({"validation": 0.5}, 30, 15), ({"batch_size": 8}, 30, 8), ({}, 100, 64)],
)
def test_a_batch_has_at_most_the_training_rows(parameters, rows, expected):
    X, y = load_iris(return_X_y=True)
    chosen = np.arange(rows) * (150 // rows)
    found = GDClassifier(epochs=2, **parameters).fit(X[chosen], y[chosen])
    assert found.run_.config["variant"]["batch_size"] == expected


def test_the_same_run_from_gdrun_itself():
    X, y = load_iris(return_X_y=True)
    found = GDClassifier("softmax", lr=0.05, l2=0.01, epochs=7, random_state=3).fit(X, y)
    config = {
        "dataset": {"name": "arrays", "split": {"validation": 0, "test": 0}},
        "model": {"name": "softmax", "l2": 0.01},
        "optimizer": {"name": "momentum", "lr": 0.05},
        "stopping": {"epochs": 7},
        "seed": 3,
    }
    assert_array_equal(found.model_.weights["w"], gdrun.train(config, data=(X, y)).weights["w"])
    assert_array_equal(pickle.loads(pickle.dumps(found)).predict(X), found.predict(X))


@pytest.mark.parametrize("model", ["logistic", "softmax", "svm", "mlp"])
@pytest.mark.parametrize("labels", [np.array(["no", "yes"]), np.array([0, 1]), np.array([-1.0, 1])])
def test_the_positive_class_leaves_the_order_of_scikit_learn(model, labels):
    X, y = load_breast_cancer(return_X_y=True)
    y = labels[y]
    first = str(labels[0]) if labels.dtype.kind == "U" else int(labels[0])
    config = {"dataset": {"positive": first}}
    found = GDClassifier(model, lr=0.05, epochs=20, config=config).fit(X, y)
    assert found.model_.classes.tolist() == [labels[1], first]
    # scikit-learn's scorers take classes_[1] for the positive class, so the order must stay.
    assert_array_equal(found.classes_, labels)
    assert found.score(X, y) > 0.95
    assert_array_equal(found.predict(X), found.model_.predict(X).astype(labels.dtype))
    if model != "svm":
        assert roc_auc_score(y, found.predict_proba(X)[:, 1]) > 0.98
    if model != "mlp":
        scores = found.decision_function(X)
        assert roc_auc_score(y, scores) > 0.98
        assert_allclose(X @ found.coef_[0] + found.intercept_[0], scores, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (GDClassifier("linear"), "model.name: GDClassifier has no model 'linear'"),
        (GDRegressor("softmax"), "model.name: GDRegressor has no model 'softmax'"),
        (GDClassifier(optimizer="momentun"), "did you mean momentum"),
        (GDClassifier(batch_size="many"), "batch_size"),
        (GDClassifier(validation="half"), "validation"),
        (GDClassifier(config={"epochs": 3}), "unknown key 'epochs'"),
        (GDClassifier("logistic"), "logistic needs 2 classes"),
        (GDClassifier({"name": "mlp", "loss": "mse"}), "GDClassifier has no loss 'mse'"),
        (GDRegressor("mlp", config={"model": {"loss": "cross_entropy"}}), "has no loss 'cross_ent"),
        (GDRegressor(config={"model": "softmax"}), "GDRegressor has no model 'softmax'"),
        (GDClassifier(early_stopping=True), "validation"),
        (GDClassifier(epochs=None), "the run never ends\nhint: set a budget, such as epochs=100"),
        (GDClassifier(epochs=None, schedule="cosine"), "cosine needs the number of epochs"),
    ],
    ids=str,
)
def test_parameters_that_cannot_be_used(estimator, message):
    with pytest.raises(gdrun.GdrunError, match=message):
        estimator.fit(*load_iris(return_X_y=True))


def test_a_run_that_diverges():
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(gdrun.RecordError, match="diverged"):
        GDRegressor(lr=1e308).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="smaller lr"):
        GDRegressor(lr=1.0).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = GridSearchCV(GDRegressor(), {"lr": [0.01, 1e6]}).fit(X, y)
    assert search.best_params_ == {"lr": 0.01}


def test_without_scikit_learn_the_error_names_the_extra():
    code = (
        "import sys\n"
        "import gdrun\n"
        "gdrun.train\n"
        "assert 'sklearn' not in sys.modules\n"
        "sys.modules['sklearn'] = None\n"
        "try:\n"
        "    import gdrun.sklearn\n"
        "except gdrun.GdrunError as error:\n"
        "    print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == (
        "error: gdrun.sklearn needs scikit-learn 1.6 or newer\n"
        'hint: python -m pip install "gdrun[sklearn]"\n'
    )
