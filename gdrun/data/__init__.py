"""Datasets: packaged, generated, from files or from Python arrays, and their preparation."""

from gdrun.data.arrays import table_from_arrays, table_from_pair
from gdrun.data.encoding import Encoding, SourceColumn
from gdrun.data.preparation import prepare
from gdrun.data.sources import DATASETS, load_table
from gdrun.data.table import Part, Prepared, Table, Task
from gdrun.data.target_scale import TargetScale

__all__ = [
    "DATASETS",
    "Encoding",
    "Part",
    "Prepared",
    "SourceColumn",
    "Table",
    "TargetScale",
    "Task",
    "load_table",
    "prepare",
    "table_from_arrays",
    "table_from_pair",
]
