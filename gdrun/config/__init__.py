"""Configs: an experiment is read from YAML, changed by overrides, validated, and written."""
