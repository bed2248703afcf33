"""Notes on a schedule whose first drop is after the end of the run."""

import pytest

import gdrun
from gdrun.views.schedule_notes import schedule_notes, unused_schedule

IRIS = {"dataset": "iris", "model": "softmax", "engine": "numpy"}


@pytest.mark.parametrize(
    ("words", "note"),
    [
        # Epochs are counted from 0: a drop every 4 epochs comes after epoch 4, the last one.
        (
            "schedule=step drop_every=4",
            "step never lowers the rate within 4 epochs: set drop_every",
        ),
        ("schedule=step drop_every=3", ""),
        ("schedule=constant", ""),
        ("schedule=cosine", ""),
        # Iris has 120 training rows, so 2 batches of at most 64 an epoch.
        ("schedule=step drop_every=20 schedule.per=step", "step never lowers the rate within 8 s"),
        ("schedule=step drop_every=4 target_loss=1.0", ""),  # ended by another rule
    ],
)
def test_a_schedule_without_a_drop_is_named(words, note):
    run = gdrun.train(IRIS, "epochs=4", "lr=0.1", *words.split())
    lowered = len(set(run.steps["lr"].tolist())) > 1
    found = unused_schedule(run.config, run.steps, run.stop)
    assert found.startswith(note) and bool(found) == bool(note)
    assert not (lowered and found)


def test_a_study_names_the_contenders_without_a_drop():
    found = gdrun.compare(["constant", "step", "cosine"], IRIS, "epochs=4", seeds=1)
    standings = [row.standing for row in found.contenders]
    text = "step: step never lowers the rate within 4 epochs: set drop_every below 4"
    assert schedule_notes(standings) == [("schedule", text)]


def test_no_wider_range_beyond_the_budget():
    sweep = gdrun.sweep(
        IRIS | {"schedule": "step", "optimizer": {"name": "vanilla", "lr": 0.01}},
        {"drop_every": [1, 2, 8]},
        "epochs=4",
    )
    # A small rate is best if it is never lowered.
    assert sweep.best.settings["schedule.drop_every"] == 8
    assert sweep.at_edge == []
