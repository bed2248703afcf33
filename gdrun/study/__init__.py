"""Studies: sweeps and comparisons, many runs that are planned, run as lanes, and judged."""
