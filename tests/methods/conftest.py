"""Fixtures of the tests of methods."""

import pytest

from methods.plugin_texts import IMPORTS


@pytest.fixture
def plugin(plugin):
    """Write a plugin, with imports in front of it, and load it by its name alone."""
    return lambda text, name="my_rule.py": plugin(IMPORTS + text, name)
