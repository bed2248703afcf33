"""Compilers that are scripts, and processes that have loaded no library yet, for tests."""

import sys

import pytest

from gdrun.engine.compiled import compiler, library_cache

ANSWER = "int answer(void) { return 42; }\n"

unix = pytest.mark.skipif(sys.platform == "win32", reason="compilers that are shell scripts")


def forget():
    """Clear the caches in memory, so that the next library is searched as in a new process."""
    library_cache.cache_directory.cache_clear()
    library_cache.process_directory.cache_clear()
    compiler.compiler.cache_clear()
    compiler._LOADED.clear()


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path
