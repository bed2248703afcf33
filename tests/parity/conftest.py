"""Parity with other libraries is collected where they are installed: the extra `parity`."""

import sys
from importlib.util import find_spec

import pytest

collect_ignore_glob = []
if not all(find_spec(name) for name in ("torch", "jax", "optax")):
    collect_ignore_glob.append("test_[!s]*.py")
if not find_spec("sklearn"):
    collect_ignore_glob.append("test_sklearn_*.py")
if not find_spec("scipy"):
    collect_ignore_glob.append("test_scipy_*.py")


@pytest.fixture(scope="session", autouse=True)
def _one_thread_of_torch():
    """PyTorch's threads wait for each other in a busy loop, which takes longer than the sums."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
