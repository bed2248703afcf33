"""Control characters of a file's own names and texts never reach the terminal."""

import io
import json
import xml.etree.ElementTree
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gdrun.errors import DataError, Problem, printable

# Clear the screen; an 8-bit escape; a mark that turns the direction of writing.
EVIL = "a\x1b[2J\x9b1m\x01\u202eb"
SHOWN = r"a\x1b[2J\x9b1m\x01\u202eb"
RAW = ("\x1b", "\x9b", "\x01", "\u202e")


def test_each_control_character_is_escaped_and_others_are_kept():
    for code in [*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x202E, 0x2066]:
        sign = chr(code)
        assert printable(sign) == (sign if sign in "\t\n" else repr(sign)[1:-1])
    kept = "Größe ≥ 3 · 東京 🙂 é"
    assert printable(kept) == kept
    problem = Problem(EVIL, EVIL, f"did you mean {EVIL}?")
    assert str(problem) == f"error: {SHOWN}: {SHOWN}\nhint: did you mean {SHOWN}?"


def write(place, ending):
    """A file that has the name EVIL inside, and the words after its path."""
    path = place / f"data.{ending}"
    frame = pd.DataFrame({EVIL: [1.0, 2, 3, 4] * 5, "y": [1.5, 2.5, 3.5, 1.0] * 5})
    if ending == "npz":
        stream = io.BytesIO()
        np.save(stream, np.eye(3))
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{EVIL}.npy", stream.getvalue())
    elif ending == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        getattr(frame, f"to_{ending}")(path)
    return path


@pytest.mark.longer
@pytest.mark.parametrize("ending", ["npz", "parquet", "feather", "jsonl"])
def test_names_in_files(gdrun, tmp_path, monkeypatch, ending):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, ending)
    words = ("model=linear", "variant=bgd", "epochs=1")
    for extra in ((), ("dataset.target=z",)):
        if ending == "npz" and extra:
            continue
        answer = gdrun("train", f"dataset.path={path.name}", *words, *extra)
        shown = answer.out + answer.err
        assert not any(sign in shown for sign in RAW)
        if answer.code:
            assert answer.code == 2
            assert SHOWN in shown
    if ending == "npz":
        return
    gdrun("train", f"dataset.path={path.name}", *words, "-q")
    weights = gdrun("show", "--weights", "last")
    assert SHOWN in weights.out
    new = pd.DataFrame({EVIL[::-1]: [1.0]})
    new.to_parquet(tmp_path / "new.parquet")
    answer = gdrun("predict", "last", "new.parquet")
    assert answer.code == 2
    assert SHOWN in answer.err
    assert not any(sign in answer.out + answer.err for sign in RAW)
    document = json.loads(gdrun("show", "--weights", "last", "--json").out)
    assert document["scores"][0]["coefficients"][0]["feature"] == EVIL


def test_an_exception_of_python_is_escaped_too(tmp_path):
    import gdrun

    with pytest.raises(DataError) as caught:
        gdrun.train({"dataset": {"path": str(write(tmp_path, "npz"))}, "model": "linear"})
    assert not any(sign in str(caught.value) for sign in RAW)


@pytest.mark.longer
def test_names_in_pictures_and_pages(gdrun, tmp_path, monkeypatch):
    # Signs of HTML, of the formulas of Matplotlib, of Rich, and of a terminal.
    monkeypatch.chdir(tmp_path)
    name = "$\\frac{ <script>alert(1)</script> <!-- style --> [bold] & \x1b[2J\x07"
    words = ("dataset=iris", "model=softmax", "epochs=1", f"name={json.dumps(name)}")
    assert gdrun("train", *words, "-q").code == 0
    for file in ("a.svg", "a.png"):
        assert gdrun("plot", "last", "-o", file).code == 0
    # What is not well-formed, or has a control character, cannot be parsed.
    svg = xml.etree.ElementTree.parse("a.svg").getroot()
    assert not [each for each in svg.iter() if "script" in each.tag]
    assert gdrun("report", "last", "-o", "a.html").code == 0
    page = Path("a.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\x1b[2J" not in page
