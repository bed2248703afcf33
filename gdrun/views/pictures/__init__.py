"""Pictures: figures of matplotlib, each drawn from a plain record of data."""
