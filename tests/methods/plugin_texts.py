"""Texts of plugins for tests: the imports in front, and a rule."""

IMPORTS = """\
import math
import numpy as np
from gdrun.methods.definitions import Decay, Rate
from gdrun.methods.rules import rule
from gdrun.methods.schedules import schedule
"""
LINE = len(IMPORTS.splitlines()) + 1
"""The first line of a test's plugin text."""


def rule_text(body, slots="v", inputs="w, g, v, lr: Rate = 0.1"):
    """The text of a rule with this body, called mine."""
    return f'@rule(slots="{slots}")\ndef mine({inputs}):\n    """Mine."""\n    {body}\n'
