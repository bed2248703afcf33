"""Checks of what a run computes: its gradient against central differences."""
