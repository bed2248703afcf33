"""A new loss, activation and init with options: one function each is enough for all of gdrun.

They are registered here as a user would register them, and nothing else is written for them.
"""

import math

import jsonschema
import numpy as np
import pytest
from compiled_cases import AS_GIVEN, both, engine_of, lanes_of, network_cohort
from numpy import absolute, exp, maximum, minimum, sign, where

import gdrun
from gdrun.config.catalogue import KINDS, find
from gdrun.config.loading import load
from gdrun.config.overrides import parse_override
from gdrun.config.resolving import resolve
from gdrun.config.schema import schema
from gdrun.data import table_from_arrays
from gdrun.engine import build
from gdrun.engine.batches import Batches
from gdrun.engine.compiled.networks import NetworkStepper
from gdrun.engine.numpy_stepper import NumpyStepper
from gdrun.engine.plan import Place
from gdrun.engine.state import State
from gdrun.errors import ConfigError
from gdrun.insight.gradient_check import check_gradient
from gdrun.methods.definitions import Level, Positive
from gdrun.problems.activations import ACTIVATIONS, activation
from gdrun.problems.inits import INITS, init
from gdrun.problems.losses import LOSSES, loss
from gdrun.runs.experiment_data import experiment_data

TAU = 0.9


def quantile(s, y, tau: Level = 0.25):
    """The pinball loss of a quantile.

    ℓ = max(τ r, (τ − 1) r),  r = y − s
    """
    residual = y - s
    value = maximum(tau * residual, (tau - 1) * residual)
    side = sign(residual)
    return value, -tau * maximum(side, 0) - (1 - tau) * minimum(side, 0)


def swish(z, sharpness: Positive = 1.5):
    """Swish with a sharpness.

    φ = z σ(β z),  φ' = σ(β z) (1 + β z (1 − σ(β z)))
    """
    small = exp(-absolute(sharpness * z))
    share = where(z > 0, 1, small) / (1 + small)
    return z * share, share * (1 + sharpness * z * (1 - share))


def box(draw, inputs, outputs, radius: Positive = 0.05):
    """U(−r, r), where r is the radius."""
    return draw.uniform(-radius, radius, (outputs, inputs))


@pytest.fixture(autouse=True)
def registered():
    """The three in their registries, for the time of a test."""
    registries = (LOSSES, ACTIVATIONS, INITS)
    before = [dict(registry) for registry in registries]
    loss(targets="number")(quantile)
    activation(init="box")(swish)
    init()(box)
    yield
    for registry, old in zip(registries, before, strict=True):
        registry.clear()
        registry.update(old)


def data(**model):
    return {"dataset": AS_GIVEN, "engine": "numpy", "model": model}


def table(rows=70):
    draw = np.random.default_rng(1)
    X = draw.normal(size=(rows, 3))
    return table_from_arrays(X, X @ [1.0, -2.0, 0.5] + draw.normal(size=rows))


LINEAR = data(name="linear", loss="quantile", tau=TAU)
MLP = data(name="mlp", hidden=[6, 4], loss="quantile", tau=TAU, activation="swish", sharpness=0.8)


# --- in a config ---


def test_each_brings_its_options_with_its_name():
    assert resolve(LINEAR).model["tau"] == TAU
    model = resolve(data(name="linear", loss="quantile")).plain()["model"]
    assert model == {
        "name": "linear", "l2": 0.0, "init": "zeros", "loss": "quantile", "tau": 0.25, "bias": True,
    }  # fmt: skip
    assert "tau" not in resolve(data(name="linear")).model.options


def test_the_init_that_fits_an_activation_brings_its_options_too():
    model = resolve(data(name="mlp", activation="swish", radius=0.3)).model
    assert (model["init"], model["radius"], model["sharpness"]) == ("box", 0.3, 1.5)
    again = resolve(resolve(MLP).plain())
    assert again.plain() == resolve(MLP).plain()


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (
            {"name": "linear", "loss": "quantile", "tau": 2},
            "model.tau: must be < 1, got 2\n"
            "hint: `gdrun list quantile` shows the options of quantile and their values",
        ),
        (
            {"name": "linear", "tau": 0.5001},
            "model.tau: linear has no option 'tau' here\n"
            "hint: tau is an option of loss pinball or loss quantile, "
            "which is not chosen here",
        ),
        ({"name": "linear", "loss": "quantil"}, "did you mean quantile?"),
        ({"name": "linear", "loss": "hinge"}, "must be one of mse, mae, huber, pinball, quantile"),
        ({"name": "svm", "loss": "quantile"}, "must be one of hinge, squared_hinge"),
        ({"name": "mlp", "activation": "swish", "sharpness": 0}, "model.sharpness: must be > 0"),
    ],
)
def test_what_is_wrong_is_said(model, told):
    with pytest.raises(ConfigError) as caught:
        resolve(data(**model))
    assert told in str(caught.value)


