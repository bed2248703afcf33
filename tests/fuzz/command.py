"""The command line of python tests/fuzz: it shares inputs among workers, and collects findings."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from fuzz import guided, worker

HERE = Path(__file__).parent
FOUND = HERE.parents[1] / "build" / "fuzz"
"""The directory of the findings."""

CHUNK = 2000
"""The number of inputs that one process judges."""

PATIENCE = 120.0
"""After these seconds without a line from a worker its input counts as a hang."""

BEGINNING = 600.0
"""The seconds that a worker may take before its first line: it imports, and trains small runs."""

MOST_ALIKE = 3
"""The number of inputs that are kept for one finding."""


@dataclass
class Tally:
    """What became of the inputs of one kind. peak: the largest memory of a worker, in bytes."""

    inputs: int = 0
    accepted: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    peak: int = 0


@dataclass(frozen=True)
class Chunk:
    """Consecutive inputs of a kind, for one process."""

    kind: str
    seed: int
    start: int
    stop: int
    guided: bool


class Fuzzing:
    """The state of a whole run: tallies by kind, and the findings on the disk."""

    def __init__(self, found: Path) -> None:
        self.found = found
        self.tallies: dict[str, Tally] = defaultdict(Tally)
        self._lock = Lock()

    def run(self, chunk: Chunk) -> None:
        """Judge the inputs of a chunk; after a crash or a hang, those after it."""
        begin, start = time.monotonic(), chunk.start
        tally = self.tallies[chunk.kind]
        while start < chunk.stop:
            with tempfile.TemporaryDirectory(prefix="gdrun-fuzz-") as name:
                last, ending = self._worker(chunk, start, Path(name), tally)
                if ending and not (Path(name) / worker.CURRENT).exists():
                    shown = (Path(name) / "stderr").read_text(errors="replace")[-5000:]
                    sys.exit(f"{chunk.kind}: the worker does not start: {ending}\n{shown}")
                if ending:
                    data = (Path(name) / worker.CURRENT).read_bytes()
                    crash = (Path(name) / "crash").read_text(errors="replace")
                    self._keep(chunk, last, ending, crash, data)
            start = max(last + 1, start + 1) if ending else chunk.stop
        with self._lock:
            tally.seconds += time.monotonic() - begin
            print(
                f"{chunk.kind} {chunk.stop:,}: {len(tally.findings)} findings",
                file=sys.stderr,
                flush=True,
            )

    def _worker(self, chunk: Chunk, start: int, folder: Path, tally: Tally) -> tuple[int, str]:
        """Run one process. Returns the number of its last input, and why it ended too early."""
        words = [chunk.kind, str(chunk.seed), str(start), str(chunk.stop), str(folder)]
        words += ["--guided"] * chunk.guided
        environment = os.environ | {
            "MALLOC_ARENA_MAX": "2",
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        last, ending = start - 1, ""
        with (folder / "stderr").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, str(HERE), "--worker", *words],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
            )
        assert process.stdout is not None
        with selectors.DefaultSelector() as ready, process.stdout as lines:
            ready.register(lines, selectors.EVENT_READ)
            # readline would wait for the rest of a line; the workers write whole lines.
            while ready.select(PATIENCE if last >= start else BEGINNING):
                if not (text := lines.readline()):
                    break
                line = json.loads(text)
                if "input" in line:
                    last = max(line["input"], last)
                    continue
                with self._lock:
                    tally.inputs += 1
                    tally.accepted += line["accepted"]
                if "finding" in line:
                    data = b64decode(line["data"])
                    self._keep(chunk, line["judged"], line["finding"], line["report"], data)
            else:
                ending = f"no answer for {PATIENCE:g} s"
                process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        tally.peak = max(tally.peak, usage.ru_maxrss * 1024)
        if process.returncode and not ending:
            ending = f"the worker ended with {process.returncode}"
            with (folder / "crash").open("a") as crash:
                crash.write((folder / "stderr").read_text(errors="replace")[-5000:])
        return last, ending

    def _keep(self, chunk: Chunk, number: int, finding: str, report: str, data: bytes) -> None:
        """Write a finding with its input to the disk, unless there are enough alike."""
        with self._lock:
            findings = self.tallies[chunk.kind].findings
            findings[finding] += 1
            if findings[finding] > MOST_ALIKE:
                return
        folder = self.found / f"{chunk.kind}-{hashlib.sha256(data).hexdigest()[:10]}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "input").write_bytes(data)
        shown = os.path.relpath(folder)
        (folder / "finding.txt").write_text(
            f"{finding}\n\nkind: {chunk.kind}\nseed: {chunk.seed}, input {number:,}\n"
            f"replay: python {os.path.relpath(HERE)} --replay {shown}\n\n{report}",
            encoding="utf-8",
            errors="backslashreplace",
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 if there are findings, else 0."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["--worker"]:
        worker.main(given[1:])
        return 0
    chosen = _words().parse_args(given)
    if chosen.replay:
        return replay(chosen.replay)
    from fuzz.kinds import KINDS, inputs_of

    names = chosen.only or [*KINDS]
    if unknown := [name for name in names if name not in KINDS]:
        sys.exit(f"no kind is called {unknown[0]}; there are {', '.join(KINDS)}")
    if not guided.is_installed():
        print("atheris is not installed: no input is guided by coverage (pip install atheris)")
    chunks = [
        Chunk(
            name,
            chosen.seed,
            start,
            min(start + CHUNK, total),
            odd and KINDS[name].guided and guided.is_installed(),
        )
        for name, total in inputs_of(chosen.inputs, names).items()
        for place, start in enumerate(range(0, total, CHUNK))
        for odd in [place % 2 == 1]
    ]
    shutil.rmtree(FOUND, ignore_errors=True)
    fuzzing, begin = Fuzzing(FOUND), time.monotonic()
    with ThreadPoolExecutor(chosen.jobs) as pool:
        list(pool.map(fuzzing.run, chunks))
    print(table(fuzzing.tallies, time.monotonic() - begin))
    return 1 if any(tally.findings for tally in fuzzing.tallies.values()) else 0


def replay(folder: Path) -> int:
    """Judge the input of a finding once more, in this process. Returns 1 if it is still one."""
    from fuzz.judging import judged

    name = folder.resolve().name.rpartition("-")[0]
    data = (folder / "input").read_bytes()
    with tempfile.TemporaryDirectory(prefix="gdrun-fuzz-") as place:
        again = worker.Worker(name, Path(place))
        again.judge(-1, again.corpus[0])
        worker.limit_memory()
        found = judged(again.kind, data, again.home)
    print(found.report or "\n".join(found.outcomes))
    return 1 if found.finding else 0


def table(tallies: dict[str, Tally], seconds: float) -> str:
    """The tallies as a table, and the findings below it."""
    lines = [f"{'kind':22}{'inputs':>9}{'accepted':>10}{'findings':>10}{'s':>8}{'peak MB':>9}"]
    for name, each in tallies.items():
        lines.append(
            f"{name:22}{each.inputs:9,}{each.accepted:10,}{len(each.findings):10,}"
            f"{each.seconds:8,.0f}{each.peak / 1e6:9,.0f}"
        )
    total = sum(each.inputs for each in tallies.values())
    kinds = sum(len(each.findings) for each in tallies.values())
    peak = max((each.peak for each in tallies.values()), default=0)
    lines.append(f"{'all':22}{total:9,}{'':10}{kinds:10,}{seconds:8,.0f}{peak / 1e6:9,.0f}")
    for name, each in tallies.items():
        lines += [f"{name}: {finding} ({n:,})" for finding, n in each.findings.most_common()]
    if kinds:
        lines.append(
            f"the inputs are in {os.path.relpath(FOUND)}; its files say how to replay them"
        )
    return "\n".join(lines)


def _words() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    words.add_argument("inputs", nargs="?", type=int, default=100_000)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    words.add_argument("--only", nargs="+", metavar="KIND")
    words.add_argument("--replay", type=Path, metavar="FOLDER", help="a folder of a finding")
    return words
