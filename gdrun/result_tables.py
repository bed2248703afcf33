"""Results as tables: what a notebook shows, and frames of pandas and polars.

The functions that make the tables and the warnings are views. The module of a result must not
import views, which belong to a later layer. So these functions are registered here, by the class of
the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from gdrun.array_types import Array
from gdrun.errors import GdrunError, MissingExtraError, near, suggestion

HTML: dict[type, Callable[[Any], str]] = {}
"""The function that renders a result as HTML, by the class of the result."""

TABLES: dict[type, Callable[[Any], dict[str, dict[str, Array]]]] = {}
"""The function that returns the tables of a result by name, by the class of the result."""

WARNINGS: dict[type, Callable[[Any], Sequence[str]]] = {}
"""The function that returns the warnings on a result of a study, by the class of the result."""

TableName = Literal["runs", "evals", "steps"]


_TABLE_NAMES = ("data", "dataframe", "df", "frame", "frames", "table", "tables", "to_frame")
"""Names that users may try for the tables of a result."""

LEAST_ALIKE = 0.7
"""The least similarity, from 0 to 1, of an attribute that the user may mean."""


class ResultTables:
    """A base class for results with tables.

    TABLES has, for each class of results, the function that makes its tables.
    """

    _ROWS: ClassVar[Mapping[str, type]] = {}
    """The class of the rows of each attribute that is a list of rows, such as `ranking`."""

    def _places(self) -> Mapping[str, str]:
        """Names that users may expect as attributes, and the expressions that have the values."""
        return dict.fromkeys(_TABLE_NAMES, "to_pandas() or columns()")

    def _rows_with(self, names: Sequence[str]) -> Iterator[str]:
        """Sentences on the attributes whose rows have an attribute with one of these names."""
        for place, row in self._ROWS.items():
            known = {*dir(row), *getattr(row, "__dataclass_fields__", ())}
            if found := [name for name in names if name in known]:
                yield f"the rows of .{place} have {found[0]}"

    if not TYPE_CHECKING:  # a type checker would allow any attribute

        def __getattr__(self, name: str) -> Any:
            """Raise AttributeError with the attributes that the user may mean."""
            if hasattr(type(self), name):  # a property raised an AttributeError of its own
                return object.__getattribute__(self, name)
            what = f"{type(self).__name__} has no attribute {name!r}"
            # Copies and notebooks look for private names, and fields are missing in half a copy.
            if name.startswith("_") or name in type(self).__dataclass_fields__:
                raise AttributeError(what)
            places = self._places()
            own = [each for each in [*vars(self), *dir(type(self))] if not each.startswith("_")]
            known = {**places, **dict(zip(own, own, strict=True))}
            forms = (name, name.removesuffix("s"), f"{name}s")
            alike = [form for form in forms if form in known]
            rows = [] if alike else list(self._rows_with(forms))
            alike = [] if rows else alike or near(name, known, least=LEAST_ALIKE)
            guesses = " or ".join(dict.fromkeys(known[each] for each in alike))
            hints = [f"did you mean {guesses}?"] if guesses else rows
            raise AttributeError("; ".join([what, *hints]))

    def _repr_html_(self) -> str | None:
        """The result as HTML, for a notebook.

        None if no function is registered for its class: the notebook then shows the repr.
        """
        render = HTML.get(type(self))
        return None if render is None else render(self)

    def columns(self, table: TableName = "runs") -> dict[str, Array]:
        """The columns of a table by name, as NumPy arrays of the same length.

        table: `runs` has a row for each run, with its settings by dotted path and its results;
        `evals` a row for each evaluation; `steps` a row for each point of the trace of steps.
        Missing entries are masked. Raises GdrunError if there is no such table.
        """
        found = TABLES[type(self)](self)
        if table not in found:
            raise GdrunError(f"there is no table {table!r}", hint=suggestion(table, found))
        return found[table]

    def to_pandas(self, table: TableName = "runs") -> Any:
        """The table as a DataFrame of pandas; a missing entry is NaN or None.

        table: see `columns`. Raises MissingExtraError if pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ImportError:
            raise MissingExtraError("to_pandas", "frames") from None
        return DataFrame({name: _filled(each) for name, each in self.columns(table).items()})

    def to_polars(self, table: TableName = "runs") -> Any:
        """The table as a DataFrame of polars; a missing entry is null, and NaN stays NaN.

        table: see `columns`. Raises MissingExtraError if polars is not installed.
        """
        try:
            from polars import DataFrame
        except ImportError:
            raise MissingExtraError("to_polars", "frames") from None
        return DataFrame({name: each.tolist() for name, each in self.columns(table).items()})


_STUDY_PLACES = {
    **dict.fromkeys(("best_params", "best_settings"), "best.settings"),
    **dict.fromkeys(("config", "experiment", "best_config"), "best.experiment"),
    "best_score": "best.median",
    "winner": "best",
    "rows": "ranking",
    "seeds": "plan.seeds",
}
"""Names that users may try on the result of a study, and the expressions that have the values."""


class StudyTables(ResultTables):
    """A base class for the results of studies, which also have warnings."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings below its tables on the command line; empty without any."""
        return tuple(WARNINGS[type(self)](self))

    def _places(self) -> Mapping[str, str]:
        return {**super()._places(), **_STUDY_PLACES}


def _filled(column: Array) -> Array:
    """The column without a mask: a missing number is NaN, a missing text or boolean None."""
    import numpy as np

    marks = np.ma.getmaskarray(column)
    if not marks.any():
        return np.ma.getdata(column)
    kind = object if column.dtype.kind in "Ob" else float
    filled: Array = np.ma.getdata(column).astype(kind)
    filled[marks] = None if kind is object else np.nan
    return filled
