"""A part of a trace is the same as that part of the whole."""

import numpy as np

from gdrun.engine.trace import EvaluationTrace, StepTrace
from gdrun.engine.trace_columns import EVALUATION_COLUMNS, STEP_COLUMNS

SHARED = [each.name for each in STEP_COLUMNS.values() if each.shared and each.absent is None]
OWN = [each.name for each in STEP_COLUMNS.values() if not each.shared and each.join != "max"]


def test_a_part_of_the_steps():
    trace = StepTrace(2, None)
    own = {name: np.arange(18.0).reshape(9, 2) for name in OWN}
    trace.add(lambda chosen: dict.fromkeys(SHARED, chosen + 1.0), own, np.array([0, 1]))
    whole, part = trace.lane(1), trace.lane(1, 4, 7)
    assert {name: column.tolist() for name, column in part.items()} == {
        name: column[4:7].tolist() for name, column in whole.items()
    }


def test_a_part_of_the_evaluations():
    trace = EvaluationTrace(2)
    for k in range(40):
        shared = {each.name: float(k) for each in EVALUATION_COLUMNS.values() if each.shared}
        trace.add(shared, {"train_loss": np.array([k, -k])}, np.array([0, 1]))
    assert trace.lane(1, 37)["step"].tolist() == [37, 38, 39]
    assert trace.lane(1, 37)["train_loss"].tolist() == [-37, -38, -39]
