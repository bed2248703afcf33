"""A surface in place of dataset and model."""

import math

import numpy as np
import pytest

from gdrun.config.loading import load
from gdrun.config.resolving import resolve
from gdrun.errors import ConfigError
from gdrun.problems.surfaces import SURFACES


def refused(data):
    with pytest.raises(ConfigError) as caught:
        resolve(data)
    return [(problem.where, problem.what) for problem in caught.value.problems]


def test_a_surface_is_the_whole_problem():
    experiment = resolve({"surface": "bowl", "variant": "bgd"})
    plain = experiment.plain()
    assert plain["surface"]["condition"] == 10.0
    assert "dataset" not in plain
    assert "model" not in plain
    assert experiment.name == "bowl"
    assert resolve(plain).plain() == plain


def test_a_walk_says_where_it_begins_and_keeps_every_place():
    """The resolved config contains the default start and log, so that it repeats the run."""
    plain = resolve({"surface": "rosenbrock"}).plain()
    # Rosenbrock's own start, from his paper.
    assert plain["surface"]["start"] == [-1.2, 1.0]
    assert plain["log"] == {"points": 10_000}
    told = {"surface": {"name": "rosenbrock", "start": [0.0, 2.0]}, "log": {"points": 50}}
    plain = resolve(told).plain()
    assert plain["surface"]["start"] == [0.0, 2.0]
    assert plain["log"] == {"points": 50}
    assert resolve({"dataset": "iris", "model": "softmax"}).plain()["log"] == {"points": 1000}


def test_dataset_and_model_have_no_place_beside_it():
    data = {"surface": "bowl", "dataset": "iris", "model": "softmax"}
    what = "a surface replaces dataset and model"
    assert refused(data) == [("config dataset", what), ("config model", what)]


@pytest.mark.parametrize("start", [[], [1.0], [1.0, 2.0, 3.0]])
def test_a_start_is_two_numbers(start):
    what = f"must have two numbers, one for each weight, got {list(map(float, start))}"
    refusal = refused({"surface": {"name": "bowl", "start": start}})
    assert refusal == [("config surface.start", what)]


def test_it_takes_the_place_of_a_problem_that_is_overridden():
    assert load(None, ["surface=saddle", "surface.start=[0.5, 0.1]", "lr=0.2"]).plain()["surface"][
        "start"
    ] == [0.5, 0.1]


def test_rules_that_need_a_validation_part_or_accuracy_are_refused():
    data = {"surface": "bowl", "stopping": {"early_stopping": {}, "target_accuracy": 0.9}}
    assert [where for where, _ in refused(data)] == [
        "config stopping.early_stopping",
        "config stopping.target_accuracy",
    ]


def rate_of(*overrides):
    return load(None, overrides).optimizer["lr"]


@pytest.mark.parametrize("name", SURFACES)
def test_a_surface_alone_is_walked_down_from_its_start(name):
    """The path of momentum as Polyak writes it, with the rate that the experiment has."""
    experiment = load(None, [f"surface={name}"])
    lr, beta = experiment.optimizer["lr"], experiment.optimizer["beta"]
    surface = SURFACES[name]
    w, v = np.array(surface.start), np.zeros(2)
    first = surface.function(*w)[0]
    for step in range(60):  # 30 epochs of two batches, with half a cosine as schedule
        v = beta * v + np.array(surface.function(*w)[1:])
        w = w - lr * (1 + math.cos(math.pi * (step // 2) / 30)) / 2 * v
    lowest = min(surface.function(*minimum)[0] for minimum in surface.minima)
    # Nine tenths of the fall, from 24.2 to below 2.42 on Rosenbrock's function.
    assert surface.function(*w)[0] - lowest < 0.1 * (first - lowest)


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("chosen", ["vanilla", "gd", "nesterov", "{name: nesterov, beta: 0.5}"])
def test_gradient_descent_with_its_default_rate_descends_from_the_start(name, chosen):
    """Without momentum and with Nesterov's, as the textbooks write the updates."""
    optimizer = load(None, [f"surface={name}", f"optimizer={chosen}"]).optimizer
    surface, beta = SURFACES[name], optimizer.options.get("beta", 0.0)
    w, v = np.array(surface.start), np.zeros(2)
    first = surface.function(*w)[0]
    for _ in range(60):
        g = np.array(surface.function(*w)[1:])
        v = beta * v + g
        w = w - optimizer["lr"] * (g + beta * v)
    lowest = min(surface.function(*minimum)[0] for minimum in surface.minima)
    assert surface.function(*w)[0] - lowest < 0.5 * (first - lowest)


def test_the_rate_of_a_surface_follows_its_options():
    # Heavy ball is stable below 2(1 + beta)/L; the largest curvature L is the condition number.
    assert rate_of("surface={name: bowl, condition: 1000}") < 2 * 1.9 / 1000
    assert rate_of("surface=bowl", "condition=1000") < 2 * 1.9 / 1000
    # The curvature of the plateau is proportional to 1/width².
    ratio = rate_of("surface=plateau", "width=3") / rate_of("surface=plateau")
    assert ratio == pytest.approx(9)


@pytest.mark.parametrize(
    ("overrides", "rate"),
    [
        (["lr=0.5"], 0.5),
        (["optimizer.lr=0.5", "beta=0.5"], 0.5),
        (["optimizer=adam"], 0.001),  # the default of Kingma & Ba
        (["optimizer={name: vanilla, lr: 0.3}"], 0.3),
    ],
)
def test_a_rate_or_a_rule_with_steps_of_another_size_stays(overrides, rate):
    assert rate_of("surface=rosenbrock", *overrides) == rate


def test_a_rate_of_a_config_stays():
    data = {"surface": "rosenbrock", "optimizer": {"name": "momentum", "lr": 0.1}}
    assert load(data).optimizer["lr"] == 0.1
    assert load(data, ["surface=beale"]).optimizer["lr"] == 0.1


def test_without_noise_a_step_is_an_epoch():
    """All batches of a surface without noise have its gradient, so that one step is one epoch."""
    assert resolve({"surface": "bowl"}).plain()["variant"] == {"name": "bgd"}
    assert load(None, ["surface=bowl"]).plain()["variant"] == {"name": "bgd"}
    assert load(None, ["surface=bowl", "noise=0"]).variant.name == "bgd"
    # 30 epochs and batches of 64 are for the quickstart's digits; a config has 100 epochs.
    assert load(None, ["surface=bowl"]).stopping.epochs == 100
    assert load(None, ["surface=bowl", "epochs=7"]).stopping.epochs == 7


@pytest.mark.parametrize(
    ("words", "size"),
    [
        (["noise=0.5"], 64),
        (["variant=mbgd"], 64),
        (["batch_size=10"], 10),
        (["sampling=replacement"], 64),
    ],
)
@pytest.mark.parametrize("source", [None, {"surface": "bowl"}])
def test_batches_stay_where_they_are_named_or_differ(source, words, size):
    variant = load(source, ["surface=bowl", *words]).variant
    assert (variant.name, variant["batch_size"]) == ("mbgd", size)


@pytest.mark.parametrize("width", ["1e-200", "1e200"])
def test_an_extreme_surface_has_the_rate_of_the_quickstart(width):
    assert rate_of("surface=plateau", f"width={width}") == 0.1
