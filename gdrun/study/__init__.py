"""Studies, which are sweeps and comparisons: many runs are planned, trained and ranked."""
