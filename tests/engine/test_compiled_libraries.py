"""The C compiler and the cache of libraries, and all their errors."""

import functools
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from compilers import ANSWER, forget, script, unix

import gdrun
from gdrun.engine.compiled import compiler, library_cache
from gdrun.engine.contract import NotCompilableError


def is_kept(text):
    """Whether the library of this C text is in the cache."""
    return (
        library_cache.find(library_cache.cache_directory(), compiler.library_key(text)) is not None
    )


def test_a_library_is_compiled_once(cache):
    assert not is_kept(ANSWER)
    assert compiler.library(ANSWER).answer() == 42
    assert is_kept(ANSWER)
    (file,) = cache.glob("*.so")
    stamp = file.stat().st_mtime_ns
    forget()
    assert compiler.library(ANSWER).answer() == 42
    assert (*cache.glob("*.so"),) == (file,)
    assert file.stat().st_mtime_ns == stamp
    assert not list(cache.glob(".*"))


def test_only_the_user_may_write_what_is_executed(cache):
    compiler.library(ANSWER)
    assert cache.stat().st_mode & 0o077 == 0
    assert all(not file.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH) for file in cache.iterdir())


@pytest.mark.longer
@pytest.mark.parametrize("content", [b"", b"\x7fELF and no more", None])
def test_a_damaged_library_is_compiled_anew(cache, content):
    compiler.library(ANSWER)
    (file,) = cache.glob("*.so")
    whole = file.read_bytes()
    damaged = whole[: len(whole) // 2] if content is None else content
    file.unlink()  # the loaded one keeps its memory
    file.write_bytes(damaged)
    forget()
    assert not is_kept(ANSWER)
    assert compiler.library(ANSWER).answer() == 42
    assert file.read_bytes() != damaged


@pytest.mark.parametrize("mode", [0o777, 0o500])
def test_a_directory_that_is_not_private_or_not_writable_is_not_used(cache, mode, monkeypatch):
    cache.mkdir(parents=True)
    cache.chmod(mode)
    if mode == 0o500:  # to the superuser every directory is writable
        monkeypatch.setattr(os, "access", lambda path, way: Path(path) != cache)
    assert compiler.library(ANSWER).answer() == 42
    assert list(cache.iterdir()) == []
    cache.chmod(0o700)


def test_without_a_home_there_is_a_directory_for_the_process(cache, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    forget()
    directory = library_cache.cache_directory()
    assert compiler.library(ANSWER).answer() == 42
    library_cache._remove(directory, os.getpid())
    assert not directory.exists()


def test_a_full_disk_sends_the_library_elsewhere(cache, monkeypatch):
    made = compiler._made
    tried = []

    def full_at_first(directory, key, text):
        tried.append(directory)
        if directory == cache:
            raise OSError(28, "No space left on device")
        return made(directory, key, text)

    monkeypatch.setattr(compiler, "_made", full_at_first)
    assert compiler.library(ANSWER).answer() == 42
    assert len(tried) == 2


def test_a_disk_that_is_full_everywhere_is_said(cache, monkeypatch):
    def full(directory, key, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiler, "_made", full)
    with pytest.raises(NotCompilableError, match="No space left"):
        compiler.library(ANSWER)


def test_a_key_covers_all_that_a_library_is_made_of(cache, monkeypatch):
    keys = [compiler.library_key(ANSWER), compiler.library_key(ANSWER + " ")]
    monkeypatch.setattr(compiler, "FLAGS", (*compiler.FLAGS, "-g"))
    keys.append(compiler.library_key(ANSWER))
    monkeypatch.setattr(compiler, "_processor", lambda: "another")
    keys.append(compiler.library_key(ANSWER))
    monkeypatch.setattr(compiler, "_sources", lambda: "others")
    keys.append(compiler.library_key(ANSWER))
    other = compiler.Compiler(compiler.compiler().command, "another version")
    monkeypatch.setattr(compiler, "compiler", functools.cache(lambda: other))
    keys.append(compiler.library_key(ANSWER))
    assert len(set(keys)) == len(keys)


def test_what_does_not_compile_says_why_and_is_not_tried_again(cache, monkeypatch):
    with pytest.raises(NotCompilableError, match=r"failed: .*error.*oops"):
        compiler.library("int oops(void) { return oops_is_unknown; }")
    monkeypatch.setattr(compiler, "_made", None)
    with pytest.raises(NotCompilableError, match="oops"):
        compiler.library("int oops(void) { return oops_is_unknown; }")


@unix
def test_cc_names_the_compiler(cache, monkeypatch, tmp_path):
    own = script(tmp_path / "my cc", 'echo "my cc 1.0"')
    monkeypatch.setenv("CC", f"'{own}' -flag")
    assert compiler.compiler() == compiler.Compiler((str(own), "-flag"), "my cc 1.0")
    monkeypatch.setenv("CC", "no-such-compiler")
    forget()
    with pytest.raises(NotCompilableError, match="the variable CC names no-such-compiler"):
        compiler.library(ANSWER)


@unix
def test_a_version_is_asked_for_once(cache, monkeypatch, tmp_path):
    own = script(tmp_path / "cc", f'echo "{tmp_path}/asked" >> {tmp_path}/asked; echo "cc 1.0"')
    monkeypatch.setenv("CC", str(own))
    for _ in range(3):
        compiler.compiler.cache_clear()
        assert compiler.compiler().version == "cc 1.0"
    assert len((tmp_path / "asked").read_text().splitlines()) == 1
    script(own, 'echo "cc 2.0, installed since"')
    compiler.compiler.cache_clear()
    assert compiler.compiler().version == "cc 2.0, installed since"


@unix
def test_compilers_are_looked_for_by_name(cache, monkeypatch, tmp_path):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    with pytest.raises(NotCompilableError, match="no program named cc"):
        compiler.library(ANSWER)
    monkeypatch.setattr(compiler, "find_spec", lambda name: name == "ziglang")
    assert compiler._command() == (sys.executable, "-m", "ziglang", "cc")
    (tmp_path / "bin").mkdir()
    for name in ("clang", "gcc", "cc"):
        program = script(tmp_path / "bin" / name, "true")
        assert compiler._command() == (str(program),)


def test_threads_may_ask_for_one_library_at_once(cache):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(compiler.library(ANSWER).answer()))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [42, 42, 42]


PROCESS = f"""
from gdrun.engine.compiled import compiler, library_cache
directory, key = library_cache.cache_directory(), compiler.library_key({ANSWER!r})
before = library_cache.find(directory, key) is not None
print(before, compiler.library({ANSWER!r}).answer())
"""


@pytest.mark.longer
def test_processes_share_what_they_compile(cache):
    root = str(Path(gdrun.__file__).parent.parent)

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", PROCESS], cwd=root, stdout=subprocess.PIPE, text=True
        )

    at_once = [start(), start()]  # both find nothing, and make the same library
    assert all(process.communicate()[0].split()[1] == "42" for process in at_once)
    assert start().communicate()[0].split() == ["True", "42"]
    assert not list(cache.glob(".making-*"))
