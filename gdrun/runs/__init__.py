"""Runs: the directory of each run, its files, and how they are read."""
