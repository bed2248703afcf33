"""Many runs as one question: sweeps and comparisons, planned, run as lanes, and judged."""
