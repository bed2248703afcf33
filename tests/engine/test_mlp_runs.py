"""Networks in the training loop: lanes, running statistics, dropout, precision, the same bits."""

import copy
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from gdrun.config.resolving import resolve
from gdrun.data import load_table, prepare
from gdrun.engine.batches import Batches
from gdrun.engine.build import build, cohort_of
from gdrun.engine.cohort import Lanes
from gdrun.engine.numpy_stepper import NumpyStepper
from gdrun.engine.plan import Place
from gdrun.engine.state import State
from gdrun.engine.trainer import Trainer
from gdrun.errors import ConfigError
from gdrun.methods.rules import OPTIMIZERS
from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.losses import LOSSES
from gdrun.runs.experiment_data import experiment_data

BASE = {
    "dataset": "iris",
    "model": {
        "name": "mlp",
        "hidden": [8, 6],
        "batch_norm": True,
        "residual": True,
        "dropout": 0.2,
    },
    "variant": {"name": "mbgd", "batch_size": 30},
    "optimizer": {"name": "adam", "lr": 0.01},
    "stopping": {"epochs": 4},
    "log": {"points": "all"},
}
VARIANTS = [
    {"name": "mbgd", "batch_size": 30},
    {"name": "mbgd", "batch_size": 32, "drop_last": True},
    {"name": "mbgd", "batch_size": 30, "sampling": "sequential"},
    {"name": "bgd"},
]


def experiment(**changes):
    """BASE with sections changed: model__dropout=0.5 is model.dropout."""
    data = copy.deepcopy(BASE)
    for key, value in changes.items():
        section, _, option = key.partition("__")
        if option:
            data[section][option] = value
        else:
            data[section] = value
    return resolve(data)


def outcomes(*experiments):
    return Trainer(*build(experiments, experiment_data(experiments[0]))).run()


