"""`--watch` in a real terminal: a pseudo-terminal that the test reads and types to."""

import fcntl
import json
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

MOST_SECONDS = 60.0
LINE = re.compile(rb"\repoch [\d.]+/\d+  loss ")
"""The line of progress that is shown without the live view."""


class Terminal:
    """A command in a terminal of 80 columns and 40 rows."""

    def __init__(self, *words, folder):
        self.screen = b""
        self.file, self.end = os.openpty()
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        # The terminal that the first process of a session opens is the one that controls it.
        opening = 'exec "$@" < "$0" > "$0" 2>&1'
        words = (sys.executable, "-m", "gdrun", *words)
        program = ["/bin/sh", "-c", opening, os.ttyname(self.end), *words]
        more = {"TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[2])}
        self.child = subprocess.Popen(
            program, cwd=folder, env=os.environ | more, start_new_session=True
        )

    def until(self, found):
        """Read until `found(screen)` holds; without a condition, until the command has ended."""
        end = time.monotonic() + MOST_SECONDS
        while not (found and found(self.screen)):
            assert time.monotonic() < end, self.screen[-2000:]
            if select.select([self.file], [], [], 0.1)[0]:
                self.screen += os.read(self.file, 65536)
            elif self.child.poll() is not None:
                assert found is None, self.screen[-2000:]
                return

    def code(self):
        self.until(None)
        os.close(self.file)
        os.close(self.end)
        return self.child.wait(timeout=MOST_SECONDS)


@pytest.mark.slow
def test_the_curves_grow_and_a_key_leaves_them(tmp_path):
    terminal = Terminal("train", "--watch", "epochs=3000", "engine=numpy", folder=tmp_path)
    terminal.until(lambda screen: screen.count(b"gradient norm") >= 3)
    assert b"batch loss" in terminal.screen and b"q: leave this view" in terminal.screen
    # The terminal passes keys on without Enter, and does not show them.
    local_modes = termios.tcgetattr(terminal.file)[3]
    assert not local_modes & (termios.ICANON | termios.ECHO)
    os.write(terminal.file, b"q")
    drawn = len(terminal.screen)
    terminal.until(lambda screen: len(LINE.findall(screen[drawn:])) >= 2)
    assert b"gradient norm" not in terminal.screen[terminal.screen.rindex(b"\repoch") :]
    os.write(terminal.file, b"\x03")
    assert terminal.code() == 130
    assert b"interrupted" in terminal.screen and b"to continue:" in terminal.screen


@pytest.mark.slow
def test_seeds_are_drawn_together_until_the_end(tmp_path):
    words = ("train", "--watch", "--seeds", "3", "epochs=150", "engine=numpy")
    terminal = Terminal(*words, folder=tmp_path)
    assert terminal.code() == 0
    text = terminal.screen.decode()
    assert "seed 0" in text and "seed 2" in text and "3 of 3 runs" in text
    assert len(list((tmp_path / "runs").iterdir())) == 3


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_study_goes_on_when_its_view_is_left(tmp_path, jobs):
    words = ("sweep", "lr=0.01,0.1", "epochs=30", "engine=numpy", "--seeds", "2", "-j", jobs)
    terminal = Terminal(*words, "--watch", folder=tmp_path)
    terminal.until(lambda screen: b"best so far" in screen and b"runs have ended" in screen)
    os.write(terminal.file, b"q")
    drawn = len(terminal.screen)
    assert terminal.code() == 0
    after = terminal.screen[drawn:].decode()
    assert "4 runs in" in after and "gdrun train runs/" in after  # the result
    assert after.rfind("q: leave this view") < after.index("4 runs in")
    (study,) = (tmp_path / "runs").iterdir()
    record = json.loads((study / "study.json").read_text())
    assert len((study / "trials.jsonl").read_text().splitlines()) == 4
    assert record["work"]["run"] == 4


@pytest.mark.parametrize("words", [("train",), ("sweep", "lr"), ("compare", "bgd", "sgd")])
def test_without_a_terminal_the_error_says_what_to_do(gdrun, tmp_path, words):
    answer = gdrun(*words, "--watch", "-o", str(tmp_path))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: --watch: needs a terminal\nhint: leave --watch out")
    assert list(tmp_path.iterdir()) == []
