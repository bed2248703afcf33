"""How long a user waits: for help, for the quickstart, and for a small run from Python.

python tests/bench/bench_startup.py [--repeats K]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

SMALL_RUNS = """
import time
import numpy as np
import gdrun
from gdrun.api import train
rng = np.random.default_rng(0)
X = rng.normal(size=(150, 4))
y = (X[:, 0] > 0).astype(int)
for _ in range(2):
    begin = time.perf_counter()
    train({"model": "logistic"}, "epochs=100", data=(X, y))
    print(time.perf_counter() - begin)
"""


def wall(*words):
    """The seconds of one process of Python with these words, and what it printed."""
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, *words], capture_output=True, check=True, text=True)
    return time.perf_counter() - begin, done.stdout


def median(repeats, *words):
    return statistics.median(wall(*words)[0] for _ in range(repeats))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args(arguments).repeats
    python = median(repeats, "-c", "pass")
    helped = median(repeats, "-m", "gdrun", "--help")
    with tempfile.TemporaryDirectory() as out:
        quickstart = median(repeats, "-m", "gdrun", "train", "--out", out)
    runs = [wall("-c", SMALL_RUNS)[1].split() for _ in range(repeats)]
    first, second = (statistics.median(map(float, column)) for column in zip(*runs, strict=True))
    print(f"medians of {repeats}")
    print(f"  python -c pass                    {python:6.3f} s")
    print(f"  gdrun --help, beyond that         {helped - python:6.3f} s   (aim: 0.250)")
    print(f"  gdrun train, the quickstart       {quickstart:6.3f} s   (aim: 2.500)")
    print(f"  150 rows, 100 epochs, from Python {first:6.3f} s   (aim: 0.060)")
    print(f"    the same again                  {second:6.3f} s")


if __name__ == "__main__":
    main()
