"""Lines of CSV files for the tests of columns."""


def rows(*cells):
    """A line for each cell, with the number of the row as its second cell."""
    return "".join(f'"{cell}",{i}\n' for i, cell in enumerate(cells))
