"""ASCII in place of what a terminal cannot represent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gdrun
from gdrun.cli.plain_characters import plain
from gdrun.views.sparklines import BLOCKS


def test_every_height_of_a_curve_has_a_sign_of_its_own():
    assert len(set(plain(BLOCKS))) == len(BLOCKS) == len(plain(BLOCKS))


def test_drawings_keep_their_width():
    drawn = "│⢀⠇   ⡜⠉│ 0.1 … 0.2 ×"
    assert len(plain(drawn)) == len(drawn)
    assert plain(drawn) == "|**   **| 0.1 - 0.2 x"


@pytest.mark.longer
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


def test_formulas_stay_readable():
    assert plain("∂ℓ/∂wᵢ, Δw, β₂ᵗ, xᵀw, 10⁻³, lr₀, ⌊t/n⌋") == (
        "dl/dw_i, Deltaw, beta2^t, x^Tw, 10^-^3, lr0, floor(t/n)"
    )


def test_every_sign_of_the_package_has_a_substitute():
    package = Path(gdrun.__file__).parent
    signs = set().union(*(file.read_text(encoding="utf-8") for file in package.rglob("*.py")))
    # What only data may have, such as letters of other scripts, may stay a question mark.
    lost = sorted(sign for sign in signs if not sign.isascii() and "?" in plain(sign))
    assert [sign for sign in lost if sign.isprintable()] == []
