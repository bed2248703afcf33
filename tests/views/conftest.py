"""Fixtures of the tests of views."""

import pytest

import gdrun


@pytest.fixture(scope="module")
def moons():
    """A short run of a network; tests of one file share it, and so do not change it."""
    return gdrun.train({"dataset": "moons", "model": {"name": "mlp"}}, "epochs=10", "lr=0.05")
