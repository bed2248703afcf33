"""Kill commands at random times with SIGKILL, continue them, and compare every bit.

    python tests/kills.py [KILLS]

KILLS (100 by default) processes are killed. Each command is killed up to three times before it may
end; then its weights and traces must be those of a run that was never killed. Run it with
`make kills`; it takes a few seconds for each kill, so it is not one of the tests.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

import numpy as np

GDRUN = [sys.executable, "-m", "gdrun"]
NETWORK = ("model=mlp", "optimizer=adam", "variant.batch_size=16", "epochs=40")
LINEAR = ("dataset=breast-cancer", "model=logistic", "variant=sgd", "optimizer=adam", "epochs=300")
SMALL = ("epochs=60", "evaluate.every=2")
COMMANDS = {
    "train": ["train", *NETWORK],
    "train compiled": ["train", *LINEAR, "engine=compiled"],
    "train seeds": ["train", *NETWORK[:3], "epochs=15", "--seeds", "3"],
    "sweep": ["sweep", "lr=log:1e-4:10:24", *SMALL],
    "sweep processes": ["sweep", "lr=log:1e-4:10:24", *SMALL, "--jobs", "2"],
    "sweep halving": ["sweep", "lr=log:1e-4:10:24", *SMALL, "--halving"],
    "compare": ["compare", "sgd", "mbgd+adam", "mbgd", "--budget", "epochs=12"],
    "compare processes": ["compare", "mbgd+adam", "mbgd", "--budget", "epochs=40", "--jobs", "2"],
    "compare tuned": ["compare", "mbgd+adam", "mbgd", "--budget", "epochs=10", "--tune", "lr"],
}
ENVIRONMENT = os.environ | {"GDRUN_CHECKPOINT_SECONDS": "0.1"}


def main(kills: int) -> None:
    seed = time.time_ns()
    print(f"seed {seed}", flush=True)
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        references = {}
        left, commands = kills, []
        for turn in count():
            if not left:
                break
            # Each command occurs before any occurs again.
            commands = commands or draw.sample([*COMMANDS], len(COMMANDS))
            command = commands.pop()
            if command not in references:
                begin = time.monotonic()
                out = folder / f"whole {command}"
                subprocess.run(arguments(command, out), env=ENVIRONMENT, check=True, **SILENT)
                references[command] = time.monotonic() - begin, bits(out)
            seconds, expected = references[command]
            out = folder / f"killed {command} {turn}"
            killed = killed_and_continued(command, out, seconds, min(left, 3), draw)
            left -= killed
            found = bits(out)
            if found != expected:
                wrong = [key for key in expected if found.get(key) != expected[key]]
                sys.exit(f"{command}: other bits after {killed} kills in {wrong[:3]}")
            print(f"{command}: {killed} kills, the same bits", flush=True)
    print(f"{kills} kills in {turn} runs, each time the same bits")


SILENT = {"stdout": subprocess.DEVNULL}


def arguments(command: str, out: Path) -> list[str]:
    """The command line of a command: a new run or study, or the continuation of the one in out."""
    words = COMMANDS[command]
    records = [path for path in out.glob("*/*.json") if path.name in ("run.json", "study.json")]
    if not records:
        return [*GDRUN, *words, "--out", str(out)]
    where = str(records[0].parent)
    if words[0] == "train":
        return [*GDRUN, "train", "--resume", where]
    return [*GDRUN, *words, "--out", str(out), "--resume", where]


def killed_and_continued(
    command: str, out: Path, seconds: float, most: int, draw: random.Random
) -> int:
    """Run a command to its end, and kill it up to `most` times. Returns the number of kills.

    seconds: the time that the command takes without a kill.
    """
    kills = 0
    while True:
        clean(out)
        process = subprocess.Popen(arguments(command, out), env=ENVIRONMENT, **SILENT)
        try:
            code = process.wait(draw.uniform(0.2, 1.1) * seconds if kills < most else None)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        else:
            if code:
                sys.exit(f"{command}: exit code {code} after {kills} kills")
            return kills


def clean(out: Path) -> None:
    """Remove what a kill left behind before the first step: directories without a record."""
    for path in out.glob("*"):
        if not any((path / name).exists() for name in ("run.json", "study.json")):
            for file in path.iterdir():
                file.unlink()
            path.rmdir()


def bits(out: Path) -> dict[str, str]:
    """Every number of the runs or the study in a directory except times, as text by name."""
    found = {}
    for path in out.rglob("traces.jsonl"):
        for line in path.read_text().splitlines():
            trace = json.loads(line)
            for part in ("steps", "evals"):
                del trace[part]["seconds"]
            found[f"{path.parent.name == 'tuning'} {trace['identity']}"] = repr(trace)
    for path in out.glob("*/run.json"):
        seed = json.loads(path.read_text())["seed"]
        with np.load(path.parent / "weights.npz") as weights:
            found |= {f"{seed} {name}": repr(weights[name].tobytes()) for name in weights}
        rows = [json.loads(line) for line in (path.parent / "trace.jsonl").read_text().splitlines()]
        found[f"{seed} trace"] = repr([{**row, "seconds": None} for row in rows])
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
