"""Run the commands of the README, and generate its tables.

`python tests/readme.py --write` renews both; with `--tables` only the tables, which takes no time.

Every ```console block that begins with `$ gdrun` holds commands and all that they print, on a
terminal of 80 columns without colour. Times and run names differ each time, and are masked where
the two are compared.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from test_layers import ORDER

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
FILE = re.compile(r"```python\n# (\w+\.py)\n(.*?)```", re.DOTALL)
TABLE = r"\| {} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)"
DATA = re.compile(r"```csv (\S+)\n(.*?)```", re.DOTALL)
BLOCK = re.compile(r"```console\n(\$ gdrun.*?)```", re.DOTALL)
COMMAND = re.compile(r"^\$ (gdrun.*)$", re.MULTILINE)
SENTENCE = re.compile(r"^\S.*(?:\n {9,}\S.*)*", re.MULTILINE)
"""A line, and the lines that continue it, which are indented as far as the words of a note."""
ENVIRONMENT = {
    "COLUMNS": "80",
    "NO_COLOR": "1",
    "PYTHONIOENCODING": "utf-8",
    # Which engine ends first depends on what was compiled before, and the last digits on it.
    "GDRUN_ENGINE": "numpy",
    # A rate that is too large magnifies the last digit of a sum until it shows, and a processor
    # with longer registers adds up in another order: all are to take the same ones here.
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4",
}


def output_of(command: str, folder: Path) -> str:
    """What a command prints on both streams, run in `folder`, where configs/ is at hand, and each
    block of Python that begins with the name of a file is that file, as is a block of CSV.
    """
    link = folder / "configs"
    if not link.exists():
        link.symlink_to(ROOT / "configs")
    readme = README.read_text(encoding="utf-8")
    for name, text in [*FILE.findall(readme), *DATA.findall(readme)]:
        (folder / name).write_text(text, encoding="utf-8")
    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(
        words,
        cwd=folder,
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def transcript(block: str, folder: Path) -> str:
    """The commands of a block, run one after the other in `folder`, each with what it prints."""
    commands = COMMAND.findall(block)
    return "".join(f"$ {command}\n{output_of(command, folder)}" for command in commands)


def masked(text: str) -> str:
    """The text without times, speeds and run names, which differ from run to run.

    A sentence with a time is one line, because its lines break where the width of the time says.
    """
    text = re.sub(r"\d{8}-\d{6}-([\w.-]+?)-[0-9a-f]{4}\b", r"<run of \1>", text)
    # A machine that does other work, too, makes a run so slow that it lists the parts of its time.
    text = re.sub(r"(?m)^ *elapsed +\d.*\n(?: {11,}\S.*\n)*", "", text)
    text = re.sub(r"\d+(\.\d+)? (µs|ms|s|min|h)\b", "<time>", text)
    text = SENTENCE.sub(lambda lines: joined(lines[0]) if "<time>" in lines[0] else lines[0], text)
    text = re.sub(r"(\d\.\d{6})\d+", r"\1", text)  # the last digits of a sum depend on the machine
    return re.sub(r"(<time> ?)+", "<time>", re.sub(r" +", " ", text))


def joined(lines: str) -> str:
    """The lines as one, with single spaces."""
    return " ".join(lines.split())


def blocks(text: str) -> list[str]:
    """Every block of the README with commands and their output."""
    return BLOCK.findall(text)


def renewed(text: str, folder: Path) -> str:
    """The README with the output of every command as it is now."""
    return BLOCK.sub(lambda block: f"```console\n{transcript(block[1], folder)}```", text)


def with_tables(text: str) -> str:
    """The README with a row for each layer and for each verb of the Makefile."""
    for first_heading, rows in (("layer", layer_rows()), ("verb", verb_rows())):
        (table,) = re.finditer(TABLE.format(first_heading), text)
        body = "".join(f"| {name} | {what} |\n" for name, what in rows)
        text = text[: table.start(1)] + body + text[table.end(1) :]
    return text


def layer_rows() -> list[tuple[str, str]]:
    """Each layer in its order, with the first sentence of its docstring."""
    return [(f"`{name}`", first_sentence(ROOT / "gdrun" / name)) for name in ORDER]


def first_sentence(layer: Path) -> str:
    """The first sentence of the docstring of a folder or of a module, without its full stop."""
    file = layer / "__init__.py" if layer.is_dir() else layer.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(re.split(r"\.(?:\s|$)", text)[0].split())


def verb_rows() -> list[tuple[str, str]]:
    """Each verb of the Makefile, with its comment."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return [
        (f"`make {verb}`", what)
        for verb, what in re.findall(r"^([a-z]+):.*?(?: ## (.*))?$", text, re.MULTILINE)
    ]


if __name__ == "__main__":
    text = with_tables(README.read_text(encoding="utf-8"))
    if "--tables" not in sys.argv:
        with tempfile.TemporaryDirectory() as place:
            text = renewed(text, Path(place))
    if "--write" in sys.argv:
        README.write_text(text, encoding="utf-8")
    else:
        print(text)
