"""The doors: the calls through which each kind of input reaches gdrun.

A door gets the bytes of an input and a folder, and gives the calls to make with them. A call may
raise what the command line shows as an error of the user; anything else is a finding.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import gdrun
from fuzz import seeds
from gdrun.cli import main
from gdrun.config.document import read_document
from gdrun.config.loading import load
from gdrun.config.overrides import swept_values
from gdrun.data import load_table, prepare
from gdrun.data.inspection import inspect_data
from gdrun.engine.build import build
from gdrun.engine.trainer import Trainer
from gdrun.errors import GdrunError
from gdrun.runs.checkpoint import machine_of, origin_of, read_checkpoint
from gdrun.runs.experiment_data import experiment_data
from gdrun.runs.model_file import WEIGHTS

Call = Callable[[], object]
Door = Callable[[bytes, Path], Iterator[Call]]

INTERNAL = 1
"""The exit code of an internal error."""

RARE = 500
"""One in so many inputs is given to a whole process, which takes a thousand times longer."""


class InternalError(Exception):
    """The command line answered with an internal error; the message has its traceback."""


def gdrun_command(*words: str) -> Call:
    """The call of a whole command in this process.

    Raises InternalError for the exit code 1, and GdrunError with the shown errors for 2.
    """

    def call() -> int:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        if code == INTERNAL or "Traceback" in err.getvalue():
            shown = err.getvalue()
            file = Path(shown.rpartition("the traceback is kept in ")[2].strip() or "/nothing")
            raise InternalError(file.read_text() if file.is_file() else shown)
        if code == GdrunError.exit_code:
            raise GdrunError(err.getvalue().partition("\n")[0].removeprefix("error: "))
        return code

    return call


def whole_process(*words: str) -> Call:
    """The call of a command in a process of its own, as a user runs it."""

    def call() -> None:
        command = [sys.executable, "-m", "gdrun", *words]
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace")
        if ended.returncode not in (0, GdrunError.exit_code) or "Traceback" in ended.stderr:
            raise InternalError(f"exit code {ended.returncode}\n{ended.stderr}")

    return call


def one_of(data: bytes, *calls: Call) -> Call:
    """One of the calls, chosen by the bytes of the input: the same one for the same input."""
    return calls[crc32(data) % len(calls)]


def config_file(data: bytes, folder: Path) -> Iterator[Call]:
    path = folder / "input.yaml"
    path.write_bytes(data)
    yield lambda: read_document(path)
    if crc32(data) % 4 == 0:
        yield lambda: load(path)
    if crc32(data) % 64 == 0:
        yield one_of(
            data[:-1],
            gdrun_command("config", "check", str(path)),
            gdrun_command("config", "show", str(path), "--json"),
            gdrun_command("plot", "--schedule", str(path)),
        )
    if crc32(data) % RARE == 1:
        yield whole_process("config", "check", str(path))


def overrides(data: bytes, folder: Path) -> Iterator[Call]:
    # On the command line, bytes that are not UTF-8 are surrogates; no word has a NUL.
    texts = data.decode("utf-8", "surrogateescape").split("\0")
    if crc32(data) % 4 == 0:
        yield lambda: load(None, texts)
    for text in texts[:20]:
        key, _, value = text.partition("=")
        yield lambda key=key, value=value: swept_values(key, value)


HARMLESS = {"config", "sweep", "plot", "list", "inspect", "theory"}
PLANNED = {"sweep": "--print-trials", "plot": "--schedule"}
"""The option with which a command computes nothing that may rightly take long."""


def words(data: bytes, folder: Path) -> Iterator[Call]:
    given = data.decode("utf-8", "surrogateescape").split("\0")
    if given[0] not in HARMLESS or PLANNED.get(given[0], given[0]) not in given:
        given = ["config", "show", *given]
    if any(word.startswith(("-o", "--out", "--save")) or word == "new" for word in given):
        return
    yield gdrun_command(*given)


def data_file(ending: str) -> Door:
    """The door for data files with an ending: inspected, prepared, and predicted."""

    def door(data: bytes, folder: Path) -> Iterator[Call]:
        path = folder / f"input{ending}"
        path.write_bytes(data)
        given = {"path": str(path)}
        yield lambda: inspect_data(given)
        if crc32(data) % 8 == 0:
            yield lambda: _prepared(given)
        if crc32(data) % 32 == 2:
            yield lambda: _model(folder, "table").predictions(str(path), "ignore")
            yield lambda: _model(folder, "classes").evaluate(str(path))
        if crc32(data) % 64 == 1:
            yield gdrun_command("inspect", str(path))
            yield gdrun_command("predict", str(run_in(folder, "table")), str(path), "--json")
        if crc32(data) % RARE == 2:
            yield whole_process("inspect", str(path))

    return door


def idx_files(data: bytes, folder: Path) -> Iterator[Call]:
    """An IDX file as the examples, with other targets; and as the targets of other examples."""
    path, other = folder / "input.idx", folder / "other.idx"
    path.write_bytes(data)
    images, labels = seeds.idx_seeds()[:2]
    for written, given in ((labels, (path, other)), (images, (other, path))):
        other.write_bytes(written)
        options = dict(zip(("path", "targets"), map(str, given), strict=True))
        yield lambda options=options: inspect_data(options)
        if crc32(data) % 8 == 0:
            yield lambda options=options: _prepared(options)
    if crc32(data) % 64 == 1:
        yield lambda: _model(folder, "table").predictions(str(path))


def _prepared(given: dict[str, object]) -> object:
    return prepare(
        load_table(given | {"missing": "mean"} if "csv" in str(given["path"]) else given),
        task=None,
        validation=0.1,
        test=0.1,
        standardize=True,
        seed=0,
        dtype="float64",
    )


def run_in(folder: Path, name: str) -> Path:
    """The directory of a run; it is trained at the first call in a folder."""
    if not (folder / name).exists():
        if not (folder / "houses.csv").exists():
            seeds.write_houses(folder)
        seeds.trained(name, folder)
    return next((folder / name).iterdir())


def make_ready(folder: Path) -> None:
    """Train the runs that the doors use, and import what they import."""
    for name in seeds.RUNS:
        run_in(folder, name)
    seeds.write_flowers(folder)


def study_in(folder: Path) -> Path:
    """The directory of a sweep; it runs at the first call in a folder."""
    if not (folder / "study").exists():
        seeds.swept(folder)
    return next((folder / "study").iterdir())


def _model(folder: Path, name: str) -> gdrun.TrainedModel:
    return gdrun.load_model(run_in(folder, name))


def query(data: bytes, folder: Path) -> Iterator[Call]:
    text = data.decode("utf-8", "surrogateescape")
    yield lambda: inspect_data({"query": text, "folder": str(folder)})


def condition(data: bytes, folder: Path) -> Iterator[Call]:
    # A word of the command line has no NUL.
    text = data.decode("utf-8", "surrogateescape").replace("\0", "")
    yield gdrun_command("runs", "--out", str(folder / "classes"), "--where", text)


def record(name: str, file: str) -> Door:
    """The door for a file of a run: the directory is read by the commands that show runs."""

    def door(data: bytes, folder: Path) -> Iterator[Call]:
        found = run_in(folder, name)
        with _replaced(found / file, data):
            where, runs = str(found), str(found.parent)
            page, tables = _new(folder / "page.html"), _new(folder / "tables")
            yield lambda: gdrun.read_run(found)
            yield one_of(
                data,
                gdrun_command("show", where),
                gdrun_command("show", where, "--json"),
                gdrun_command("runs", "--out", runs),
                gdrun_command("runs", "--out", runs, "--json"),
                gdrun_command("diagnose", where),
                gdrun_command("plot", where),
                gdrun_command("report", where, "-o", str(page)),
                gdrun_command("export", where, str(tables)),
            )

    return door


def study(file: str) -> Door:
    """The door for a file of a sweep."""

    def door(data: bytes, folder: Path) -> Iterator[Call]:
        found = study_in(folder)
        with _replaced(found / file, data):
            where, runs = str(found), str(found.parent)
            page, tables = _new(folder / "page.html"), _new(folder / "tables")
            yield one_of(
                data,
                gdrun_command("show", where),
                gdrun_command("show", where, "--json"),
                gdrun_command("runs", "--out", runs),
                gdrun_command("plot", where),
                gdrun_command("report", where, "-o", str(page)),
                gdrun_command("export", where, str(tables)),
            )
        if crc32(data) % 4 == 1:
            copy = folder / "resumed"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(found, copy)
            (copy / file).write_bytes(data)
            yield lambda: gdrun.sweep(*seeds.SWEPT, seeds=2, resume=copy)

    return door


def model_file(data: bytes, folder: Path) -> Iterator[Call]:
    """weights.npz, which predicts two files of data; the model of a run knows one of them."""
    found = run_in(folder, "classes")
    with _replaced(found / WEIGHTS, data):
        for rows in map(str, (folder / "flowers.csv", folder / "houses.csv")):
            yield lambda rows=rows: gdrun.load_model(found).predictions(rows)
        yield lambda: gdrun.load_model(found).evaluate(str(folder / "flowers.csv"))
        if crc32(data) % 8 == 0:
            yield gdrun_command("predict", str(found), str(folder / "flowers.csv"))


def checkpoint(data: bytes, folder: Path) -> Iterator[Call]:
    """checkpoint.npz, from which a training continues to its end."""
    path = folder / "checkpoint.npz"
    path.write_bytes(data)

    def call() -> None:
        experiments = [load(config) for config in seeds.TRAINED_TOGETHER]
        cohort, engine = build(experiments, experiment_data(experiments[0]))
        origin, machine = origin_of(experiments, cohort, engine), machine_of(engine)
        snapshot, _ = read_checkpoint(path, origin, machine, cohort)
        Trainer(cohort, engine, snapshot=snapshot).run()

    yield call


@contextlib.contextmanager
def _replaced(path: Path, data: bytes) -> Iterator[None]:
    """A context in which a file has other bytes."""
    earlier = path.read_bytes() if path.exists() else None
    path.write_bytes(data)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        if earlier is not None:
            path.write_bytes(earlier)


def _new(path: Path) -> Path:
    """The path, after whatever an earlier command wrote there is removed."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    return path
