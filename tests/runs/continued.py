"""Trainings that are interrupted between two chunks, written to a file, and continued from it."""

import numpy as np

from gdrun.config.loading import load
from gdrun.engine.build import build, in_lane_order
from gdrun.engine.trainer import Trainer
from gdrun.runs.checkpoint import Checkpoint, machine_of, origin_of, read_checkpoint
from gdrun.runs.experiment_data import experiment_data

SECONDS = {"seconds"}
"""The columns of traces that are wall-clock time, which no two runs share."""


class InterruptedAt:
    """Interrupts at the given question: the trainer asks before each chunk of steps."""

    def __init__(self, question):
        self.left = question

    def __call__(self):
        self.left -= 1
        return "a test" if self.left < 0 else None


def experiments_of(*configs):
    return in_lane_order([load(config) for config in configs])


def uninterrupted(experiments):
    trainer = Trainer(*build(experiments, experiment_data(experiments[0])))
    return trainer.run()


def continued(experiments, path, questions):
    """The outcomes of a training that is interrupted at each of these questions.

    After each interruption, everything is built again, and continues from the file.
    """
    for question in (*questions, 10**9):
        cohort, engine = build(experiments, experiment_data(experiments[0]))
        origin, machine = origin_of(experiments, cohort, engine), machine_of(engine)
        snapshot, notes = read_checkpoint(path, origin, machine, cohort)
        assert not notes
        checkpoint = Checkpoint(path, origin, machine)
        trainer = Trainer(cohort, engine, [checkpoint], InterruptedAt(question), snapshot)
        outcomes = trainer.run()
        assert checkpoint.problem is None
        if all(outcome.status != "interrupted" for outcome in outcomes):
            break
        assert path.exists()
    return outcomes


def assert_same_bits(first, second):
    """Two lists of outcomes agree in everything except times, bit for bit."""
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert one.stop == other.stop
        assert one.watched == other.watched
        assert repr(one.divergence) == repr(other.divergence)
        assert one.best == other.best
        for name in ("weights", "running_stats", "best_weights", "best_running_stats"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), strict=True)
        for name in ("test_loss", "test_accuracy", "rising", "clipped", "largest_grad_norm"):
            assert repr(getattr(one, name)) == repr(getattr(other, name)), name
        for kind in ("steps", "evaluations"):
            columns, others = getattr(one, kind), getattr(other, kind)
            assert columns.keys() == others.keys()
            for name in columns.keys() - SECONDS:
                np.testing.assert_array_equal(columns[name], others[name], strict=True)
