"""The process ends at once after a command, and loses nothing that other code left to its end."""

import subprocess
import sys

import pytest

PLUGIN = '''
import atexit
from pathlib import Path

from gdrun import rule

atexit.register(Path("ended.txt").write_text, "yes")


@rule
def plain(w, g, lr=0.1):
    """Gradient descent.

        w ← w − lr g
    """
    return w - lr * g
'''


def run(folder, *words):
    command = [sys.executable, "-m", "gdrun", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.longer
def test_functions_registered_for_the_end_are_called(tmp_path):
    (tmp_path / "plugin.py").write_text(PLUGIN)
    ended = run(tmp_path, "train", "epochs=1", "--plugin", "plugin.py", "-q")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "ended.txt").read_text() == "yes"


@pytest.mark.longer
def test_the_exit_code_and_all_output_are_those_of_the_command(tmp_path):
    listed = run(tmp_path, "config", "schema")
    assert listed.returncode == 0
    assert listed.stdout.endswith("}\n")
    refused = run(tmp_path, "train", "lr=fast")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: ")
