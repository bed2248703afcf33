"""The seconds that the C compiler takes for each kernel alone, with an empty cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.linear import examples
from bench.ours import AS_GIVEN, ENGINES
from bench.processes import Folder, python
from bench.work import COMPILED, Bar, Contender, Finish, Work

if TYPE_CHECKING:
    from gdrun.engine.cohort import Cohort

COMPILATION = """
import sys
import time
from pathlib import Path
from gdrun.engine.compiled.compiler import library
text = Path(sys.argv[1]).read_text(encoding="utf-8")
begin = time.perf_counter()
library(text)
print(time.perf_counter() - begin)
"""

LINEAR = {"model": "logistic", "optimizer": "adam"}
NETWORK = {
    "dtype": "float32",
    "model": {"name": "mlp", "loss": "cross_entropy"},
    "optimizer": "adam",
}
BARS = {"rows": 0.8, "examples": 0.8, "passes": 0.8, "network": 1.5, "update": 0.8}
"""Seconds for each kernel."""


def cold_compile(quick: bool) -> Work:
    """Each kernel in a process of its own; the start of the process is not counted."""
    del quick
    folder = Folder()
    texts = _texts() if COMPILED in ENGINES else {}
    return Work(
        "compiling one kernel, with Adam: logistic, or a network of cross entropy in float32",
        {name: _compilation(folder, name, text) for name, text in texts.items()},
        tuple(Bar(name, at_most=seconds) for name, seconds in BARS.items()),
        per="kernel",
    )


def _texts() -> dict[str, str]:
    """The C text of each kernel, by its name."""
    from gdrun.engine.compiled import kernel_texts
    from gdrun.engine.compiled.units import pass_text

    rows, network = _cohort(LINEAR), _cohort(NETWORK)
    kernels = {
        "rows": kernel_texts(rows, "linear"),
        "examples": kernel_texts(_cohort(LINEAR | {"variant": "sgd"}), "linear"),
        "passes": [pass_text(rows.model.loss, rows.dtype)],
        "network": kernel_texts(network, "network"),
        "update": kernel_texts(network, "update"),
    }
    return {name: text for name, (text,) in kernels.items()}


def _cohort(config: dict[str, Any]) -> Cohort:
    from gdrun.config.resolving import resolve
    from gdrun.data import table_from_arrays
    from gdrun.engine.build import cohort_of
    from gdrun.runs.experiment_data import experiment_data

    experiment = resolve(AS_GIVEN | config)
    table = table_from_arrays(*examples("logistic", 100, 5))
    return cohort_of([experiment], experiment_data(experiment, table))


def _compilation(folder: Folder, name: str, text: str) -> Contender:
    source = folder.path / f"{name}.txt"
    source.write_text(text, encoding="utf-8")

    def compile_one() -> Finish:
        with folder.fresh() as cache:
            ended = python("-c", COMPILATION, str(source), XDG_CACHE_HOME=cache)
        return Finish(float(ended.printed))

    return compile_one
