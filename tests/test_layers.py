"""The order of the layers, read from the imports: each imports only from those before it."""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gdrun"
MODULES = sorted(PACKAGE.rglob("*.py"))

ORDER = [
    "errors",
    "quantities",
    "array_types",
    "mapped_files",
    "moments",
    "threads",
    "stop_requests",
    "result_tables",
    "methods",
    "problems",
    "symptoms",
    "data",
    "config",
    "engine",
    "runs",
    "study",
    "insight",
    "views",
    "cli",
]
TOP = "cli"
"""The layer of the modules directly in the package, such as gdrun/api.py."""

DISTRIBUTIONS = {
    "yaml": "pyyaml",
    "pydantic-core": "pydantic",
    "backports": "backports.zstd",
    "sklearn": "scikit-learn",
    "mlflow": "mlflow-skinny",
    "tensorboardx": "tensorboardx",
    "pil": "pillow",
}
"""The distribution that contains a module, if the names differ; pydantic pins its core."""

every_module = pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(ROOT))
)


@cache
def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def layer(module):
    """The place in ORDER of a module such as gdrun.engine.cohort."""
    first = module.split(".")[1] if "." in module else TOP
    return ORDER.index(first if first in ORDER else TOP)


def name_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports_in(tree):
    """(node, module) for every import, in functions too; from gdrun import x is gdrun.x."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node, alias.name) for alias in names)
            case ast.ImportFrom(module="gdrun", names=names):
                yield from ((node, f"gdrun.{alias.name}") for alias in names)
            case ast.ImportFrom(module=module, level=0):
                yield node, module
            case ast.Call(
                func=ast.Name("import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield node, module


def outward_imports(tree, module):
    """Sentences on the imports from layers that come after the module's own."""
    return [
        f"line {node.lineno} imports {imported}"
        for node, imported in imports_in(tree)
        if imported.split(".")[0] == "gdrun" and layer(imported) > layer(module)
    ]


def imported_modules(tree, known):
    """The modules of `known` that a tree imports anywhere, each by its full name."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), names=names, level=0):
                full = {f"{module}.{alias.name}" for alias in names}
                found |= full & known or {module}
            case ast.Call(
                func=ast.Name("import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                found.add(module)
    return found & known


def cycles(graph):
    """The groups of nodes that reach each other, each sorted; nodes reach nothing by themselves."""
    reached = {node: set() for node in graph}
    for node in graph:
        waiting = [*graph[node]]
        while waiting:
            following = waiting.pop()
            if following not in reached[node]:
                reached[node].add(following)
                waiting += graph[following]
    groups = {
        tuple(sorted({other for other in reached[node] if node in reached[other]} | {node}))
        for node in graph
        if node in reached[node]
    }
    return sorted(groups)


def loud_lines(tree):
    """Sentences on code that only the command line may have: print, input, exit, typer."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name("print" | "input" | "exit" | "quit" as name)):
                found.append((node.lineno, name))
            case ast.Name("SystemExit"):
                found.append((node.lineno, "SystemExit"))
            case ast.Attribute(
                ast.Name("sys" | "os"), "exit" | "_exit" | "stdout" | "stderr" as name
            ):
                found.append((node.lineno, name))
            case ast.ImportFrom(module="sys" | "os", names=names):
                found += [
                    (node.lineno, alias.name)
                    for alias in names
                    if alias.name in {"exit", "_exit", "stdout", "stderr"}
                ]
    found += [
        (node.lineno, module)
        for node, module in imports_in(tree)
        if module.split(".")[0] in {"typer", "click"}
    ]
    return [f"line {line}: {name}" for line, name in sorted(found)]