@pytest.mark.longer
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize("seeds", [(0, 0, 1, 1), (0, 0, 1, 2), (5, 5, 5)], ids=str)
def test_a_lane_of_many_is_the_run_alone(variant, seeds):
    lanes = [
        experiment(
            variant=variant,
            seed=seed,
            model__dropout=0.15 * k,
            model__l2=0.01 * k,
            optimizer__lr=0.01 * (k + 1),
        )
        for k, seed in enumerate(seeds)
    ]
    for together, alone in zip(
        outcomes(*lanes), [outcomes(lane)[0] for lane in lanes], strict=True
    ):
        for name in ("weights", "running_stats", "best_weights", "best_running_stats"):
            expected = getattr(alone, name)
            np.testing.assert_allclose(getattr(together, name), expected, rtol=1e-9, atol=1e-11)
        for name in ("batch_loss", "grad_norm", "update_norm"):
            np.testing.assert_allclose(together.steps[name], alone.steps[name], rtol=1e-9)
        assert together.test_loss == pytest.approx(alone.test_loss, rel=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_experiment_twice_gives_the_same_bits(dtype):
    first, second = (outcomes(experiment(dtype=dtype))[0] for _ in range(2))
    for name in ("weights", "running_stats", "best_weights"):
        assert getattr(first, name).dtype == np.dtype(dtype)
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.evaluations.keys() == second.evaluations.keys()
    for name in first.evaluations.keys() - {"seconds"}:
        np.testing.assert_array_equal(first.evaluations[name], second.evaluations[name])


@pytest.mark.longer
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_no_number_of_a_single_step_is_double(optimizer, activation, monkeypatch):
    """Checked for the inputs and outputs of every equation: rule, activation and loss."""
    seen = []

    def watched(registry, name):
        known = registry[name]

        def function(*given, **options):
            found = known.function(*given, **options)
            results = found if isinstance(found, tuple) else (found,)
            seen.extend(np.asarray(array).dtype for array in (*given, *results) if np.ndim(array))
            return found

        spy = replace(known, function=function)
        if registry is ACTIVATIONS:
            vars(spy)["steepest"] = known.steepest  # measured in double precision, by itself
        monkeypatch.setitem(registry, name, spy)

    for registry, name in (
        (ACTIVATIONS, activation),
        (LOSSES, "cross_entropy"),
        (OPTIMIZERS, optimizer),
    ):
        watched(registry, name)
    lanes = [
        experiment(
            dtype="float32",
            engine="numpy",
            optimizer={"name": optimizer, "average": "ema"},
            schedule={"name": "cosine", "warmup": 1},
            model__activation=activation,
            model__dropout=rate,
            model__l2=rate / 10,
            clip={"norm": 0.5 + rate},
            evaluate={"every": 10},
            seed=seed,
        )
        for seed, rate in enumerate((0.1, 0.4))
    ]
    outcomes(*lanes)
    assert len(seen) > 100
    assert {dtype for dtype in seen if dtype.kind == "f"} == {np.dtype(np.float32)}


def stepper_of(cohort):
    lanes = Lanes.all_of(cohort)
    return NumpyStepper(lanes, Batches(cohort), np.full(cohort.lanes, np.inf))


@pytest.mark.parametrize("cuts", [(0, 4), (0, 1, 2, 3, 4), (0, 3, 4)])
def test_steps_do_not_depend_on_how_they_are_cut_into_chunks(cuts):
    cohort = cohort_of([experiment()], experiment_data(experiment()))
    state, stepper = State.start(cohort), stepper_of(cohort)
    W, slots, running_stats = state.W, state.slots, state.running_stats
    for start, end in pairwise(cuts):
        rates = np.full((end - start, 1), 0.01)
        found = stepper.advance(W, slots, start, Place(0, start), rates, None, running_stats)
        W, slots, running_stats = found.W, found.slots, found.running_stats
    whole = stepper.advance(
        state.W, state.slots, 0, Place(0, 0), np.full((4, 1), 0.01), None, state.running_stats
    )
    np.testing.assert_array_equal(W, whole.W)
    np.testing.assert_array_equal(running_stats, whole.running_stats)
    assert (whole.running_stats != state.running_stats).all()
    # A stepper writes into nothing that it is given, so a chunk can be taken again.
    again = stepper.advance(
        state.W, state.slots, 0, Place(0, 0), np.full((4, 1), 0.01), None, state.running_stats
    )
    np.testing.assert_array_equal(again.W, whole.W)


def test_the_test_part_is_judged_by_the_running_statistics_that_are_delivered():
    chosen = experiment(stopping={"epochs": 3})
    data = experiment_data(chosen)
    (outcome,) = outcomes(chosen)
    cohort = cohort_of([chosen], data)
    named = cohort.named(outcome.weights, outcome.running_stats)
    h = data.test.X
    for k in (1, 2):
        layer = f"layer{k}."
        z = h @ named[layer + "w"] - named[layer + "running_mean"]
        z = z / np.sqrt(named[layer + "running_variance"] + 1e-5)
        a = np.maximum(z * named[layer + "scale"] + named[layer + "shift"], 0)
        h = a if k == 1 else a + h @ named["projection2.w"]
    scores = h @ named["layer3.w"] + named["layer3.b"]
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(scores)), data.test.y]
    assert outcome.test_loss == pytest.approx(losses.mean(), rel=1e-12)
    right = (scores.argmax(axis=1) == data.test.y).mean()
    assert outcome.test_accuracy == pytest.approx(right, rel=1e-15)


def test_a_full_batch_is_normalised_by_all_of_its_rows():
    chosen = experiment(variant={"name": "bgd"}, model__dropout=0.0, stopping={"epochs": 1})
    (outcome,) = outcomes(chosen)
    cohort = cohort_of([chosen], experiment_data(chosen))
    X, w = cohort.train.X, cohort.model.layout.named(cohort.initial_weights()[0])["layer1.w"]
    named = cohort.model.stats_layout.named(outcome.running_stats)
    # One step from mean 0 and variance 1: 0.1 of the mean, 0.9 + 0.1 of the unbiased variance.
    z = X @ w
    assert named["layer1.running_mean"] == pytest.approx(0.1 * z.mean(axis=0), abs=1e-13)
    variance = 0.9 + 0.1 * z.var(axis=0, ddof=1)
    assert named["layer1.running_variance"] == pytest.approx(variance, rel=1e-12)


