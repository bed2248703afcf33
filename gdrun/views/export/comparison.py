"""The ranking of a comparison or a sweep as a table in Markdown or LaTeX."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import compress

from gdrun.errors import one_line
from gdrun.methods.stopping import position
from gdrun.study.design.trials import Candidate, Settings
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.statistics import quantile
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views.comparison_notes import words_on_p
from gdrun.views.comparisons import amount_text, test_result, test_text
from gdrun.views.numbers import MISSING, percent, quantity
from gdrun.views.recorded import ranking_of, standings_of
from gdrun.views.study_line import study_line
from gdrun.views.study_notes import better_median_notes, order_notes
from gdrun.views.study_warnings import NOT_COMPARABLE
from gdrun.views.sweeps import shown_value, spread_cells

TUNED = "tuned"
"""The heading of the column with the setting that tuning chose."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    # The default encoding of fonts prints other characters for the next three.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # LaTeX has these only in formulas.
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "−": "$-$",
    "∞": r"$\infty$",
    "…": r"\ldots{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
"""The signs that have a meaning in LaTeX, and how each is written as text."""


def markdown(found: Sweep | Comparison) -> str:
    """The ranking as a GitHub Markdown table, and below it notes, one in each paragraph.

    They say what all candidates have in common, what sorts the rows, and what any p-values are.
    """
    head, rows = _ranking(found)
    marks = [":--" if place in _texts(head) else "--:" for place in range(len(head))]
    lines = [head, marks, *([_in_markdown(cell) for cell in row] for row in rows)]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return table + "".join(f"\n{_in_markdown(note)}\n" for note in _notes(found))


def latex(found: Sweep | Comparison) -> str:
    """The ranking as an environment tabular of LaTeX, with the rules of the package booktabs.

    Comments above it name the package, and say what all candidates have in common, what sorts the
    rows, and what any p-values are.
    """
    head, rows = _ranking(found)
    body = [r"\toprule", _latex_row(head), r"\midrule", *map(_latex_row, rows), r"\bottomrule"]
    columns = "".join("l" if place in _texts(head) else "r" for place in range(len(head)))
    begin = rf"\begin{{tabular}}{{{columns}}}"
    comments = [f"% {one_line(note)}" for note in _notes(found)]
    needs = r"% in the preamble: \usepackage{booktabs}"
    return "\n".join([needs, *comments, begin, *body, r"\end{tabular}", ""])


def in_latex(text: str) -> str:
    """The text with the signs that have a meaning in LaTeX written as text.

    >>> in_latex("lr=0.1 & 50 %_x")
    'lr=0.1 \\\\& 50 \\\\%\\\\_x'
    """
    return "".join(_LATEX.get(sign, sign) for sign in one_line(text))


def _in_markdown(text: str) -> str:
    # & begins the name of a sign such as &lt;, ~ strikes text through, and $ begins a formula.
    return "".join(f"\\{sign}" if sign in "\\|`*_<>[]&~$" else sign for sign in one_line(text))


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(map(in_latex, cells)) + r" \\"


def _notes(found: Sweep | Comparison) -> list[str]:
    """A line on what all candidates have in common, one on the order, and one on the p-values."""
    _, p_values = _p_values(found)
    tested = [f"p: {words_on_p(found)}"] if isinstance(found, Comparison) and p_values else []
    return [study_line(found.plan), f"order: {_order(found)}", *tested]


def _order(found: Sweep | Comparison) -> str:
    """What sorts the rows, and which values are better."""
    if found.unlike:
        return NOT_COMPARABLE[found.unlike]
    metric, rows = found.metric, ranking_of(found)
    value = f"{'median ' if len(found.plan.seeds) > 1 else ''}{metric.words}"
    better = "lower" if metric.sign > 0 else "higher"
    notes = better_median_notes(found) if isinstance(found, Sweep) else []
    notes += order_notes(rows, metric, found.target)
    order = f"the best {value} first, {better} is better"
    if any(each.dropped is not None for each in rows):
        order = (
            "the settings that successive halving kept, then those that it dropped, the last "
            f"dropped first; of those kept, or dropped at the same epoch, {order}"
        )
    return "; ".join([order, *(text for _, text in notes)])


