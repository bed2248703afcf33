"""The notes on what the contenders of a comparison are: differences, duplicates, unclear names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gdrun.config.writing import short_flow
from gdrun.runs.run_list import differing_options
from gdrun.study.design.trials import Candidate

MOST_OPTIONS = 8
"""The most options in which files differ that the note has; of more it has the number."""


def contender_notes(candidates: Sequence[Candidate]) -> list[tuple[str, str]]:
    """The notes on what the contenders are, as (label, text)."""
    notes = [("differ", text) for text in _differing(candidates)]
    notes += [("contenders", text) for text in _ambiguous(candidates)]
    return notes + [("duplicates", text) for text in _duplicates(candidates)]


def _differing(candidates: Sequence[Candidate]) -> Iterator[str]:
    """For each contender, the values of the options in which those that are files differ.

    The name of another contender says already what differs.
    """
    files = [each for each in candidates if "config" in each.settings]
    options = differing_options([each.experiment.plain() for each in files])
    shown = dict(list(options.items())[:MOST_OPTIONS])
    for place, each in enumerate(files):
        own = [f"{key} {_value(values[place])}" for key, values in shown.items()]
        more = len(options) - len(shown)
        if own:
            yield f"{each.name}: {', '.join(own)}" + (f" and {more} more" if more else "")


def _value(value: object) -> str:
    """The value of an option in a few words; `not set` if a contender lacks the option."""
    return "not set" if value is None else short_flow(value)


def _duplicates(candidates: Sequence[Candidate]) -> Iterator[str]:
    """A sentence for each pair of contenders that are the same experiment.

    For example, adam is the same as mbgd if the config already uses adam and mbgd.
    """
    for place, one in enumerate(candidates):
        for other in candidates[place + 1 :]:
            if one.experiment == other.experiment:
                yield f"{one.name} and {other.name} are the same experiment"


def _ambiguous(candidates: Sequence[Candidate]) -> Iterator[str]:
    """A sentence for sgd among optimizers, and for gd: their names have two meanings.

    In gdrun sgd is the variant, and elsewhere an optimizer. gd is the optimizer vanilla, and
    elsewhere also the variant with full batches.
    """
    choosing = [each for each in candidates if "optimizer" in each.settings]
    for each in candidates if choosing else ():
        optimizer = each.experiment.optimizer.name
        if each.settings.get("variant") == "sgd" and "optimizer" not in each.settings:
            plain = next((one.name for one in choosing if _is_plain(one) and one != each), None)
            yield (
                f"{each.name} is the variant (batches of 1 example), with optimizer {optimizer}; "
                + (
                    f"{plain} is the optimizer without momentum"
                    if plain
                    else "write vanilla for the optimizer without momentum"
                )
            )
    for each in choosing:
        size = each.experiment.variant.options.get("batch_size")
        if "gd" in each.name.split("+") and size is not None:
            yield (
                f"{each.name} is the optimizer vanilla, here with mini-batches of {size}; write "
                "bgd for full batches"
            )


def _is_plain(candidate: Candidate) -> bool:
    """Whether a contender chooses plain gradient descent, the optimizer vanilla."""
    return candidate.experiment.optimizer.name == "vanilla"