def texts_in(tree):
    """(line, text) for every text of a program but its docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield node.lineno, text


def options_named(tree):
    """Sentences on the options of the command line that a text names.

    Options of pip do not count, and a text that is only an option is for another program.
    """
    return [
        f"line {line}: {option}"
        for line, text in texts_in(tree)
        if "pip install" not in text and " " in text
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)
    ]


def imports_at_once(tree):
    """The modules that are imported as soon as this one is: not in a function, nor in a try."""
    waiting = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Try):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (module for _, module in imports_in(ast.Module([node], [])))
        waiting += ast.iter_child_nodes(node)


def distribution(module):
    name = module.split(".")[0].replace("_", "-").lower()
    return DISTRIBUTIONS.get(name, name)


def core_dependencies():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.match(r"[\w.-]+", line)[0].lower() for line in project["dependencies"]}


def foreign(modules):
    return {
        distribution(module)
        for module in modules
        if module.split(".")[0] not in {"gdrun", *sys.stdlib_module_names}
    }


def test_every_folder_of_the_package_is_a_layer():
    folders = {path.relative_to(PACKAGE).parts[0] for path in MODULES if path.parent != PACKAGE}
    assert {"methods", "problems", "engine", "cli"} <= folders <= set(ORDER)


@pytest.mark.longer
@every_module
def test_a_module_imports_from_its_own_layer_and_those_before(path):
    assert outward_imports(parse(path), name_of(path)) == []


@pytest.mark.longer
def test_no_modules_import_each_other():
    """Imports in functions and under TYPE_CHECKING are counted: a hidden cycle is one too."""
    modules = {name_of(path): path for path in MODULES}
    graph = {name: imported_modules(parse(path), set(modules)) for name, path in modules.items()}
    assert sum(map(len, graph.values())) > len(modules)
    assert cycles(graph) == []


CONFIG_DOOR = "gdrun.engine.build"
"""The only module of the engine that reads configs."""


@pytest.mark.longer
def test_the_engine_has_one_door_for_configurations():
    inside = {
        name_of(path): imported_modules(parse(path), {name_of(each) for each in MODULES})
        for path in MODULES
        if name_of(path).startswith("gdrun.engine.")
    }
    readers = {
        name for name, known in inside.items() if any(m.startswith("gdrun.config") for m in known)
    }
    assert readers == {CONFIG_DOOR}


@pytest.mark.longer
@every_module
def test_imports_are_absolute(path):
    relative = [n for n in ast.walk(parse(path)) if isinstance(n, ast.ImportFrom) and n.level]
    assert [node.lineno for node in relative] == []


below_the_command_line = pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.parts[len(PACKAGE.parts)] not in {"cli", "__main__.py"}],
    ids=lambda path: str(path.relative_to(ROOT)),
)


ENDS_ITS_PROCESS = PACKAGE / "study" / "executors.py"
"""The module in which a new process ends that only imports the user's script."""


@below_the_command_line
def test_only_the_command_line_prints_and_exits(path):
    words = [line.partition(": ")[2] for line in loud_lines(parse(path))]
    assert words == (["_exit"] if path == ENDS_ITS_PROCESS else [])


@below_the_command_line
def test_only_the_command_line_names_its_options(path):
    assert options_named(parse(path)) == []


@every_module
def test_what_is_imported_at_once_is_a_core_dependency(path):
    assert foreign(imports_at_once(parse(path))) <= core_dependencies()


@pytest.mark.longer
def test_every_core_dependency_is_used():
    everywhere = {module for path in MODULES for _, module in imports_in(parse(path))}
    assert core_dependencies() <= foreign(everywhere)


def test_the_checks_see_what_they_look_for():
    """Each check finds lines that break its rule, so that no check passes without checking."""
    tree = ast.parse(
        "import torch\n"
        "from gdrun import cli\n"
        "from gdrun.engine.cohort import Cohort\n"
        "from gdrun.errors import GdrunError\n"
        "def late():\n"
        "    import duckdb\n"
        "    import gdrun.views.tables\n"
        "    import_module('gdrun.api')\n"
        "    print(1)\n"
        "    sys.stdout.write('')\n"
        "    raise SystemExit(2)\n"
        "try:\n"
        "    import pandas\n"
        "except ImportError:\n"
        "    import typer\n"
        "if TYPE_CHECKING:\n"
        "    import plotly\n"
        "class Held:\n"
        "    import pydantic_core.core_schema\n"
    )
    assert sorted(outward_imports(tree, "gdrun.problems.linear")) == [
        "line 2 imports gdrun.cli",
        "line 3 imports gdrun.engine.cohort",
        "line 7 imports gdrun.views.tables",
        "line 8 imports gdrun.api",
    ]
    assert outward_imports(tree, "gdrun.api") == outward_imports(tree, "gdrun") == []
    assert loud_lines(tree) == [
        "line 9: print",
        "line 10: stdout",
        "line 11: SystemExit",
        "line 15: typer",
    ]
    assert foreign(imports_at_once(tree)) == {"torch", "pydantic"}
    texts = ast.parse(
        "'A docstring may name --jobs.'\n"
        "hint = f'leave --trials out of {plan}'\n"
        "hint = 'python -m pip install --upgrade gdrun'\n"
        "hint = 'leave `jobs` out'\n"
    )
    assert options_named(texts) == ["line 2: --trials"]
    known = {"gdrun.cli", "gdrun.engine.cohort", "gdrun.api", "gdrun.views.tables", "gdrun.errors"}
    assert imported_modules(tree, known) == known
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d"}}) == [("b", "c"), ("d",)]