def _ranking(found: Sweep | Comparison) -> tuple[list[str], list[list[str]]]:
    """The heading and the rows, the best first.

    The columns: name; the setting that tuning chose; median, quartiles and interval of the metric;
    the median on the test part; runs that diverged; the epoch at which halving dropped the setting;
    the median number of updates to the target; the
    p-value against the best contender or the baseline. A column that is empty in every row is left
    out.
    """
    metric, target = found.metric, found.target
    several = len(found.plan.seeds) > 1
    median = "median " if several else ""
    spread = ["lower quartile", "upper quartile"] if several else []
    name = "setting" if isinstance(found, Sweep) else "contender"
    intervals = (standing.interval for standing in standings_of(found))
    levels = {percent(each.level) for each in intervals if each is not None}
    interval = f"{levels.pop()} interval" if len(levels) == 1 else "interval"
    tested = test_result(found)
    head = [name, TUNED, f"{median}{metric.words}", *spread, interval]
    head.append(f"{median}{Metric(tested).words}" if tested else "test")
    head += ["diverged", "dropped at epoch"]
    head.append(f"{median}updates to {target.bound}" if target else "updates")
    against, p_values = _p_values(found)
    head.append(f"p against {against}")
    tuned = _tuned(found)
    rows = []
    for standing in ranking_of(found):
        values = [metric.value(standing.spread.median)]
        if several:
            # For an accuracy the lower score is the higher value.
            quartiles = (standing.spread.lower, standing.spread.upper)
            values += sorted(map(metric.value, quartiles))
        own = standing.candidate.name
        shown = _setting(standing.candidate) if isinstance(found, Sweep) else own
        # As on the screen: no numbers without a median, and ∞ for a quartile of diverged runs.
        numbers = [_number(value) if standing.finite else MISSING for value in values]
        cells = [shown, tuned.get(own, ""), *numbers]
        cells += [spread_cells(standing, metric)[2], test_text(standing, tested) if tested else ""]
        cells.append(f"{standing.diverged} of {standing.runs}")
        cells.append("" if standing.dropped is None else position(standing.dropped))
        updates = quantile(standing.to_target(target, "step"), 0.5) if target else None
        cells += ["" if updates is None else amount_text(updates), p_values.get(own, "")]
        rows.append(cells)
    kept = [any(row[place] not in ("", MISSING) for row in rows) for place in range(len(head))]
    return list(compress(head, kept)), [list(compress(row, kept)) for row in rows]


def _texts(head: Sequence[str]) -> set[int]:
    """The places of the columns of texts, which are aligned on the left: name and tuned setting."""
    return {0, *(place for place, heading in enumerate(head) if heading == TUNED)}


def _number(value: float) -> str:
    """A value of the metric as text; an infinite one as ∞ or −∞."""
    return quantity(value) if math.isfinite(value) else "∞" if value > 0 else "−∞"


def _setting(candidate: Candidate) -> str:
    """The settings of a sweep's candidate, with numbers rounded as on the screen."""
    return " ".join(f"{key}={value}" for key, value in _short(candidate.settings).items())


def _short(settings: Settings) -> dict[str, str]:
    """The settings as on the screen: lr in place of optimizer.lr, and numbers rounded.

    A key whose last part is also that of another key is kept whole.
    """
    leaves = [key.rpartition(".")[2] for key in settings]
    return {
        leaf if leaves.count(leaf) == 1 else key: shown_value(value)
        for leaf, (key, value) in zip(leaves, settings.items(), strict=True)
    }


def _p_values(found: Sweep | Comparison) -> tuple[str, dict[str, str]]:
    """The best contender or the baseline, and the p-value of each other one against it, by name."""
    if isinstance(found, Sweep) or not found.pairs:
        return "", {}
    own = found.baseline or found.ranking[0].name
    pairs = [pair for pair in found.pairs if own in (pair.first, pair.second)]
    others = {pair.second if pair.first == own else pair.first: pair.p for pair in pairs}
    return own, {name: quantity(p, 2) for name, p in others.items()}


def _tuned(found: Sweep | Comparison) -> dict[str, str]:
    """The setting that tuning chose for each contender, such as lr 0.1, by its name."""
    if isinstance(found, Sweep):
        return {}
    return {
        row.name: ", ".join(f"{key} {value}" for key, value in _short(row.tuning.chosen).items())
        for row in found.contenders
        if row.tuning is not None
    }
