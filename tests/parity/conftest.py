"""Parity with other libraries is collected where they are installed: the extra `parity`."""

from importlib.util import find_spec

collect_ignore_glob = []
if not all(find_spec(name) for name in ("torch", "jax", "optax")):
    collect_ignore_glob.append("test_[!s]*.py")
if not find_spec("sklearn"):
    collect_ignore_glob.append("test_sklearn_*.py")
if not find_spec("scipy"):
    collect_ignore_glob.append("test_scipy_*.py")
