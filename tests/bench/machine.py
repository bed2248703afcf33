"""The speed of the machine: its name, its memory bandwidth, and the speed of matrix products."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure import interleaved, timed
from bench.ours import ENGINES
from bench.work import COMPILED


@dataclass(frozen=True)
class Machine:
    """memory: GB/s of one read by all cores. products: GFlop/s of a matrix product, by dtype."""

    memory: float
    products: dict[str, float]

    @property
    def sentence(self) -> str:
        products = " and ".join(
            f"{speed:.3g} GFlop/s in {dtype}" for dtype, speed in self.products.items()
        )
        return (
            f"{named()}: one read of memory by all of them at {self.memory:.3g} GB/s, "
            f"a matrix product at {products}"
        )


def measured(quick: bool, repetitions: int) -> Machine:
    size, side = (2**20, 256) if quick else (2**26, 2048)
    values = np.ones(size)
    squares = {dtype: np.ones((side, side), dtype) for dtype in ("float64", "float32")}
    found = interleaved(
        {"memory": timed(reading(values))}
        | {dtype: timed(lambda A=A: A @ A) for dtype, A in squares.items()},
        repetitions,
    )
    products = {dtype: 2 * side**3 / found[dtype].seconds / 1e9 for dtype in squares}
    memory = values.nbytes / found["memory"].seconds / 1e9
    return Machine(memory, products)


def named() -> str:
    """The processor, and how many of its cores this process may use."""
    usable = getattr(os, "sched_getaffinity", None)  # not on every system
    cores = os.cpu_count() if usable is None else len(usable(0))
    return f"{_processor()}, {cores} cores"


def _processor() -> str:
    """The name of the processor."""
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def reading(array: np.ndarray) -> Callable[[], Any]:
    """A function that reads all of a contiguous array once, by all cores.

    NumPy's sum takes half as long again as a compiled one, and replaces it where there is no C
    compiler.
    """
    flat = array.ravel()
    if COMPILED not in ENGINES:
        return flat.sum
    from gdrun.threads import run_all, shares, thread_count

    total = _total()
    tasks = [lambda a=a, b=b: total(flat[a:b]) for a, b in shares(len(flat), thread_count())]
    return lambda: run_all(tasks)


SUM = """
#include <stdint.h>
double total(const double *values, int64_t n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < n; k++)
        sum += values[k];
    return sum;
}
"""


@cache
def _total() -> Callable[[np.ndarray], float]:
    from gdrun.engine.compiled.arguments import Number, Pointer, Whole, address, kernel
    from gdrun.engine.compiled.compiler import library

    run = kernel(library(SUM), "total", Number, Pointer, Whole)
    return lambda values: run(address(values), len(values))
