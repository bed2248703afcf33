"""Symptoms of a run: rules that find from its config, trace and results what went wrong."""
