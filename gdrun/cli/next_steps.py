"""The last lines of a command: what to do next, as a command that can be copied and works."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gdrun.cli.commands_on_arrays import python_call
from gdrun.cli.hinted_commands import missing_options
from gdrun.cli.typed_settings import shell_word

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gdrun.config.catalogue import Kind
    from gdrun.config.catalogue_entry import Entry
    from gdrun.runs.run import Run
    from gdrun.study.judgement.comparison_findings import Comparison
    from gdrun.study.judgement.sweep_findings import Sweep
    from gdrun.study.storage.records import StudyRecord


def step(purpose: str, *words: str) -> list[str]:
    """Two lines: what the command is for, and the command on a line of its own.

    words: the command without its first word, gdrun. Options that load its plugins are added. If it
    would need arrays of Python, the call in Python is shown instead.

    >>> step("train it", "train", "my config.yaml")
    ['to train it:', "  gdrun train 'my config.yaml'"]
    """
    if call := python_call(words):
        return [f"to {purpose} in Python:", f"  {call}"]
    whole = [*words, *missing_options(words)]
    return [f"to {purpose}:", f"  gdrun {' '.join(map(shell_word, whole))}"]


def step_with(
    purpose: str,
    command: str,
    config: str | None,
    overrides: Sequence[str] | None = None,
    seed: int | None = None,
) -> list[str]:
    """Two lines: what a command is for, and the command with the current experiment.

    command: the name of the command. config, overrides, seed: the current experiment, as on the
    command line. Empty if the config came from stdin, which cannot be read again.
    """
    words = [*([] if config is None else [config]), *(overrides or ())]
    if "-" in words:
        return []
    words += [] if seed is None else ["--seed", str(seed)]
    return step(purpose, command, *words)


def shown(lines: Sequence[str]) -> list[RenderableType]:
    """The lines for the screen, after a blank line; none of them is wrapped."""
    from gdrun.cli import console

    return ["", *map(console.unwrapped, lines)] if lines else []


def after_run(run: Run) -> list[str]:
    """The lines on how to continue an interrupted run, or how to diagnose a run with a symptom.

    For any other run, the lines on how to find the best rate. Empty for a run that was not written.
    """
    if continued := to_continue(run):
        return continued
    if run.directory is None or not run.record.get("diagnosis"):
        return to_tune(run)
    return step("diagnose it", "diagnose", str(run.directory))


def to_tune(run: Run) -> list[str]:
    """The lines on how to find the best rate for a run; empty for a run that was not written."""
    if run.directory is None:
        return []
    config = str(run.directory / "config.yaml")
    return step("find the best learning rate", "sweep", "lr", "-c", config)


def to_continue(run: Run) -> list[str]:
    """The lines on how to continue an interrupted run.

    Empty for a run that was not interrupted, or was not written.
    """
    if run.directory is None or run.status != "interrupted":
        return []
    return step("continue", "train", "--resume", str(run.directory))


def after_study(
    found: Sweep | Comparison, record: StudyRecord, path: Path, saved: Path | None = None
) -> list[str]:
    """The lines on how to train the best candidate of a study, and whether it has learned little.

    If the data have a symptom, the first lines are on how to diagnose the data. If every run
    diverged, the only lines are on how to repeat the study with smaller rates, or, if such rates
    are not known or would not help, on how to diagnose its runs. found, record: the result of the
    study, and its study.json. path: the directory of the study. saved: the file with the config of
    the best candidate; None for best.yaml in this directory, which earlier versions of gdrun did
    not write for a comparison.
    """
    from gdrun.runs.finding import BEST
    from gdrun.study.judgement.sweep_findings import Sweep
    from gdrun.study.judgement.training_progress import has_learned_little

    diagnosed = ("diagnose", str(path))
    if found.ended and found.diverged:
        words = _command_words(record)
        again = _with_rates(found, words) if isinstance(found, Sweep) else _tuned(found, words)
        return again or step("diagnose its runs", *diagnosed)
    lines = step("diagnose its data", *diagnosed) if record.get("data_symptoms") else []
    file = saved or path / BEST
    if found.best is not None and file.is_file():
        best = "setting" if isinstance(found, Sweep) else "contender"
        if has_learned_little(found.best_progress):
            lines.append(f"the best {best} has learned little (see above)")
        lines += step(f"train the best {best}", "train", str(file))
    return lines


def _command_words(record: StudyRecord) -> list[str]:
    """The words of the command that started a study, without gdrun; empty if it is not known."""
    from gdrun.cli.recorded_commands import without_resume

    return without_resume(record.get("command", ""))[1:]


def _tuned(found: Comparison, words: Sequence[str]) -> list[str]:
    """The lines of `step` for a comparison that first finds a smaller rate for each contender.

    found: a comparison in which every run diverged. words: the words of its command. The result is
    empty if the command has the option --tune already, or is not known, or if smaller rates do not
    help.
    """
    from gdrun.study.judgement.stability import predicted_limit, smaller_rates

    tuned = any(word.partition("=")[0] == "--tune" for word in words)
    if not words or tuned or found.cause_beyond_rates is not None:
        return []
    experiments = [candidate.experiment for candidate in found.plan.candidates]
    limits = filter(None, map(predicted_limit, experiments))
    tried = (float(experiment.optimizer["lr"]) for experiment in experiments)
    rates = smaller_rates(tried, (limit.predicted for limit in limits))
    return step("find a smaller rate for each", *words, "--tune", f"lr={rates}")


def _with_rates(found: Sweep, words: Sequence[str]) -> list[str]:
    """The lines of `step` for the same sweep with smaller rates.

    found: a sweep in which every run diverged. words: the words of its command. The result is empty
    if the command is not known or does not sweep the learning rate, or no smaller rates are known.
    """
    rates = found.smaller_rates
    if rates is None:
        return []
    keys = [word.partition("=")[0] for word in words]
    if not {"lr", "optimizer.lr"} & set(keys):
        return []
    changed = zip(keys, words, strict=True)
    swept = [f"{key}={rates}" if key in ("lr", "optimizer.lr") else w for key, w in changed]
    return step("try smaller rates", *swept)


def after_weights(path: Path) -> list[RenderableType]:
    """The lines on how to predict the target of the data on which the run at `path` was trained.

    Empty if `path` is not a run, or the config of the run names no data.
    """
    from gdrun.cli import console
    from gdrun.runs.finding import RECORD
    from gdrun.runs.run import read_run

    if not (path / RECORD).is_file():
        return []
    dataset = read_run(path).config.get("dataset", {})
    data = dataset.get("path") or dataset.get("name")
    query, folder = dataset.get("query"), dataset.get("folder") or "."
    if query and Path(str(folder)).resolve() == Path.cwd():  # elsewhere its paths mean other files
        data = f"query={query}"
    lines = (
        step("predict the target of the data of the run", "predict", str(path), str(data))
        if data
        else []
    )
    return [*map(console.unwrapped, lines)]


def after_list(kind: Kind, entry: Entry, of_kind: bool) -> list[str]:
    """The lines on what to do after `gdrun list`.

    of_kind: whether the command showed a table of a kind, whose first entry is `entry`. Then the
    lines show how to see this entry. If the command showed only `entry`, they show how to inspect
    this dataset, or how to train with this variant, optimizer, schedule or surface. Empty for an
    entry of another kind, such as an activation of a network.
    """
    from gdrun.config.catalogue import find

    if of_kind:
        words = [entry.name] if len(find(entry.name)) == 1 else [kind.name, entry.name]
        return step("see one of them", "list", *words)
    if kind.name == "datasets" and entry.name != "arrays":
        return step("see its columns", "inspect", entry.name)
    # Of the schedules, only join has an option without a default.
    if kind.name in _CHOSEN and entry.name != "join":
        # The rate of the quickstart diverges on some surfaces; Adam bounds the length of a step.
        more = ["optimizer=adam", "lr=0.1"] if kind.name == "surfaces" else []
        return step("train with it", "train", f"{_CHOSEN[kind.name]}={entry.name}", *more)
    return []


_CHOSEN = {
    "variants": "variant",
    "optimizers": "optimizer",
    "schedules": "schedule",
    "surfaces": "surface",
}
"""The key by which the quickstart chooses an entry of a kind, by kind."""