def test_a_misspelt_name_is_all_that_is_wrong():
    """Its options are not reported as errors: they may be right for the intended loss."""
    with pytest.raises(ConfigError) as caught:
        resolve(data(name="linear", loss="quantil", tau=0.5))
    assert [problem.where for problem in caught.value.problems] == ["config model.loss"]


def test_configurations_that_list_defaults_of_other_losses_still_read():
    old = data(name="linear", loss="mse", delta=1.0, init="zeros", init_std=0.01)
    assert resolve(old).model.options == resolve(data(name="linear")).model.options
    assert resolve(data(name="mlp", loss="auto", delta=1.0)).model["loss"] == "auto"


def test_two_options_of_one_name_are_refused():
    @loss(targets="number")
    def biased(s, y, bias: Positive = 1.0):
        return bias * (s - y) ** 2, 2 * bias * (s - y)

    with pytest.raises(ConfigError, match="linear and loss biased both have an option 'bias'"):
        resolve(data(name="linear", loss="biased"))


@pytest.mark.parametrize("order", [1, -1])
def test_overrides_know_the_options_in_any_order(order):
    words = ["tau=0.4", "loss=quantile", "init=box", "radius=0.2"][::order]
    chosen = load({"dataset": "diabetes", "model": "linear"}, map(parse_override, words))
    assert (chosen.model["tau"], chosen.model["radius"]) == (0.4, 0.2)
    with pytest.raises(
        ConfigError, match="delta is an option of loss huber, which this experiment does not use"
    ):
        load({"dataset": "diabetes", "model": "linear"}, [parse_override("delta=2")])


def test_a_sweep_goes_over_an_option_of_a_loss():
    found = gdrun.sweep(LINEAR | {"stopping": {"steps": 2}}, {"tau": [0.2, 0.8]}, data=arrays())
    assert len(found.standings) == 2


def test_another_loss_leaves_the_options_of_the_former_behind():
    chosen = load(LINEAR, [parse_override("loss=huber")])
    assert (chosen.model["loss"], chosen.model["delta"]) == ("huber", 1.0)
    assert "tau" not in chosen.model.options
    found = gdrun.sweep(LINEAR | {"stopping": {"steps": 2}}, ["loss"], data=arrays())
    assert len(found.standings) == 5


def arrays():
    rows = table()
    return rows.X, rows.y


# --- in the schema and the pages ---


@pytest.mark.longer
@pytest.mark.parametrize(
    ("model", "valid"),
    [
        ({"name": "linear", "loss": "quantile"}, True),
        ({"name": "linear", "loss": "quantile", "tau": 0.9}, True),
        ({"name": "linear", "loss": "quantile", "tau": 1.0}, False),
        ({"name": "linear", "loss": "quantile", "delta": 2.0}, False),
        ({"name": "linear", "loss": "mse", "tau": 0.9}, False),
        ({"name": "linear", "tau": 0.9}, False),
        ({"name": "linear", "loss": "huber", "delta": 2.0}, True),
        ({"name": "linear", "loss": "mse", "delta": 1.0}, True),
        ({"name": "svm", "loss": "quantile"}, False),
        ({"name": "mlp", "activation": "swish", "sharpness": 2, "init": "box", "radius": 1}, True),
        ({"name": "mlp", "activation": "swish", "sharpness": -2}, False),
        ({"name": "mlp", "activation": "tanh", "sharpness": 2}, False),
    ],
)
def test_the_schema_takes_what_gdrun_takes(model, valid):
    given = {"dataset": "diabetes", "model": model}
    validator = jsonschema.Draft202012Validator(schema())
    assert (list(validator.iter_errors(given)) == []) == valid
    if valid:
        assert list(validator.iter_errors(load(given).plain())) == []
    else:
        with pytest.raises(ConfigError):
            load(given)


def test_each_has_its_page_with_its_options_and_a_usage_that_is_valid():
    for name, option in (("quantile", "tau"), ("swish", "sharpness"), ("box", "radius")):
        ((_, entry),) = find(name)
        assert option in entry.options
        assert f"{option}: " in entry.usage
    choices = KINDS["models"].entries["linear"].options["loss"].annotation
    assert "quantile" in str(choices)
    assert "box" in str(KINDS["models"].shared["init"].annotation)


# --- in training ---


