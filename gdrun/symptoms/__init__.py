"""Symptoms of a run: rules that find what went wrong, from its config, its trace and its results."""
