"""Guidance by coverage: libFuzzer, through atheris, keeps inputs that reach new lines of gdrun.

Only the kinds that gdrun's own Python code reads gain from it.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pkgutil import walk_packages
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fuzz.worker import Worker


def is_installed() -> bool:
    return find_spec("atheris") is not None


def instrumented() -> None:
    """Import the modules that read configs and data, with counters in their bytecode."""
    import atheris

    with atheris.instrument_imports(include=["gdrun.config", "gdrun.data"]):
        import gdrun.config
        import gdrun.data

        for package in (gdrun.config, gdrun.data):
            for module in walk_packages(package.__path__, f"{package.__name__}."):
                import_module(module.name)


def guide(worker: Worker, seed: int, start: int, stop: int) -> None:
    """Judge `stop` − `start` inputs that libFuzzer chooses, and end the process."""
    import atheris

    corpus = worker.folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for place, data in enumerate(worker.corpus):
        (corpus / str(place)).write_bytes(data)
    numbers = count(start)

    def judge(data: bytes) -> None:
        number = next(numbers)
        if number >= stop:
            os._exit(0)
        worker.judge(number, data)

    def mutated(data: bytes, most: int, drawn: int) -> bytes:
        return worker.kind.mutated([data, *worker.corpus[:1]], Random(drawn))[:most]

    options = [
        "-max_len=40000",
        "-rss_limit_mb=0",
        "-timeout=600",
        "-verbosity=0",
        "-len_control=0",
    ]
    options += [f"-seed={seed}", "-detect_leaks=0", f"-artifact_prefix={worker.folder}/"]
    atheris.Setup(["fuzz", str(corpus), *options], judge, custom_mutator=mutated)
    atheris.Fuzz()
