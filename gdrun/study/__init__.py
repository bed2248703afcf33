"""Studies, which are sweeps and comparisons: they plan, train and rank many runs."""
