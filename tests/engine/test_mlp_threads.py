"""Small products of a network keep to one thread, where the package that can say so is there."""

from importlib.util import find_spec

import pytest

from gdrun.config.resolving import resolve
from gdrun.engine import threads
from gdrun.engine.build import build, experiment_data
from gdrun.engine.step_gradients import StepGradients
from gdrun.engine.trainer import Trainer


def blas_threads():
    """The threads that NumPy's BLAS would use now; nothing is known without threadpoolctl."""
    known = threads._blas()
    if known is None:
        return {None}
    return {entry["num_threads"] for entry in known.info() if entry["user_api"] == "blas"}


# iris has 4 features: a batch of 40 through 10 units makes products of 40 · 4 · 10 = 1,600.
@pytest.mark.parametrize("most", [1_600, 1_599])
def test_threads_during_a_step_and_after(most, monkeypatch):
    monkeypatch.setattr("gdrun.engine.threads.SMALL", most)
    before, seen = blas_threads(), []
    of = StepGradients.of

    def watched(self, *given):
        seen.append(blas_threads())
        return of(self, *given)

    monkeypatch.setattr(StepGradients, "of", watched)
    chosen = resolve(
        {
            "dataset": "iris",
            "model": {"name": "mlp", "hidden": [10]},
            "variant": {"name": "mbgd", "batch_size": 40},
            "stopping": {"steps": 1},
            "evaluate": {"every": 1},
        }
    )
    Trainer(*build([chosen], experiment_data(chosen))).run()
    small = most == 1_600 and find_spec("threadpoolctl") is not None
    assert seen == [{1} if small else before]
    assert blas_threads() == before
