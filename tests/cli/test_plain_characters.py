"""ASCII in place of what a terminal cannot represent."""

import os
import subprocess
import sys

from gdrun.cli.plain_characters import plain
from gdrun.views.sparklines import BLOCKS


def test_every_height_of_a_curve_has_a_sign_of_its_own():
    assert len(set(plain(BLOCKS))) == len(BLOCKS) == len(plain(BLOCKS))


def test_drawings_keep_their_width():
    drawn = "│⢀⠇   ⡜⠉│ 0.1 … 0.2 ×"
    assert len(plain(drawn)) == len(drawn)
    assert plain(drawn) == "|**   **| 0.1 - 0.2 x"


def test_a_sweep_in_ascii_has_no_question_marks(tmp_path):
    words = ["sweep", "lr=0.01,0.1,1e9", "epochs=2", "--seeds", "1", "-o", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "gdrun", *words],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert b"?" not in done.stdout
    assert b"<=" in done.stdout
    assert b"beta" in done.stdout
