"""Contenders that are files: a YAML file, or the directory of a run, which holds its config."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gdrun.errors import near_files
from gdrun.study.design.trials import Candidate

FILES = (".yaml", ".yml")
"""A contender with one of these suffixes is the path of a config."""

CONFIG = "config.yaml"
"""The config in the directory of a run."""


def config_file(word: str) -> Path | None:
    """The config that a contender names; None for a contender of another kind."""
    path = Path(word)
    if path.suffix.lower() in FILES:
        return path
    with suppress(OSError, ValueError):  # a word that is too long for a path, or has a NUL
        if (path / CONFIG).is_file():
            return path / CONFIG
    return None


def near_config(word: str) -> str:
    """A hint for a path that is no contender: a config in this directory, or one near the path.

    Without such a config, it is the command that writes one.
    """
    inside = None
    if Path(word).is_dir():
        inside = near_files(Path(word) / CONFIG, FILES, inside=True)
    return inside or near_files(Path(word), FILES) or "`gdrun config new` writes a config"


def contender_of(word: str, file: Path, candidate: Candidate) -> Candidate:
    """The candidate of a config file, named after the file, or after the directory of a run.

    word: the contender as it was given.
    """
    own = file.stem if file == Path(word) else file.resolve().parent.name
    return replace(candidate, name=own, settings={"config": str(file)})


def with_different_names(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates, with other names for files that share a name.

    Such a file has the name in its config; or the name of its directory if two configs have the
    same name; or its path. A file that is listed twice keeps its name.
    """
    named, files = list(candidates), {}
    for place, each in enumerate(candidates):
        if "config" in each.settings:
            files[place] = Path(each.settings["config"])
    counts = Counter(each.name for each in candidates)
    taken = {each.name for place, each in enumerate(candidates) if place not in files}
    for name, number in counts.items():
        alike = [place for place in files if candidates[place].name == name]
        different = {files[place].resolve() for place in alike}
        if number < 2 or len(different) < len(alike):
            continue
        for naming in _NAMINGS:
            names = [naming(candidates[place], files[place]) for place in alike]
            others = taken | (counts.keys() - {name})
            if None not in names and len(set(names)) == len(names) and not others & set(names):
                for place, own in zip(alike, names, strict=True):
                    named[place] = replace(candidates[place], name=str(own))
                break
    return named


_NAMINGS: tuple[Callable[[Candidate, Path], str | None], ...] = (
    lambda candidate, file: candidate.experiment.header.name,
    lambda candidate, file: file.resolve().parent.name,
    lambda candidate, file: str(file),
    lambda candidate, file: str(file.resolve()),
)
"""The names of a file whose own name another contender has too, in the order of preference."""
