"""The mean and the variance of rows that are read block by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.array_types import Numbers


@dataclass(frozen=True)
class Moments:
    """The moments of some rows of an array: what is needed for their mean and variance.

    count: the number of rows. mean: the mean of each column. squares: for each column, the sum of
    the squared differences from the mean. mean and squares have the shape of one row.
    """

    count: int
    mean: Numbers
    squares: Numbers

    @property
    def variance(self) -> Numbers:
        """The population variance of each column; 0 without any row."""
        return self.squares / max(self.count, 1)

    def joined(self, other: Moments) -> Moments:
        """The moments of the rows of two blocks together: of this one and of `other`.

            n ← n₁ + n₂,  m ← m₁ + δ n₂/n,  S ← S₁ + (S₂ + δ² n₁n₂/n),  δ = m₂ − m₁

        n is count, m is mean, S is squares; index 1 is for this block, 2 for `other`. Source: Chan,
        Golub & LeVeque 1979.
        """
        total, apart = self.count + other.count, other.mean - self.mean
        between = apart**2 * (self.count * other.count / total)
        return Moments(
            total,
            self.mean + apart * (other.count / total),
            self.squares + (other.squares + between),
        )


def no_rows(columns: tuple[int, ...] = ()) -> Moments:
    """The moments of no rows, as the start for `joined`. columns: the shape of one row."""
    return Moments(0, np.zeros(columns), np.zeros(columns))
