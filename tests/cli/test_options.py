"""Error messages name arguments in Python, and options on the command line."""

import ast
import inspect
from pathlib import Path

import pytest
import typer

import gdrun
from gdrun.cli.app import app
from gdrun.cli.options import OPTIONS, as_options, with_options
from gdrun.errors import Parameter, Problem

PACKAGE = Path(gdrun.__file__).parent


def commands():
    command = typer.main.get_command(app)
    yield command
    yield from command.commands.values()


def parameters_named():
    """The names of all arguments that an error of the package can name."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name("Parameter"), args=[ast.Constant(value=name)]):
                    yield name


def test_every_argument_has_an_option_that_some_command_takes():
    taken = {
        option for each in commands() for parameter in each.params for option in parameter.opts
    }
    assert set(OPTIONS.values()) <= taken


@pytest.mark.longer
def test_every_argument_that_an_error_is_about_has_an_option():
    # The command line has no executor, and its contenders and values are always lists.
    assert (
        {"trials", "metric"}
        <= set(parameters_named()) - {"executor", "contenders", "values"}
        <= OPTIONS.keys()
    )


def test_every_argument_but_these_is_one_of_python_too():
    taken = {
        name
        for verb in (gdrun.train, gdrun.sweep, gdrun.compare, gdrun.TrainedModel.evaluate)
        for name in inspect.signature(verb).parameters
    }
    # In Python a run is a Run or a path, so that its directory is not looked for. The noise of
    # gradients is measured on the command line only, and only it draws pictures or shows weights.
    assert OPTIONS.keys() - taken == {"runs", "noise", "kind", "where", "weights", "x", "y"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("leave `trials` out", "leave --trials out"),
        ('add `search="random"`', "add --search random"),
        ('`tune="lr=0.1,1"`', "--tune lr=0.1,1"),
        ('write `tune=["lr=1,2", "l2"]`', "write --tune lr=1,2 --tune l2"),
        ("`seeds=K` repeats", "--seeds K repeats"),
        ('`resume="a b"`', "--resume 'a b'"),
        ('add `gdrun.load_plugin("a b.py")`', "add --plugin 'a b.py'"),
        # No arguments: a command, a name, a word without backticks.
        ("`gdrun train` makes a run", "`gdrun train` makes a run"),
        ("`momentum`", "`momentum`"),
        ("write trials", "write trials"),
    ],
)
def test_a_hint_with_options(text, shown):
    assert as_options(text) == shown


def test_a_place_is_an_option_only_where_it_is_an_argument():
    assert with_options(Problem("wrong", Parameter("metric"))).where == "--metric"
    # A contender, or a key, of that name.
    assert with_options(Problem("wrong", "metric")).where == "metric"
    assert str(Problem("wrong", Parameter("metric"))) == "error: metric: wrong"


def test_a_hint_about_keys_is_only_for_commands_that_take_them(gdrun):
    assert "write lr=3" in gdrun("train", "--lr", "3").err
    for command in (("predict", "last", "a.csv"), ("evaluate", "last", "a.csv"), ("show", "last")):
        answer = gdrun(*command, "--lr", "3")
        assert answer.code == 2
        assert "lr=3" not in answer.err
    answer = gdrun("evaluate", "last", "a.csv", "--metric", "recall")
    assert answer.err == (
        "error: gdrun evaluate has no option --metric\n"
        "hint: gdrun evaluate prints all metrics; --json has their values in full\n"
    )
