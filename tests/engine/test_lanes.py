"""Lanes do not affect each other: a cohort equals each of its runs alone, in any order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdrun.config.loading import load
from gdrun.runs.session import Session

BLOBS = {"dataset": {"name": "blobs", "n": 60, "d": 3, "split": {"validation": 10, "test": 5}}}
CONFIG = BLOBS | {
    "model": "softmax",
    "variant": {"name": "mbgd", "batch_size": 8},
    "stopping": {"epochs": 4},
    "log": {"points": "all"},
}
OWN = ("batch_loss", "grad_norm", "update_norm", "weight_norm", "lr", "clipped")


def together(*configs):
    return Session([load(config) for config in configs], out=None).run()


def alone(config):
    (run,) = together(config)
    return run


def assert_same(run, other, rtol):
    assert run.status == other.status
    assert run.stop == other.stop
    for name in ("step", "epoch", "gradients"):
        assert np.array_equal(run.steps[name], other.steps[name])
    for name in OWN:
        np.testing.assert_allclose(
            run.steps[name], other.steps[name], rtol=rtol, atol=1e-13, err_msg=name
        )
    for name in run.evals.keys() - {"seconds"}:
        np.testing.assert_allclose(
            run.evals[name], other.evals[name], rtol=rtol, atol=1e-13, err_msg=name
        )
    for name, value in run.weights.items():
        np.testing.assert_allclose(value, other.weights[name], rtol=rtol, atol=1e-12)


def in_order_of_seeds(configs):
    return sorted(configs, key=lambda config: config["seed"])


def changed(**sections):
    return CONFIG | {"seed": 0} | sections


rates = st.floats(1e-4, 0.5)
lanes_of = {
    "momentum": st.fixed_dictionaries(
        {"name": st.just("momentum"), "lr": rates, "beta": st.floats(0.0, 0.95)}
    ),
    "adam": st.fixed_dictionaries(
        {"name": st.just("adam"), "lr": rates, "beta2": st.floats(0.5, 0.999)}
    ),
    "vanilla": st.fixed_dictionaries({"name": st.just("vanilla"), "lr": rates}),
}


@st.composite
def cohorts(draw):
    """Configs of one shape that differ in every number in which lanes may differ."""
    optimizer = lanes_of[draw(st.sampled_from(sorted(lanes_of)))]
    clips = draw(st.booleans())
    lane = st.fixed_dictionaries(
        {
            "seed": st.integers(0, 2),
            "optimizer": optimizer,
            "l2": st.sampled_from([0.0, 1e-3, 0.1]),
            "decay": st.floats(0.0, 0.5),
            "clip": st.floats(0.05, 2.0),
        }
    )
    return [
        changed(
            seed=numbers["seed"],
            optimizer=numbers["optimizer"],
            model={"name": "softmax", "l2": numbers["l2"]},
            schedule={"name": "exponential", "decay": numbers["decay"], "warmup": 1},
            clip={"norm": numbers["clip"]} if clips else {},
        )
        for numbers in draw(st.lists(lane, min_size=2, max_size=6))
    ]


@pytest.mark.slow
@settings(max_examples=25)
@given(cohorts())
def test_a_cohort_equals_each_run_alone(configs):
    for config, run in zip(in_order_of_seeds(configs), together(*configs), strict=True):
        assert run.record["seed"] == config["seed"]
        assert_same(run, alone(config), rtol=1e-9)


@pytest.mark.longer
@settings(max_examples=10)
@given(cohorts(), st.randoms(use_true_random=False))
def test_the_order_of_lanes_is_of_no_account(configs, random):
    shuffled = random.sample(configs, len(configs))
    runs = {repr(run.config): run for run in together(*configs)}
    for run in together(*shuffled):
        assert_same(run, runs[repr(run.config)], rtol=1e-12)


@pytest.mark.longer
@pytest.mark.parametrize("variant", ["bgd", "sgd", {"name": "mbgd", "batch_size": 8}])
def test_lanes_of_other_seeds_and_uneven_streams(variant):
    configs = [
        changed(seed=seed, variant=variant, optimizer={"name": "vanilla", "lr": lr})
        for seed, lr in [(4, 0.1), (0, 0.2), (4, 0.3), (4, 0.01), (1, 0.1)]
    ]
    for config, run in zip(in_order_of_seeds(configs), together(*configs), strict=True):
        assert_same(run, alone(config), rtol=1e-9)


def diverging(lr, **more):
    """Squared hinge has a stability limit, which a rate may be far beyond."""
    return changed(
        model={"name": "svm", "loss": "squared_hinge"},
        optimizer={"name": "vanilla", "lr": lr},
        stopping={"epochs": 12, "divergence": {"factor": 1e6}},
        **more,
    )


def test_only_the_bad_lane_leaves():
    rates = [0.001, 1.5, 0.01, 40.0, 0.02]
    runs = together(*(diverging(lr) for lr in rates))
    alone_runs = [alone(diverging(lr)) for lr in rates]
    assert [run.status for run in runs] == [
        "exhausted",
        "diverged",
        "exhausted",
        "diverged",
        "exhausted",
    ]
    assert 0 < runs[3].stop["step"] < runs[1].stop["step"]
    for run, single in zip(runs, alone_runs, strict=True):
        if run.status == "exhausted":
            assert_same(run, single, rtol=1e-12)
        else:
            # A diverging path doubles rounding with each step, but ends at the same one.
            assert (run.stop["step"], run.divergence["quantity"]) == (
                single.stop["step"],
                single.divergence["quantity"],
            )
            assert len(run.steps["step"]) == run.stop["step"]


def test_lanes_that_overflow_at_one_step_leave_together():
    runs = together(diverging(0.01), diverging(1e200), diverging(1e201), diverging(0.02))
    assert [run.status for run in runs] == ["exhausted", "diverged", "diverged", "exhausted"]
    assert runs[1].stop["step"] == runs[2].stop["step"]
    for lr, run in ((0.01, runs[0]), (0.02, runs[3])):
        assert_same(run, alone(diverging(lr)), rtol=1e-12)


def test_lanes_that_stop_early_do_not_disturb_the_rest():
    stopping = {"epochs": 30, "target_loss": 0.5, "early_stopping": {"patience": 3}}
    configs = [
        changed(optimizer={"name": "vanilla", "lr": lr}, stopping=stopping, log={"points": 8})
        for lr in (1e-4, 0.3, 0.01, 3.0, 0.02)
    ]
    runs = together(*configs)
    assert len({run.stop["step"] for run in runs}) >= 4
    for config, run in zip(configs, runs, strict=True):
        assert_same(run, alone(config), rtol=1e-9)


def test_a_lane_without_a_rate_does_not_move_its_neighbours():
    # The watch for zero rates is kept for each lane, through the departures of others.
    stopping = {"epochs": 8, "weight_change": 1e-4, "divergence": {"factor": 1e6}}
    configs = [diverging(lr) | {"stopping": stopping} for lr in (1e-6, 50.0, 0.01)]
    runs = together(*configs)
    assert [run.status for run in runs] == ["converged", "diverged", "exhausted"]
    for config, run in zip(configs, runs, strict=True):
        if run.status != "diverged":
            assert_same(run, alone(config), rtol=1e-9)


def test_experiments_of_different_shapes_are_no_cohort():
    with pytest.raises(ValueError, match="cannot train together"):
        together(changed(), changed(optimizer="adam"))
