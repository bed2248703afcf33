"""What a run compiles, it compiles before its first step: the steps that are timed compile nothing.

Numba compiles a function for the types it is called with. So after a training no function may know
more of them than before.
"""

import pytest
from compiled_cases import cohort_of, engine_of, network_cohort

from gdrun.engine.compiled.kernels import kernels
from gdrun.engine.compiled.network_kernels import network_text
from gdrun.engine.compiled.problem import module_of
from gdrun.engine.trainer import Trainer

LARGE = {"rows": 40_000}
LANES = {"lanes": [{"optimizer": {"lr": lr}} for lr in (0.01, 0.02)]}
# Rates that differ, in single precision, from a schedule that gives all steps the same ones.
PLATEAU = LANES | {"dtype": "float32", "schedule": "plateau"}


@pytest.fixture(autouse=True)
def _modules_anew():
    """Modules of this test's own, whose functions know no types yet."""
    kernels.cache_clear()


def compiles_nothing_more(cohort, engine, module):
    def known():
        functions = vars(module).items()
        return {name: set(f.signatures) for name, f in functions if hasattr(f, "signatures")}

    before = known()
    assert any(before.values())
    outcomes = Trainer(cohort, engine).run()
    assert len(outcomes) == cohort.lanes
    return known() == before


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
        ("logistic", "mbgd", PLATEAU),
    ],
)
def test_a_linear_model(loss, variant, more):
    cohort = cohort_of(loss, "vanilla", variant, **more)
    engine = engine_of(cohort)
    assert engine.name == "compiled"
    assert compiles_nothing_more(cohort, engine, module_of(cohort))


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, PLATEAU])
def test_a_network(more):
    cohort = network_cohort(**more)
    engine = engine_of(cohort)
    assert engine.name == "compiled"
    assert compiles_nothing_more(cohort, engine, kernels(network_text(cohort)))
