"""The worker: a process that mutates and judges the inputs of one kind.

    python tests/fuzz --worker KIND SEED START STOP FOLDER [--guided]

It writes each input to FOLDER/current before it is judged, so that the parent has it after a crash,
and prints a line of JSON for each input. Input k depends on the kind, the seed and START only.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import sys
import tempfile
from base64 import b64encode
from pathlib import Path
from random import Random

MEMORY = 2**30
"""The bytes of address space that a worker may add after its start: 1 GiB."""

CURRENT = "current"
MOST_KEPT = 400
"""The largest number of inputs that are kept as further seeds because their outcomes are new."""


class Worker:
    """Judges inputs of a kind and reports them. folder: an empty directory for their files."""

    def __init__(self, name: str, folder: Path) -> None:
        from fuzz.doors import make_ready
        from fuzz.kinds import KINDS

        self.kind = KINDS[name]
        self.folder = folder
        home = folder / "files"
        home.mkdir(exist_ok=True)
        self.home = home
        tempfile.tempdir = str(home)
        os.chdir(home)
        make_ready(home)
        self.corpus = self.kind.seeds(home)

    def judge(self, number: int, data: bytes) -> tuple[str, ...]:
        """Judge an input, and print a line about it. Returns its outcomes."""
        from fuzz.judging import judged

        (self.folder / CURRENT).write_bytes(data)
        say({"input": number})
        found = judged(self.kind, data, self.home)
        line = {"accepted": "accepted" in found.outcomes}
        if found.finding:
            text = b64encode(data).decode()
            line |= {"finding": found.finding, "report": found.report, "data": text}
        say({"judged": number, **line})
        return found.outcomes


def say(line: dict[str, object]) -> None:
    print(json.dumps(line), file=sys.__stdout__, flush=True)


def limit_memory() -> None:
    """Limit the address space to its present size and MEMORY."""
    status = Path("/proc/self/statm")
    if status.exists():
        size = int(status.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))


def mutate(worker: Worker, seed: str, start: int, stop: int) -> None:
    """Judge inputs `start` to `stop`; an input whose outcomes are new becomes another seed."""
    for data in worker.corpus if start == 0 else ():
        worker.judge(-1, data)
    corpus, known = [*worker.corpus], set()
    for number in range(start, stop):
        draw = Random(f"{seed}/{number}")
        data = worker.kind.mutated(corpus, draw)
        outcomes = worker.judge(number, data)
        if outcomes not in known and len(corpus) < MOST_KEPT:
            known.add(outcomes)
            corpus.append(data)


def main(arguments: list[str]) -> None:
    name, seed, start, stop, where = arguments[:5]
    folder = Path(where).resolve()
    faulthandler.enable(file=(folder / "crash").open("w"))
    guided = "--guided" in arguments
    if guided:
        from fuzz.guided import instrumented

        instrumented()
    worker = Worker(name, folder)
    seeds = worker.corpus[0]
    worker.judge(-1, seeds)  # It imports what the door needs, before memory is limited.
    limit_memory()
    if guided:
        from fuzz.guided import guide

        guide(worker, int(Random(seed).random() * 2**31), int(start), int(stop))
    else:
        mutate(worker, f"{seed}/{name}", int(start), int(stop))
