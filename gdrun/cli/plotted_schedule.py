"""`gdrun plot --schedule`: the planned learning rate of one config or of several schedules."""

from __future__ import annotations

import re
from pathlib import Path

from gdrun.cli import console
from gdrun.cli.experiments import load_experiment
from gdrun.cli.next_steps import step_with
from gdrun.cli.pictures import suffix_of, write


def plot_schedule(
    words: list[str] | None, seed: int | None, output: Path | None, force: bool, json: bool
) -> None:
    """Draw the planned rates of a config, print them as JSON, or write a picture of them.

    words, seed: those of the command line; None if it has none. output: the file of the picture;
    None to draw in the terminal, or with `json` to print. force: whether to replace this file.
    """
    from gdrun.engine.build import cohort_of
    from gdrun.engine.preview import preview
    from gdrun.runs.experiment_data import experiment_data
    from gdrun.views.schedule import schedule_charts, schedule_data, schedule_view

    experiments = [load_experiment(None, each, seed) for each in schedules_of(words or [])]
    planned = [(each, preview(cohort_of([each], experiment_data(each)))) for each in experiments]
    if output is not None:
        from gdrun.views.pictures.lines import charts_picture
        from gdrun.views.pictures.style import SUFFIXES, write_picture

        suffix = suffix_of(output, SUFFIXES)
        charts = schedule_charts(planned)
        write(output, lambda file: write_picture(charts_picture(charts), file, suffix), force)
    elif json:
        console.print_json(schedule_data(planned))
    else:
        console.show(schedule_view(planned))


def schedules_of(words: list[str]) -> list[list[str]]:
    """The words of the command line for each schedule: one list of words a schedule.

    A word that lists several names, such as schedule=step,cosine, makes several lists.
    """
    for place, word in enumerate(words):
        if listed := re.fullmatch(r"(schedule(?:\.name)?=)(\w+(?:,\w+)+)", word):
            names = listed[2].split(",")
            return [[*words[:place], f"{listed[1]}{name}", *words[place + 1 :]] for name in names]
    return [words]


def after_schedules(words: list[str], seed: int | None) -> list[str]:
    """The lines on how to train with the schedule, or how to compare several schedules.

    words, seed: those of the command line. Empty if the config came from stdin.
    """
    each = schedules_of(words)
    if len(each) == 1:
        return step_with("train it", "train", None, words, seed)
    kept = [word for word in words if word in each[0]]
    config = next((word for word in kept if "=" not in word), None)
    names = [next(word for word in one if word not in words).partition("=")[2] for one in each]
    options = [] if config is None else ["-c", config]
    settings = [word for word in kept if word != config]
    return step_with("compare them", "compare", None, [*names, *options, *settings], seed)
