"""Cohorts on small random data, and the steppers of both engines for them."""

import numpy as np

from gdrun.config.resolving import resolve
from gdrun.data import table_from_arrays
from gdrun.engine import build
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Lanes
from gdrun.engine.compiled.problem import CompiledProblem
from gdrun.engine.compiled.stepper import CompiledStepper
from gdrun.engine.engines import engine_maker
from gdrun.engine.numpy_stepper import NumpyStepper
from gdrun.engine.plan import Place
from gdrun.engine.state import State
from gdrun.methods.rules import OPTIMIZERS
from gdrun.problems.losses import LOSSES
from gdrun.problems.models import MODELS as MODEL_REGISTRY
from gdrun.runs.experiment_data import experiment_data

ELEMENTWISE = [name for name, rule in OPTIMIZERS.items() if not rule.uses_norm]


def models_that_choose(model):
    """The model with each loss that it allows, with options that are not the defaults."""
    return {
        name: {"name": model, "loss": name}
        | {option: 0.7 * default for option, default in loss.defaults.items()}
        for name, loss in MODEL_REGISTRY[model].options["loss"].choice.entries.items()
    }


MODELS = {
    "logistic": {"name": "logistic"},
    "cross_entropy": {"name": "softmax"},
    **models_that_choose("linear"),
    **models_that_choose("svm"),
}
VARIANTS = {
    "bgd": {"name": "bgd"},
    "sgd": {"name": "sgd"},
    "mbgd": {"name": "mbgd", "batch_size": 13},
    "sequential": {"name": "mbgd", "batch_size": 8, "sampling": "sequential"},
}


def rate_of(optimizer):
    """A rate below the default: near the end, adaptive steps would magnify rounding errors."""
    return OPTIMIZERS[optimizer].options["lr"].default / 4


def table_of(loss, rows):
    """Random rows of 5 features, with targets of the kind that the loss needs.

    They are not centred, so that no gradient consists only of rounding errors.
    """
    draw = np.random.default_rng(3)
    X = draw.normal(0.3, size=(rows, 5))
    score = X @ draw.normal(size=5) + 0.3 * draw.normal(size=rows)
    targets = {"number": score, "sign": score > 0, "code": np.digitize(score, [-1, 1])}
    return table_from_arrays(X, targets[LOSSES[loss].targets] * 1)


AS_GIVEN = {"name": "arrays", "split": {"validation": 0, "test": 0}, "standardize": False}


def experiments_of(base, lanes):
    """One experiment for each lane: the base with some keys changed."""
    changed = [
        {
            key: base[key] | value if isinstance(value, dict) else value
            for key, value in lane.items()
        }
        for lane in lanes
    ]
    return [resolve(base | changes) for changes in changed]


def cohort_of(loss, optimizer, variant="mbgd", *, rows=96, table=None, lanes=({},), **more):
    """A cohort in which each lane changes keys of the one experiment."""
    base = {
        "engine": "numpy",
        "dataset": AS_GIVEN,
        "model": MODELS[loss] | {"init": "normal", "init_std": 0.3, "l2": 0.01},
        "variant": VARIANTS[variant],
        "optimizer": {"name": optimizer, "lr": rate_of(optimizer)},
        "stopping": {"steps": 200},
    } | more
    experiments = experiments_of(base, lanes)
    table = table_of(loss, rows) if table is None else table
    return build.cohort_of(experiments, experiment_data(experiments[0], table))


def network_cohort(lanes=({},), **changes):
    """A cohort of plain networks on random rows; each lane changes keys of one experiment."""
    draw = np.random.default_rng(7)
    X = draw.normal(size=(90, 5))
    y = X @ draw.normal(size=5)
    base = {
        "engine": "numpy",
        "dataset": AS_GIVEN,
        "model": {"name": "mlp", "hidden": [7, 4], "loss": "cross_entropy", "l2": 0.01},
        "variant": {"name": "mbgd", "batch_size": 8},
        "optimizer": {"name": "adam", "lr": 0.003},
        "stopping": {"steps": 200},
    }
    for key, value in changes.items():
        joins = isinstance(base.get(key), dict) and value.get("name", "mlp") != "bgd"
        base[key] = base[key] | value if joins else value
    experiments = experiments_of(base, lanes)
    by_class = base["model"]["loss"] == "cross_entropy"
    table = table_from_arrays(X, np.digitize(y, [-1, 1]) if by_class else y)
    return build.cohort_of(experiments, experiment_data(experiments[0], table))


def engine_of(cohort, asked="compiled"):
    """The cohort's engine, compiled."""
    return engine_maker(cohort, asked)()


def lanes_of(cohort):
    return Lanes.all_of(cohort)


def steppers(cohort, limit=None):
    """(stepper, W, slots) at the start, of the NumPy engine and of the compiled one."""
    lanes, state = lanes_of(cohort), State.start(cohort)
    limit = np.full(len(lanes.index), np.inf) if limit is None else limit
    problem = CompiledProblem(cohort, cohort.train)
    both = (
        NumpyStepper(lanes, Batches(cohort), limit),
        CompiledStepper(lanes, Batches(cohort), limit, problem),
    )
    return [(stepper, state.W, state.slots) for stepper in both]


FIELDS = ("batch_loss", "grad_norm", "update_norm", "weight_norm", "W")


def walked(cohort, stepper, steps, beta=None):
    """The measures of the steps from the start, in chunks of an epoch; the momentum decreases."""
    state, found = State.start(cohort), []
    W, slots, step, epoch = state.W, state.slots, 0, 0
    while step < steps:
        count = min(cohort.batching.steps_per_epoch, steps - step)
        rates = np.broadcast_to(lanes_of(cohort).numbers.lr, (count, len(W)))
        betas = None if beta is None else np.full((count, len(W)), beta / (epoch + 1))
        measures = stepper.advance(W, slots, step, Place(epoch, 0), rates, betas)
        W, slots, step, epoch = measures.W, measures.slots, step + count, epoch + 1
        found.append(measures)
    return found


def both(cohort, steps):
    """The measures of both engines over the same steps of a linear model, an epoch a chunk."""
    chunks = [walked(cohort, stepper, steps) for stepper, _, _ in steppers(cohort)]
    assert len(chunks[0]) > 1
    return chunks


def agree(chunks, rel, fields=FIELDS):
    """Every number of every step, relative to the largest of its kind in the chunk."""
    assert chunks[0]
    for numpy, compiled in zip(*chunks, strict=True):
        pairs = [(getattr(numpy, name), getattr(compiled, name)) for name in fields]
        for expected, got in [*pairs, *zip(numpy.slots, compiled.slots, strict=True)]:
            assert got.dtype == expected.dtype
            np.testing.assert_allclose(got, expected, rtol=rel, atol=rel * np.abs(expected).max())
        assert np.array_equal(numpy.clipped, compiled.clipped)
        assert numpy.bad == compiled.bad
