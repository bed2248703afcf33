"""A short test of learning rates: a few epochs with each rate of a grid, on some training rows.

Two things make a rate look better in the test than in a run. Both concern rare values, such as a
column of 0 and 1 with a single 1 among n rows, which standardisation makes √n. If the few rows of
the test were standardised alone, the column would be constant there. So the rows are prepared with
all others. If the loss were that of rows which were all used several times, it would not show that
the weight of the column drifts while its row is not used. So a test on a large table uses each row
about once, and its loss is that of all rows that it draws from.
Smith 2017 raises the rate within one run; here each rate has its own run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gdrun.config.loading import load
from gdrun.config.overrides import Override
from gdrun.data import Prepared
from gdrun.data.repeated_rows import NONE
from gdrun.data.table import Part
from gdrun.engine.build import facts
from gdrun.errors import GdrunError
from gdrun.runs.session import Session

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
TEST_EPOCHS = 5
MOST_ROWS, MOST_ENTRIES = 2000, 2_000_000
"""The test has as many steps as TEST_EPOCHS epochs of at most this many rows, and of rows with
together this many features. It draws from at most TEST_EPOCHS times as many rows.
"""


def best_rate(
    config: Mapping[str, Any], changes: Iterable[Override], data: Prepared
) -> float | None:
    """The rate with the lowest training loss after a few epochs on some training rows.

    config, changes: the experiment, and the overrides of the user. data: those of the experiment.
    None if the runs cannot start, or all of them diverge.
    """
    columns = data.train.X.shape[1]
    most = max(100, min(MOST_ROWS, MOST_ENTRIES // max(1, columns)))
    try:
        train = _some_rows(data.train, TEST_EPOCHS * most)
        some = replace(data, train=train, validation=None, test=None, repeated=NONE)
        experiment = load(config, changes)
        size = facts(experiment, some).batch_size
        steps = TEST_EPOCHS * math.ceil(min(most, train.rows) / size)
        test = [
            Override("stopping", {"steps": steps}, "stopping"),
            # Compiling a kernel takes longer than this test.
            Override("engine", "numpy", "engine"),
        ]
        rates = (Override("optimizer.lr", rate, "lr") for rate in RATES)
        tests = [load(experiment, [*test, rate]) for rate in rates]
        runs = Session(tests, data=some, out=None).run()
    except GdrunError:
        # The experiment itself reports what is wrong.
        return None
    losses = [run.summary["train_loss"] if run.status != "diverged" else None for run in runs]
    known = {
        rate: loss
        for rate, loss in zip(RATES, losses, strict=True)
        if loss is not None and math.isfinite(loss)
    }
    return min(known, key=lambda rate: known[rate]) if known else None


def edge(rate: float) -> str:
    """The end of the sentence on a tested rate: whether it is the first or the last of RATES."""
    ends = {RATES[0]: ("smallest", "smaller"), RATES[-1]: ("largest", "larger")}
    if rate not in ends:
        return ""
    end, beyond = ends[rate]
    return f"; it is the {end} of them, and a {beyond} one may be better"


def _some_rows(part: Part, most: int) -> Part:
    """At most this many rows of a part, evenly spread; the part itself if it has no more."""
    if part.rows <= most:
        return part
    rows = np.linspace(0, part.rows - 1, most).astype(int)
    if part.wide is None:
        return Part(part.X.take(rows, axis=0), part.y[rows])
    wide = part.wide[rows]
    return Part(wide[:, : part.X.shape[1]], part.y[rows], wide)