@pytest.mark.parametrize(
    ("variant", "words", "hint"),
    [
        (
            {"name": "sgd"},
            "each batch has 1",
            "use variant: mbgd with a batch_size of at least 2",
        ),
        (
            {"name": "mbgd", "batch_size": 1},
            "each batch has 1",
            "use a batch_size of at least 2",
        ),
        # 120 training rows are 7 batches of 17, and one row more.
        (
            {"name": "mbgd", "batch_size": 17},
            "the last batch of an epoch has 1",
            "choose another batch_size, or drop_last: true",
        ),
    ],
)
def test_batches_of_one_cannot_be_normalised(variant, words, hint):
    chosen = experiment(variant=variant)
    data = experiment_data(chosen)
    assert data.train.rows == 120
    with pytest.raises(ConfigError, match=words) as caught:
        cohort_of([chosen], data)
    (problem,) = caught.value.problems
    assert problem.hint == hint


@pytest.mark.parametrize("variant", ["bgd", "sgd", {"name": "mbgd", "batch_size": 1}], ids=str)
def test_a_single_example_cannot_be_normalised_by_any_variant(variant):
    split = {"validation": 0, "test": 441}
    chosen = experiment(dataset={"name": "diabetes", "split": split}, variant=variant)
    data = experiment_data(chosen)
    assert data.train.rows == 1
    with pytest.raises(ConfigError, match="each batch has 1") as caught:
        cohort_of([chosen], data)
    (problem,) = caught.value.problems
    assert problem.hint == "use at least 2 training examples"


@pytest.mark.parametrize(
    "budget", [{"epochs": 3}, {"steps": 8}, {"gradients": 363}, {"seconds": 9}]
)
def test_growing_batches_of_which_one_is_of_one_cannot_be_normalised(budget):
    # 121 rows in batches of 48: 48, 48, 25. After 2 epochs and 6 steps, 2.5 · 48 = 120, and one.
    variant = {"name": "mbgd", "batch_size": 48, "batch_growth": {"factor": 2.5, "every": 2}}
    dataset = {"name": "blobs", "n": 121, "split": {"validation": 0, "test": 0}}
    chosen = experiment(dataset=dataset, variant=variant, stopping=budget)
    words = "has 1 when batches have grown to 120, after 2 epochs"
    with pytest.raises(ConfigError, match=words) as caught:
        cohort_of([chosen], experiment_data(chosen))
    (problem,) = caught.value.problems
    assert problem.hint == "choose another batch_size or batch_growth, or drop_last: true"


@pytest.mark.parametrize("stopping", [{"epochs": 2}, {"steps": 7}, {"gradients": 362}])
def test_growth_that_the_budget_never_reaches_is_no_obstacle(stopping):
    variant = {"name": "mbgd", "batch_size": 48, "batch_growth": {"factor": 2.5, "every": 2}}
    dataset = {"name": "blobs", "n": 121, "split": {"validation": 0, "test": 0}}
    (outcome,) = outcomes(experiment(dataset=dataset, variant=variant, stopping=stopping))
    assert outcome.stop.step == (6 if "epochs" in stopping else 7)  # the batch of 120 is the 7th


def test_a_last_batch_of_one_may_be_dropped():
    variant = {"name": "mbgd", "batch_size": 17, "drop_last": True}
    (outcome,) = outcomes(experiment(variant=variant, stopping={"epochs": 1}))
    assert outcome.stop.step == 7


def test_a_target_accuracy_needs_classes():
    chosen = experiment(dataset="diabetes", stopping={"epochs": 2, "target_accuracy": 0.9})
    with pytest.raises(ConfigError, match="does regression on these data"):
        cohort_of([chosen], experiment_data(chosen))


def test_whole_numbers_are_numbers_when_the_loss_says_so():
    chosen = experiment(dataset="digits", model={"name": "mlp", "loss": "mse"})
    table = load_table({"name": "diabetes"})
    assert (
        prepare(
            table, task=chosen.task, validation=0, test=0, standardize=True, seed=0, dtype="f8"
        ).task
        == "regression"
    )


def test_units_are_left_out_in_training_alone():
    """The training loss, with dropout, is above the loss of an evaluation without dropout."""
    (outcome,) = outcomes(experiment(model__dropout=0.5, model__batch_norm=False))
    late = slice(-4, None)
    assert outcome.steps["batch_loss"][late].mean() > outcome.evaluations["train_loss"][-1]
