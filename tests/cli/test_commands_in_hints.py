"""The commands that the messages and pages of the package name: each exists, and works."""

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer

import gdrun as package
from gdrun.cli.app import app

ROOT = Path(package.__file__).parent
COMMANDS = typer.main.get_command(app).commands
PLACE = "…"
"""What stands in for a part of a text that is known only when the message is made."""


def texts():
    """Every text of the package that is no docstring, with its place; parts are PLACE."""
    for file in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        nodes = list(ast.walk(tree))
        inner = {
            id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values
        }
        docstrings = {
            id(node.body[0].value)
            for node in nodes
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in nodes:
            if id(node) in inner or id(node) in docstrings:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{file.name}:{node.lineno}", node.value
            elif isinstance(node, ast.JoinedStr):
                parts = [
                    part.value if isinstance(part, ast.Constant) else PLACE for part in node.values
                ]
                yield f"{file.name}:{node.lineno}", "".join(parts)


NEED_WORDS = ("inspect", "sweep", "compare", "export")

NAMED = sorted(
    {
        (command, place)
        for place, text in texts()
        for command in re.findall(r"(?:`|such as: |write for example `)gdrun ([a-z][^`\n]*)", text)
    }
)


# `gdrun sweep` alone names the command, which needs a key; so do compare and export.
WHOLE = sorted(
    {
        command
        for command, _ in NAMED
        if not re.search(rf"{PLACE}|\b[A-Z]{{2,}}", command) and command not in NEED_WORDS
    }
)


def test_there_are_commands_to_check():
    assert len(NAMED) > 40
    assert len(WHOLE) > 10


@pytest.mark.parametrize(("command", "place"), NAMED)
def test_the_command_and_its_options_exist(command, place):
    words = shlex.split(command)
    name = words[0].rstrip(":")
    if name == PLACE:
        return
    assert name in COMMANDS, place
    found = COMMANDS[name]
    if hasattr(found, "commands") and len(words) > 1:
        assert words[1] in found.commands, place
        found = found.commands[words[1]]
    known = {option for parameter in found.params for option in parameter.opts} | {"--help"}
    given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert given <= known, place


@pytest.fixture
def here(gdrun, tmp_path, monkeypatch):
    """A function that runs gdrun in a directory with a run and the files that hints name."""
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{k % 7},{(3 * k) % 11},{k}.5\n" for k in range(60))
    for name in ("houses.csv", "train.csv", "new.csv"):
        Path(name).write_text(f"a,b,price\n{rows}", encoding="utf-8")
    words = ("epochs=2", "variant={name: mbgd, batch_size: 16}", "-q")
    gdrun("train", "dataset.path=new.csv", "model=linear", *words)
    return gdrun


@pytest.mark.longer
@pytest.mark.parametrize("command", WHOLE)
def test_a_command_that_is_named_in_full_works(here, command):
    words = shlex.split(command)
    quick = ["--print-trials"] if words[0] == "sweep" else []
    quick += ["epochs=1", "--seeds", "1"] if words[0] == "compare" else []
    quick += ["-y"] if words[:2] == ["runs", "delete"] else []
    answer = here(*words, *quick)
    assert (answer.code, answer.err) == (0, "")
