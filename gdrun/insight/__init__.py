"""Gradient checking: the gradient of an experiment is compared with central differences."""
