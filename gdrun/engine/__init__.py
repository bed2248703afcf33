"""The training loop, which trains several runs together, with the NumPy or the compiled engine."""
