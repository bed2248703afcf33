"""The training loop: it trains runs together, as lanes, with the NumPy or the compiled engine."""
