"""Which words of a command line are files: a config, or data."""

from __future__ import annotations

import errno
import re
import shlex
from contextlib import suppress
from pathlib import Path

from gdrun.cli.typed_settings import shell_word
from gdrun.errors import GdrunError, Problem, near_files

CONFIGS = (".yaml", ".yml")
"""The suffixes of config files."""

_TABLE = re.compile(r"\.(csv|tsv|txt|data|parquet|feather|arrow|jsonl|ndjson)\b", re.IGNORECASE)
"""The suffixes of the files that DuckDB reads, in the midst of a text."""

NOT_A_FILE = "is not a file and not KEY=VALUE"

MOST_SEARCHED = 2**16
"""The number of characters of a config file in which the name of a table is searched."""


def names_table(word: str) -> bool:
    """Whether a word has the name of a table that DuckDB reads, or is a config with such a name.

    >>> [names_table(word) for word in ("a.csv", "query=SELECT * FROM 'b.parquet'", "a.npy")]
    [True, True, False]
    """
    if _TABLE.search(word):
        return True
    with suppress(OSError, ValueError):
        if word.endswith(CONFIGS) and is_file(word):
            with Path(word).open(encoding="utf-8") as file:
                return _TABLE.search(file.read(MOST_SEARCHED)) is not None
    return False


def data_among(
    words: list[str], config: str | None, *, configs: bool = False
) -> tuple[list[str], str | None]:
    """Return the words of a study without its file, and this file.

    The file has data or a config. Without a file, returns all words and `config`. config: the value
    of --config. configs: whether a word may be the config file; for a comparison it may not,
    because contenders may be config files. Raises GdrunError if there are two files, or a file does
    not exist.
    """
    from gdrun.data.other_formats import is_unreadable_data
    from gdrun.data.sources import reader_of

    plain = [word for word in words if "=" not in word and Path(word).suffix not in CONFIGS]
    for word in plain:
        refuse_run(word)
    # A file that gdrun cannot read is refused later, by what it is.
    files = [word for word in plain if reader_of(word) is not None or is_unreadable_data(word)]
    for word in files:
        if not is_data(word):
            hint = near_files(Path(word)) or "`gdrun train FILE` makes a first run on a data file"
            raise GdrunError("there is no such file", where=word, hint=hint)
    if configs:
        named = [word for word in words if "=" not in word and Path(word).suffix in CONFIGS]
        for word in named:
            if not exists(word):
                hint = near_files(Path(word), CONFIGS) or "`gdrun config new` writes a starter"
                raise GdrunError("there is no such file", where=word, hint=hint)
        files += named
    if not files:
        return words, config
    if config is not None or len(files) > 1:
        first = config if config is not None else files[0]
        hint = _as_one_table(files) or "a study has one config or one data file"
        raise GdrunError(f"is a second file; the first is {first}", where=files[-1], hint=hint)
    return [word for word in words if word != files[0]], files[0]


def config_among(words: list[str]) -> str | None:
    """The word that is the config file; None if there is none.

    If the first word is the name of a file, it is the config. Otherwise the config is the word
    without `=` that is the name of a file, or - for stdin, or that ends in .yaml or .yml. Raises
    GdrunError if several words without `=` are names of files, or one is neither the name of a file
    nor an override.
    """
    files = [word for word in words if "=" not in word and (word == "-" or exists(word))]
    if len(files) > 1:
        hint = f"`gdrun compare {' '.join(map(shlex.quote, files))}` compares several configs"
        hint = _as_one_table(files) or hint
        raise GdrunError(
            f"is a second config file; the first is {files[0]}", where=files[1], hint=hint
        )
    if words and exists(words[0]):
        return words[0]
    plain = [word for word in words if "=" not in word and word not in files]
    named = [word for word in plain if Path(word).suffix.lower() in CONFIGS]
    if plain and not named:
        raise GdrunError(_not_a_file(words, plain[0]))
    return next(iter(named or files), None)


def source_among(words: list[str]) -> tuple[str, list[str]]:
    """The word that names the data, without a key such as `path=` before it, and the other words.

    If the first word is the name of a file, it is the data. Otherwise it is the first word that is
    not KEY=VALUE, or else the first that sets the data, such as query=…; so the order of the words
    does not matter. Raises GdrunError if no word or several words name data.
    """
    from gdrun.data.queries import is_query
    from gdrun.data.sources import DATASETS, bare_source, sets_source

    plain = [word for word in words if "=" not in word or is_query(word)]
    named = [*words[:1]] if words and exists(words[0]) else plain
    found = next(iter(named or filter(sets_source, words)), None)
    if found is None:
        hint = "write the file too, such as houses.csv, or path=houses.csv"
        raise GdrunError("sets a key, but no word names the data", where=words[0], hint=hint)
    others = [word for at, word in enumerate(words) if at != words.index(found)]
    for word in others:
        other = bare_source(word)
        if sets_source(word) or is_data(word) or word in DATASETS:
            hint = f"`gdrun inspect {shell_word(other)}` shows it"
            hint = _as_one_table([bare_source(found), other]) or hint
            raise GdrunError(
                f"is a second source of data; the first is {found}", where=word, hint=hint
            )
    return bare_source(found), others


