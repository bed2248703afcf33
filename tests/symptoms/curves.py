"""Small curves, as the rules of symptoms read them from a run."""

import numpy as np

from gdrun.symptoms.facts import Traced


def curves(train, validation=None, **more):
    evals = {"epoch": np.arange(len(train), dtype=float), "train_loss": np.asarray(train, float)}
    if validation is not None:
        evals["validation_loss"] = np.asarray(validation, float)
    config = {"optimizer": {"lr": 0.1}, "variant": {"name": "bgd"}, "stopping": {"epochs": 20}}
    return Traced(config, evals, **more)


def against_baseline(loss, accuracy):
    metrics = {"test": {"accuracy": 0.6}}
    known = {"prediction": "no", "loss": {"test": 0.7}, "metrics": metrics}
    return {"baseline": known, "test_loss": loss, "test_accuracy": accuracy}


STEADY = 2.0 ** -np.arange(20)
SWINGING = np.where(np.arange(20) % 2, 0.4, 0.2) + 2 * STEADY
