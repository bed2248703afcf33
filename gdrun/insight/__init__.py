"""Gradient checking: comparing the gradient of a run with central differences."""
