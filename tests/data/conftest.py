"""Fixtures of the tests of readers and of parts in files of their own."""

import pytest
from parts import frame

from gdrun.data import load_table
from gdrun.errors import DataError


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Writes a file into the current directory and reads it back as a table."""
    monkeypatch.chdir(tmp_path)

    def read(content, name="made.csv", encoding="utf-8", option=None, **options):
        data = content if isinstance(content, bytes) else content.encode(encoding)
        (tmp_path / name).write_bytes(data)
        if option:
            options["encoding"] = option
        return load_table({"path": name, **options})

    return read


@pytest.fixture
def refused(read):
    """Writes a file, reads it, and gives the error message."""

    def refused(content, name="made.csv", **options):
        with pytest.raises(DataError) as caught:
            read(content, name, **options)
        return str(caught.value)

    return refused


@pytest.fixture
def files(tmp_path, monkeypatch):
    """train.csv, later.csv and last.csv, the last two with the columns in another order."""
    monkeypatch.chdir(tmp_path)
    found = {"train": frame(60, 0), "later": frame(13, 1), "last": frame(9, 2)}
    found["train"].to_csv("train.csv", index=False)
    for name in ("later", "last"):
        found[name][["price", "town", "size"]].to_csv(f"{name}.csv", index=False)
    return found
