"""Runs: the directory each leaves, and reading it back."""
