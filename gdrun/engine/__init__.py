"""The training loop. It trains several runs together, with the NumPy or the compiled engine."""