def _as_one_table(files: list[str]) -> str:
    """The hint for data files that a shell has made of a pattern; empty for other files."""
    endings = {Path(file).suffix for file in files}
    if len(files) < 2 or len(endings) > 1 or not all(map(is_data, files)):
        return ""
    folders = {Path(file).parent for file in files}
    pattern = str(folders.pop() / f"*{endings.pop()}") if len(folders) == 1 else "folder/*.csv"
    return f"to read several files as one table, quote the pattern: {shlex.quote(pattern)}"


def exists(word: str) -> bool:
    """Whether this word is the path of a file or a directory, or a pattern such as months/*.csv.

    A pattern needs to fit at least one data file. False for a word that is too long for a path,
    such as a long list. Raises OSError if the system cannot tell for another reason, such as a
    missing permission.
    """
    from glob import has_magic

    try:
        return Path(word).exists() or (has_magic(word) and is_data(word))
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return False


def is_file(word: str) -> bool:
    """Whether this word is the path of a file. False also if it is too long for a path."""
    try:
        return Path(word).is_file()
    except OSError:
        return False


def meant_as_setting(words: list[str], word: str) -> Problem | None:
    """The problem with a query, or a key or a name in configs; None for any other word.

    The hint writes it as KEY=VALUE. words: all words of the command line.
    """
    from gdrun.config.key_paths import resolve_key
    from gdrun.config.loading import read
    from gdrun.config.overrides import choosing
    from gdrun.data.queries import is_query

    after = words[words.index(word) + 1 :]
    value = after[0] if after and "=" not in after[0] else "…"
    if is_query(word):
        return Problem("is a query, not a file", word, f"write {shell_word(f'query={word}')}")
    if resolve_key(word, read(None).data):
        return Problem(NOT_A_FILE, word, f"to set the key, write {word}={value}")
    hint = choosing(word)
    return Problem(NOT_A_FILE, word, hint) if hint else None


def _not_a_file(words: list[str], word: str) -> list[Problem]:
    """The problem with a word that is not a file, as a list with one entry.

    words: all words of the command line.
    """
    from gdrun.config.sections import SECTIONS
    from gdrun.data.sources import reader_of
    from gdrun.errors import near

    if problem := meant_as_setting(words, word):
        return [problem]
    refuse_run(word)
    named = Path(word).suffix or len(Path(word).parts) > 1
    names = {name: key for key, kind in SECTIONS.items() for name in kind.registry}
    alike = [] if named else near(word, names, least=0.75)
    if alike:
        hint = f"did you mean {' or '.join(f'{names[name]}={name}' for name in alike)}?"
        return [Problem(NOT_A_FILE, word, hint)]
    ending = Path(word).suffix
    kinds = (ending,) if ending and ending not in CONFIGS else CONFIGS
    otherwise = "`gdrun config new` writes a starter"
    if reader_of(word) is not None:
        otherwise = "a relative path starts at the current directory"
    return [Problem("there is no such file", word, near_files(Path(word), kinds) or otherwise)]


def recorded(word: str, out: Path) -> Path | None:
    """The directory in `out` of the run or study that a word names; None if the word names none.

    The word is `last`, or the id of a run or study, or the unique beginning of an id, and not a
    file. Raises GdrunError if the word is `last`, and there is no run or study.
    """
    from gdrun.runs.finding import RECORD, STUDY, run_directories

    # No key, and no name in a config, begins with a digit.
    if not (word == "last" or word[:1].isdigit()) or exists(word):
        return None
    known = run_directories(out, (RECORD, STUDY))
    if word == "last" and not known:
        hint = "`gdrun train` makes a run with the config of the quickstart"
        raise GdrunError(f"names the last run, but {out} has none", where=word, hint=hint)
    named = known[-1:] if word == "last" else [each for each in known if each.name.startswith(word)]
    return named[0] if len(named) == 1 else None


def refuse_run(word: str) -> None:
    """Raise GdrunError if a word for a config is not a file, but names a recorded run or study.

    A run or study in the default directory is named by its id, the unique beginning of its id, or
    `last`.
    """
    from gdrun.cli.running import RUNS
    from gdrun.runs.finding import BEST, RECORD
    from gdrun.runs.run import read_record

    if (directory := recorded(word, RUNS)) is None:
        return
    is_run = (directory / RECORD).is_file()
    config = directory / ("config.yaml" if is_run else BEST)
    hints = [f"did you mean {config}?"] if config.is_file() else []
    if is_run and read_record(directory)["status"] == "interrupted":
        hints.append(f"`gdrun train --resume {shlex.quote(word)}` continues the run")
    else:
        hints.append(f"`gdrun show {shlex.quote(word)}` shows the {'run' if is_run else 'study'}")
    what = f"is a {'run' if is_run else 'study'}, not a config"
    raise GdrunError(what, where=word, hint=" ".join(hints))


def refuse_data(source: str) -> None:
    """Raise GdrunError if the config file is a data file."""
    from gdrun.data.sources import reader_of, unreadable_format

    if not is_data(source):
        return
    what, hint = "is a data file, not a config", f"`gdrun config new {shlex.quote(source)}`"
    hint += " writes a config for it"
    if reader_of(source) is None:
        what, hint = unreadable_format(source)
    raise GdrunError(what, where=source, hint=hint)


def is_data(source: str) -> bool:
    """Whether this word is the path of a data file."""
    from gdrun.data.sources import is_data_file

    return is_data_file(source)
