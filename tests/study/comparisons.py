"""What the tests of comparisons share: the base of contenders, and the text of a result."""

import io

from rich.console import Console

from gdrun.config.loading import load
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.views.comparisons import comparison_result
from gdrun.views.sweeps import sweep_result
from study.cases import LOGISTIC

BASE = load(LOGISTIC)
IRIS = {"dataset": "iris", "model": "softmax", "variant": "bgd"}


def row(found, name):
    (match,) = [row for row in found.contenders if row.name == name]
    return match


def shown(found):
    view = comparison_result if isinstance(found, Comparison) else sweep_result
    screen = Console(width=200, file=io.StringIO())
    screen.print(view(found))
    return screen.file.getvalue()
