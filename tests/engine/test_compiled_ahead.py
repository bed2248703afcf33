"""A run compiles before its first step: the steps that are timed compile nothing."""

import pytest
from compiled_cases import cohort_of, engine_of, network_cohort

from gdrun.engine.compiled import compiler
from gdrun.engine.trainer import Trainer

LARGE = {"rows": 40_000}
LANES = {"lanes": [{"optimizer": {"lr": lr}} for lr in (0.01, 0.02)]}
GROWTH = {"variant": {"name": "mbgd", "batch_size": 1, "batch_growth": {"factor": 4, "every": 1}}}
UPDATE = {"model": {"batch_norm": True}}


def loads_nothing_more(cohort, monkeypatch):
    """Train without being able to find or compile a library after the engine was made."""
    monkeypatch.setattr(compiler, "_LOADED", {})
    engine = engine_of(cohort)
    assert engine.name == "compiled"
    assert compiler._LOADED

    def refused(key, text):
        raise AssertionError("a library is loaded when the training has begun")

    monkeypatch.setattr(compiler, "_loaded", refused)
    assert len(Trainer(cohort, engine).run()) == cohort.lanes


@pytest.mark.slow
@pytest.mark.parametrize(
    "loss, variant, more",
    [
        ("mse", "bgd", {}),
        ("mse", "bgd", LARGE),
        ("mse", "bgd", LANES),
        ("logistic", "bgd", {}),
        ("logistic", "bgd", LARGE),
        ("logistic", "sgd", LARGE),
        ("logistic", "mbgd", {}),
        ("logistic", "mbgd", LANES | {"dtype": "float32", "schedule": "plateau"}),
        ("logistic", "mbgd", {"lanes": [GROWTH]}),
    ],
)
def test_a_linear_model(loss, variant, more, monkeypatch):
    loads_nothing_more(cohort_of(loss, "vanilla", variant, **more), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, LANES, UPDATE])
def test_a_network(more, monkeypatch):
    loads_nothing_more(network_cohort(**more), monkeypatch)
