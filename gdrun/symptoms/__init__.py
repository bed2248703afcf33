"""Symptoms of a run: rules that read what went wrong from its config, its trace and its results."""
