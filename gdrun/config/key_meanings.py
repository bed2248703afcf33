"""The meaning and an example of each key of a config that belongs to no named entry."""

from __future__ import annotations

from collections.abc import Iterable

from gdrun.config.catalogue_entry import Entry
from gdrun.config.experiment import FIXED, Header
from gdrun.config.option_models import option_of
from gdrun.config.sections import SECTIONS
from gdrun.methods.docstrings import parse_doc

KEY_MEANINGS: dict[str, tuple[str, str]] = {
    "name": (
        "The name of the experiment, which is a part of the names of run directories.",
        "name: first-try",
    ),
    "seed": (
        "The seed of the run: of the order of the examples, the initial weights and dropout. The "
        "split of the data has its own seed, dataset.seed.",
        "seed: 1",
    ),
    "dtype": ("The type of the numbers with which a run computes.", "dtype: float32"),
    "engine": (
        "What computes the steps: NumPy, or kernels in C; auto chooses the one that is faster.",
        "engine: numpy",
    ),
    "dataset.task": (
        "What is predicted: a number or a class. By default the target and the model decide.",
        "dataset: {path: train.csv, task: regression}",
    ),
    "dataset.positive": (
        "The label of the positive one of two classes: that of precision, recall, F1 and ROC AUC, "
        "of the threshold of predictions, and of the last column of probabilities. By default it "
        "is the second one in the order in which `gdrun inspect` lists the classes.",
        "dataset: {path: train.csv, positive: churned}",
    ),
    "dataset.validation": (
        "A file with the validation rows; by default they are split from the dataset.",
        "dataset: {path: train.csv, validation: later.csv}",
    ),
    "dataset.test": (
        "A file with the test rows; by default they are split from the dataset.",
        "dataset: {path: train.csv, test: last.csv}",
    ),
    "dataset.split": (
        "The sizes of the validation and test parts, as shares or numbers of rows, and the column "
        "of groups or of times by which the rows are split.",
        "dataset: {name: iris, split: {validation: 0.2, test: 0}}",
    ),
    "dataset.standardize": (
        "Whether features, and the target, are shifted and scaled to mean 0 and standard deviation "
        "1 in the training part.",
        "dataset: {name: diabetes, standardize: {features: true, target: true}}",
    ),
    "dataset.seed": (
        "The seed of the split, and of generated data. With run it is the seed of the run, so that "
        "each of several seeds has a new split.",
        "dataset: {name: iris, seed: run}",
    ),
    "model.l2": (
        "The factor of the penalty (l2/2) ‖weights‖²; biases are not penalised. The penalty is "
        "part of the loss of the training part, and not of the losses of other data.",
        "model: {name: softmax, l2: 0.001}",
    ),
    "model.init": (
        "How the weights are initialised; auto lets the model choose.",
        "model: {name: softmax, init: xavier}",
    ),
    "surface.start": (
        "The weights before the first step; by default those that the surface suggests.",
        "surface: {name: bowl, start: [4, 1]}",
    ),
    "surface.noise": (
        "The standard deviation of the noise vectors, one of which is added to the gradient of "
        "each example. Without noise the default variant is bgd.",
        "surface: {name: bowl, noise: 1}",
    ),
    "surface.examples": (
        "The number of noise vectors, which are the examples of a surface.",
        "surface: {name: bowl, noise: 1, examples: 50}",
    ),
    "optimizer.average": (
        "The average of the weights that is evaluated in their place; with none the weights "
        "themselves are evaluated.",
        "optimizer: {name: momentum, average: ema}",
    ),
    "schedule.per": (
        "The unit of time of a schedule.",
        "schedule: {name: step, drop_every: 100, per: step}",
    ),
    "schedule.warmup": (
        "How many epochs (or steps) the rate rises before the schedule begins; 0 for none.",
        "schedule: {name: cosine, warmup: 5}",
    ),
    "schedule.warmup_start": (
        "Whether the first rate of the warm-up is 0 (zero), or one equal rise above 0 (one).",
        "schedule: {name: cosine, warmup: 5, warmup_start: one}",
    ),
    "evaluate.every": (
        "How many epochs pass from one evaluation of the full objective to the next.",
        "evaluate: {every: 0.5}",
    ),
    "evaluate.metrics": (
        "The metrics that are measured at the end, and on the validation part at each evaluation; "
        "by default those that suit the task, at the end only.",
        "evaluate: {metrics: [accuracy, f1]}",
    ),
    "log.points": (
        "The largest number of points in the trace of a run's steps, or all. If there are more "
        "steps, each point combines 3, 9, 27 and so on. The default for a surface is 10,000. In a "
        "study the default, also if a config writes it out, means 100 points for each run (2,000 "
        "on a surface); any other number is obeyed.",
        "log: {points: all}",
    ),
    "diagnose.mute": (
        "The symptoms that are not reported, by name.",
        "diagnose: {mute: [overfitting]}",
    ),
}
"""The meaning and an example in YAML of each key, by its dotted path."""


def key_entries() -> Iterable[Entry]:
    """Yield an entry of the catalogue for each key in KEY_MEANINGS."""
    for path, (meaning, usage) in KEY_MEANINGS.items():
        section, _, leaf = path.rpartition(".")
        if section in FIXED or not section:
            option = option_of(FIXED.get(section, Header), leaf)
        else:
            option = SECTIONS[section].common[leaf].listed()
        # A word such as log finds the keys of a section that chooses no name.
        keys = (leaf, section) if section in FIXED else (leaf,)
        yield Entry(path, parse_doc(meaning), {leaf: option}, (), usage, keys)
