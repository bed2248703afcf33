"""Parity with PyTorch and optax is collected where the extra `parity` is installed."""

from importlib.util import find_spec

collect_ignore_glob = []
if not all(find_spec(name) for name in ("torch", "jax", "optax")):
    collect_ignore_glob.append("test_*.py")
