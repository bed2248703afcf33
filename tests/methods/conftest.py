"""Parity with PyTorch and optax is collected where the extra `parity` is installed."""

from importlib.util import find_spec

collect_ignore = []
if not all(find_spec(name) for name in ("torch", "jax", "optax")):
    collect_ignore.append("parity")