@pytest.mark.longer
@pytest.mark.parametrize("name", ["quantile", "pinball"])
def test_the_minimiser_for_a_constant_is_the_quantile(name):
    """Without features only b is left: the τ-quantile of y, here between two of its values.

    Of y = 1 … 20 and τ = 0.9, Σ ℓ is flat from 18 to 19, where 18 values lie below and 2 above:
    its slope there is 18 · 0.1 − 2 · 0.9 = 0.
    """
    y = np.arange(1.0, 21.0)
    run = gdrun.train(
        data(name="linear", loss=name, tau=TAU)
        | {
            "variant": "bgd",
            "optimizer": {"name": "vanilla", "lr": 5.0},
            "schedule": {"name": "exponential", "decay": 0.02},
            "stopping": {"epochs": 600},
        },
        data=(np.zeros((20, 1)), y),
    )
    assert 18 - 1e-3 <= run.weights["b"] <= 19 + 1e-3


def test_each_step_is_that_of_a_slow_loop():
    X, y = arrays()
    run = gdrun.train(
        LINEAR | {"variant": "bgd", "optimizer": {"name": "vanilla", "lr": 0.1},
                  "stopping": {"steps": 7}},
        data=(X, y),
    )  # fmt: skip
    w, b = [0.0] * 3, 0.0
    for _ in range(7):
        slopes = []
        for row, target in zip(X.tolist(), y.tolist(), strict=True):
            s = sum(x * v for x, v in zip(row, w, strict=True)) + b
            slopes.append(-TAU if target > s else 1 - TAU)
        w = [
            v - 0.1 * math.fsum(s * x for s, x in zip(slopes, X[:, j], strict=True)) / len(y)
            for j, v in enumerate(w)
        ]
        b -= 0.1 * math.fsum(slopes) / len(y)
    assert run.weights["w"] == pytest.approx(w, rel=1e-12)
    assert float(run.weights["b"]) == pytest.approx(b, rel=1e-12)


@pytest.mark.parametrize("config", [LINEAR, MLP], ids=["linear", "mlp"])
def test_the_gradient_is_right(config):
    found = check_gradient(resolve(config), table())
    assert found.passed
    assert found.checkable


def test_the_init_draws_within_its_radius():
    chosen = resolve(data(name="linear", init="box", radius=3.0))
    cohort = build.cohort_of([chosen], experiment_data(chosen, table()))
    w = cohort.initial_weights()[0, :3]
    assert 0.05 < np.abs(w).max() < 3.0


def test_the_gain_follows_the_options():
    """1/√E[φ(z)²]: at a large sharpness swish is ReLU, whose gain is √2."""
    sharp = ACTIVATIONS["swish"].with_options({"sharpness": 1e6})
    assert sharp.gain == pytest.approx(math.sqrt(2), rel=1e-6)
    assert sharp.gain < ACTIVATIONS["swish"].gain


# --- in the compiled engine ---


def agree(chunks):
    for numpy, compiled in zip(*chunks, strict=True):
        for name in ("batch_loss", "grad_norm", "update_norm", "weight_norm", "W"):
            expected, got = getattr(numpy, name), getattr(compiled, name)
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def test_the_compiled_steps_of_a_linear_model_agree():
    base = LINEAR | {
        "variant": {"name": "mbgd", "batch_size": 8},
        "optimizer": {"name": "momentum", "lr": 0.01},
        "stopping": {"steps": 50},
    }
    lanes = [resolve(base | {"seed": seed}) for seed in (0, 1)]
    agree(both(build.cohort_of(lanes, experiment_data(lanes[0], table())), 50))


def test_the_compiled_steps_of_a_network_agree():
    cohort = network_cohort(model=MLP["model"])
    found = []
    for make in (NumpyStepper, NetworkStepper):
        lanes, state = lanes_of(cohort), State.start(cohort)
        stepper = make(lanes, Batches(cohort), np.full(1, np.inf))
        W, slots, chunks = state.W, state.slots, []
        for epoch in range(4):
            count = cohort.batching.steps_per_epoch
            rates = np.broadcast_to(lanes.numbers.lr, (count, 1))
            measures = stepper.advance(W, slots, epoch * count, Place(epoch, 0), rates)
            W, slots = measures.W, measures.slots
            chunks.append(measures)
        found.append(chunks)
    agree(found)


def test_the_compiled_evaluations_of_a_network_agree():
    cohort = network_cohort(model=MLP["model"])
    plain = lanes_of(cohort).objective
    found, expected = (
        each.loss_and_accuracy(cohort.initial_weights(), cohort.train.X, cohort.train.y)
        for each in (engine_of(cohort).objective(plain), plain)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_an_option_that_is_no_number_leaves_the_loss_to_numpy():
    @loss(targets="number")
    def shaped(s, y, shape: str = "square"):
        return (s - y) ** 2, 2 * (s - y)

    changes = {"engine": "compiled", "stopping": {"steps": 3}}
    with pytest.raises(ConfigError, match="shaped has an option that is not a number"):
        gdrun.train(data(name="linear", loss="shaped") | changes, data=arrays())
    auto = gdrun.train(
        data(name="linear", loss="shaped") | changes | {"engine": "auto"}, data=arrays()
    )
    assert auto.summary["steps"] == 3
