"""`standardize: {target: true}`: training on the standardised target, results in its own unit."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

import gdrun
from gdrun.data import TargetScale
from gdrun.errors import ConfigError, DataError
from gdrun.views.quality import target_advice

BOTH = {"features": True, "target": True}


def houses(rows=120, seed=0):
    """Two features and a target of the size of house prices, which is nearly linear in them."""
    rng = np.random.default_rng(seed)
    X = rng.normal([80, 3], [25, 1], (rows, 2))
    return X, 250_000 + 3_000 * X[:, 0] - 9_000 * X[:, 1] + rng.normal(0, 20_000, rows)


def config(**changes):
    return {
        "dataset": {"name": "arrays", "split": {"validation": 0, "test": 0}, "standardize": BOTH},
        "model": "linear",
        "variant": "bgd",
        "optimizer": {"name": "vanilla", "lr": 0.4},
        "stopping": {"epochs": 200},
    } | changes


def test_the_target_scale_is_the_mean_and_population_deviation():
    # mean (1 + 3) / 2 = 2, deviation sqrt((1 + 1) / 2) = 1; 5 is 3 deviations above the mean.
    scale = TargetScale(2.0, 1.0)
    assert scale.standardised(np.array([1, 3, 5])).tolist() == [-1, 1, 3]
    assert scale.original(np.array([-1.0, 1, 3])).tolist() == [1, 3, 5]


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_a_linear_model_reaches_least_squares_in_the_unit_of_the_target(engine, tmp_path):
    X, y = houses()
    run = gdrun.train(config(engine=engine), data=(X, y), out=tmp_path)
    best = LinearRegression().fit(X, y)
    predicted = best.predict(X)
    found = run.summary["metrics"]["train"]
    assert found["rmse"] == pytest.approx(mean_squared_error(y, predicted) ** 0.5, rel=1e-9)
    assert found["mae"] == pytest.approx(mean_absolute_error(y, predicted), rel=1e-6)
    assert found["r2"] == pytest.approx(r2_score(y, predicted), rel=1e-9)
    # mse of the standardised target: the residual variance divided by the target's variance.
    assert run.summary["train_loss"] == pytest.approx(1 - r2_score(y, predicted), rel=1e-9)
    assert run.summary["baseline"]["prediction"] == pytest.approx(y.mean(), rel=1e-12)
    assert run.summary["baseline"]["loss"]["train"] == pytest.approx(1, rel=1e-12)
    assert run.summary["baseline"]["metrics"]["train"]["rmse"] == pytest.approx(y.std(), rel=1e-12)
    # The weights on disk predict the same.
    model = gdrun.load_model(run.directory)
    np.testing.assert_allclose(model.predict(X), predicted, rtol=1e-6)


def test_evaluate_measures_in_the_unit_of_the_target(tmp_path):
    X, y = houses()
    file = tmp_path / "houses.csv"
    rows = (f"{a!r},{b!r},{c!r}\n" for (a, b), c in zip(X.tolist(), y.tolist(), strict=True))
    file.write_text("size,rooms,price\n" + "".join(rows))
    data = {"path": str(file), "split": {"validation": 0, "test": 0}, "standardize": BOTH}
    run = gdrun.train(config(dataset=data), out=tmp_path)
    found = gdrun.load_model(run.directory).evaluate(file)
    predicted = LinearRegression().fit(X, y).predict(X)
    assert found.metrics["loss"] == pytest.approx(1 - r2_score(y, predicted), rel=1e-9)
    assert found.metrics["rmse"] == pytest.approx(mean_squared_error(y, predicted) ** 0.5, rel=1e-9)


def test_coefficients_are_those_of_least_squares_in_original_units():
    from gdrun.runs.coefficients import coefficients

    X, y = houses()
    (found,) = coefficients(gdrun.train(config(), data=(X, y)).model)
    best = LinearRegression().fit(X, y)
    np.testing.assert_allclose(found.original, best.coef_, rtol=1e-6)
    assert found.original_intercept == pytest.approx(best.intercept_, rel=1e-6)


def test_statistics_of_the_target_come_from_the_training_rows_alone():
    X, y = houses()
    data = {"name": "arrays", "split": {"validation": 20, "test": 20}, "standardize": BOTH}
    run = gdrun.train(config(dataset=data), data=(X, y))
    scale = run.model.description.target_scale
    prepared_mean = run.summary["baseline"]["prediction"]
    assert scale.mean == pytest.approx(prepared_mean, rel=1e-12)
    assert abs(scale.mean - y.mean()) > 1


@pytest.mark.longer
def test_a_network_learns_prices_only_with_a_standardised_target():
    X, y = houses()
    network = {"name": "mlp", "hidden": [8]}
    options = {"model": network, "optimizer": {"name": "adam", "lr": 0.05}}
    scaled = gdrun.train(config(**options), data=(X, y))
    raw = config(**options)
    raw["dataset"] = raw["dataset"] | {"standardize": True}
    unscaled = gdrun.train(raw, data=(X, y))
    assert scaled.summary["metrics"]["train"]["r2"] > 0.9
    assert unscaled.summary["metrics"]["train"]["r2"] < 0


def test_a_constant_target_is_only_centred():
    X, _ = houses()
    run = gdrun.train(config(), data=(X, np.full(len(X), 7.0)))
    assert run.summary["train_loss"] == 0
    assert run.model.predict(X).tolist() == [7.0] * len(X)


def test_early_stopping_on_a_metric_uses_the_unit_of_the_target():
    X, y = houses()
    data = {"name": "arrays", "split": {"validation": 30, "test": 0}, "standardize": BOTH}
    stopping = {"epochs": 30, "early_stopping": {"metric": "mae", "patience": 30}}
    run = gdrun.train(config(dataset=data, stopping=stopping), data=(X, y))
    assert run.evals["validation_mae"].min() > 10_000


def test_the_estimator_predicts_in_the_unit_of_y():
    from gdrun.sklearn import GDRegressor

    X, y = houses()
    # The l2 of gdrun on the standardised target: mse + (l2/2)‖w‖² has Ridge's alpha = N·l2/2.
    ours = GDRegressor(
        l2=0.2, lr=0.3, epochs=400, batch_size=len(X), standardize=BOTH, config={"variant": "bgd"}
    ).fit(X, y)
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    ridge = Ridge(alpha=len(X) * 0.2 / 2).fit((X - mean) / deviation, y)
    np.testing.assert_allclose(ours.predict(X), ridge.predict((X - mean) / deviation), rtol=1e-6)
    np.testing.assert_allclose(ours.coef_, ridge.coef_ / deviation, rtol=1e-6)


def test_classes_have_no_scale():
    with pytest.raises(DataError) as caught:
        gdrun.train({"dataset": {"name": "iris", "standardize": BOTH}, "model": "softmax"})
    assert "dataset.standardize.target: must be false" in str(caught.value)


def test_the_short_and_the_long_form_are_the_same_experiment():
    from gdrun.config.loading import load

    iris = {"dataset": "iris", "model": "softmax"}
    for text, value in (
        ("{features: true, target: false}", True),
        ("{features: false}", False),
        ("{target: true}", {"features": True, "target": True}),
    ):
        plain = load(iris, [f"standardize={text}"]).plain()
        assert plain["dataset"]["standardize"] == value
    plain = load(iris, ["standardize=false", "standardize.target=true"]).plain()
    assert plain["dataset"]["standardize"] == {"features": False, "target": True}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("standardize.targets=true", "unknown key 'standardize.targets'"),
        ("standardize.target=3", "must be true or false"),
        ("standardize={label: true}", "label"),
        ("standardize=yes", "must be true or false"),
    ],
)
def test_wrong_values_are_named(text, message):
    from gdrun.config.loading import load

    with pytest.raises(ConfigError) as caught:
        load({"dataset": "diabetes", "model": "linear"}, [text])
    assert message in str(caught.value)


@pytest.mark.parametrize("optimizer", ["vanilla", "momentum", "nesterov"])
def test_no_advice_to_standardise_a_target_that_does_not_limit_the_rate(optimizer):
    X, y = houses()
    raw = config(optimizer={"name": optimizer, "lr": 10.0})
    raw["dataset"] = raw["dataset"] | {"standardize": True}
    run = gdrun.train(raw, data=(X, y))
    # A standardised target does not help: the same rate diverges, too.
    scaled = gdrun.train(config(optimizer={"name": optimizer, "lr": 10.0}), data=(X, y))
    assert (run.status, scaled.status) == ("diverged", "diverged")
    (advice,) = target_advice(run)
    assert "use a smaller one" in advice and "standardize" not in advice


def test_advice_to_standardise_the_target_where_it_helps():
    X, y = houses()
    raw = config(optimizer={"name": "adam", "lr": 0.05})
    raw["dataset"] = raw["dataset"] | {"standardize": True}
    run = gdrun.train(raw, data=(X, y))
    scaled = gdrun.train(config(optimizer={"name": "adam", "lr": 0.05}), data=(X, y))
    assert run.summary["metrics"]["train"]["r2"] < 0 < scaled.summary["metrics"]["train"]["r2"]
    (advice,) = target_advice(run)
    assert "dataset.standardize.target=true" in advice
