"""`gdrun diagnose`: what went wrong in a run, with evidence, and remedies that it can try."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gdrun.cli import console, faults
from gdrun.cli.commands_on_arrays import is_on_arrays
from gdrun.cli.experiments import Json, Plugins
from gdrun.cli.next_steps import shown, step, to_tune
from gdrun.cli.running import RUNS, Out, progress_listeners
from gdrun.cli.show import Which
from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from gdrun.insight.attempts import Attempt
    from gdrun.runs.run import Run
    from gdrun.symptoms.facts import Symptom

Try = Annotated[
    bool, typer.Option("--try", help="Train with each remedy, and show which of them worked.")
]
Save = Annotated[
    Path | None,
    typer.Option(
        "--save",
        metavar="FILE",
        help="Try the remedies, and write the config with the best cure to a new file.",
    ),
]


def diagnose(
    run: Which = "last",
    attempt: Try = False,
    save: Save = None,
    out: Out = RUNS,
    json: Json = False,
    plugins: Plugins = None,
) -> None:
    """Find what went wrong in a run, a sweep or a comparison, and what may remedy it."""
    from gdrun.cli.new_files import require_new, write_new
    from gdrun.insight import remedies
    from gdrun.runs.finding import RECORD, STUDY, find_run
    from gdrun.runs.recorded_experiment import experiment_of
    from gdrun.runs.run import read_run
    from gdrun.symptoms.registry import diagnose
    from gdrun.views.diagnosis import diagnosis_data, diagnosis_view

    if save is not None:
        require_new(save)
    path = find_run(run, out, (RECORD, STUDY))
    if (path / STUDY).is_file():
        _diagnose_study(path, json, trying=attempt or save is not None)
        return
    recorded = read_run(path)
    if not remedies.has_ended(recorded) and recorded.status != "running":
        again = f"`gdrun train --resume {shlex.quote(str(path))}` continues it"
        said = f"the run has not ended: {recorded.verdict}"
        raise GdrunError(said, where=recorded.id, hint=again)
    tried = None
    experiment_of(recorded)  # which names the plugins that are not loaded
    faults.note_changed_plugins([recorded])
    facts = remedies.traced(recorded)
    symptoms = [
        replace(each, remedies=remedies.fitting(recorded.config, each.remedies))
        for each in diagnose(facts)
    ]
    if attempt or save is not None:
        tried = remedies.try_remedies(recorded, symptoms, progress_listeners(quiet=json))
    if json:
        console.print_json(diagnosis_data(symptoms, tried))
    else:
        console.show(diagnosis_view(facts, symptoms, tried))
        if save is None:
            console.show(*shown(_following(recorded, symptoms, tried)))
    if save is None:
        return
    if not tried or not tried[0].cured:
        what = "no remedy cured the run" if symptoms else "the run has no symptom"
        raise GdrunError(
            f"{what}, so there is no config to save",
            where=str(save),
            hint=f"the config of the run is {_config_of(recorded.directory)}",
        )
    write_new(save, [remedies.cured_config(recorded, tried[0])])
    if not json:
        following = step("train with the remedy", "train", str(save))
        lines = [f"wrote {save}", *following]
        console.show("", *map(console.unwrapped, lines))


def _diagnose_study(path: Path, json: bool, *, trying: bool) -> None:
    """Show the symptoms of a sweep or a comparison and of each of its runs.

    trying: whether the user gave --try or --save. Raises GdrunError in this case, because a remedy
    changes the config of one run, and also if no run of the study has ended.
    """
    from gdrun.cli.missing_runs import missing_lines
    from gdrun.cli.recorded_commands import without_resume
    from gdrun.cli.studying import read_ended
    from gdrun.insight.study_symptoms import study_symptoms
    from gdrun.runs.finding import BEST
    from gdrun.study.judgement.sweep_findings import Sweep
    from gdrun.views.diagnosis import change_words
    from gdrun.views.study_diagnosis import study_diagnosis_data, study_diagnosis_view

    study = read_ended(path)
    if trying:
        best = path / BEST
        hint = "diagnose a run of `gdrun train`"
        if best.is_file():
            hint = f"`gdrun train {shlex.quote(str(best))}` trains the best setting as a run"
        raise GdrunError(
            "remedies are tried on one run, not on a study", where=str(path), hint=hint
        )
    found = study_symptoms(study.found, study.record)
    if json:
        console.print_json(study_diagnosis_data(found))
        return
    faults.note_unknown_bounds(study)
    command = study.record.get("command")
    lines = []
    for symptom in found.symptoms:
        for changes in (each.changes for each in symptom.remedies):
            if symptom.name == "edge":
                values = [f"{key}={value}" for key, value in changes.items()]
                drawn = isinstance(study.found, Sweep) and any(a.drawn for a in study.found.axes)
                search = ("--search", "random") if drawn else ()
                words = (*values, "-c", str(path / BEST), *search)
                lines += step("try a wider range", "sweep", *words)
            elif again := without_resume(command or "")[1:]:
                lines += step(
                    f"repeat the study with a remedy for the symptom {symptom.name}",
                    *again,
                    *change_words(changes),
                )
    missing = missing_lines(study.found, study.record, path)
    console.show(study_diagnosis_view(found), *shown(missing), *shown(lines))


def _following(run: Run, symptoms: Sequence[Symptom], tried: Sequence[Attempt] | None) -> list[str]:
    """The lines on what to do after a diagnosis. tried: the remedies that were run, if any."""
    from gdrun.symptoms.registry import DATA
    from gdrun.views.diagnosis import change_words

    if tried and tried[0].cured:
        words = (str(_config_of(run.directory)), *change_words(tried[0].changes))
        return step("train with the best remedy", "train", *words)
    if tried:
        return [*_other_threshold(run, symptoms), *to_tune(run)]
    if not symptoms:
        return to_tune(run)
    lines = []
    if tried is None and any(each.remedies for each in symptoms):
        lines += ["none of these changes was tried", *_trying(run, symptoms)]
    lines += _other_threshold(run, symptoms)
    if all(each.name in DATA for each in symptoms):
        return lines  # No curve shows them.
    picture = ("plot", str(run.directory), "--kind", "diagnosis", "-o", "diagnosis.png")
    return lines + step("draw the curves that show the symptoms", *picture)


def _trying(run: Run, symptoms: Sequence[Symptom]) -> list[str]:
    """The lines on how to train with the remedies; on arrays, with the first one."""
    from gdrun.views.diagnosis import change_words

    if not is_on_arrays(_config_of(run.directory)):
        return step("train with each", "diagnose", str(run.directory), "--try")
    first = next(remedy for each in symptoms for remedy in each.remedies)
    config = str(_config_of(run.directory))
    return step("train with the first one", "train", config, *change_words(first.changes))


def _other_threshold(run: Run, symptoms: Sequence[Symptom]) -> list[str]:
    """The lines on a threshold that finds more examples of the rarer of two classes of a file."""
    path, classes = run.config.get("dataset", {}).get("path"), run.record["data"]["classes"]
    if "imbalance" not in [each.name for each in symptoms] or len(classes) != 2 or not path:
        return []
    if not run.model.has_probabilities:
        return []
    first, second = next(iter(run.summary["recalls"].values()))["rows"]
    # The second class is predicted from this probability of it.
    rare, threshold = (classes[1], "0.2") if second <= first else (classes[0], "0.8")
    purpose = f"find more of class {rare}, with more false alarms"
    test = run.config["dataset"].get("test")
    if file := test.get("path") if isinstance(test, Mapping) else test:
        path = file
    else:
        purpose += ", in a file that contains the training rows"
    return step(purpose, "evaluate", str(run.directory), str(path), "--threshold", threshold)


def _config_of(directory: Path | None) -> Path:
    assert directory is not None, "a run that was read has no directory"
    return directory / "config.yaml"
