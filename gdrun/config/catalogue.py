"""The catalogue that `gdrun list` shows: the entries of the registries, and keys of a config."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from gdrun.config.catalogue_entry import Entry
from gdrun.config.key_meanings import key_entries
from gdrun.config.names_elsewhere import KEYS_ELSEWHERE
from gdrun.config.option_models import option_of
from gdrun.config.section_kinds import SectionKind
from gdrun.config.sections import (
    AVERAGE,
    DATASET,
    MODEL,
    OPTIMIZER,
    SCHEDULE,
    SURFACE,
    VARIANT,
)
from gdrun.config.settings import BUDGETS, DivergenceLimit, EarlyStoppingSettings, Settings
from gdrun.config.writing import short_flow
from gdrun.data.sources import QUERY, READERS
from gdrun.errors import GdrunError, near, suggestion
from gdrun.methods.clipping import clip_by_norm, clip_by_value
from gdrun.methods.definitions import Definition, Option
from gdrun.methods.docstrings import Doc, parse_doc
from gdrun.methods.plugins import with_own_names
from gdrun.methods.schedules import ramp
from gdrun.methods.stopping import STOP_RULES, StopRule
from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.inits import INITS
from gdrun.problems.losses import LOSSES
from gdrun.problems.metrics import METRICS
from gdrun.problems.models import MODELS
from gdrun.quantities import quantity
from gdrun.symptoms.registry import SYMPTOMS


@dataclass(frozen=True)
class Kind:
    """One kind of catalogue entries, such as the optimizers.

    summary: what the kind decides, in a few words. example: a line of YAML that chooses such an
    entry. build: a function that returns the entries. common: the options of every entry of the
    kind. fact: the heading of the last column of the kind's table; if empty, this column shows the
    defaults of the options. note: a sentence below the common options.
    """

    name: str
    summary: str
    example: str
    build: Callable[[], Iterable[Entry]]
    common: Mapping[str, Option] = field(default_factory=dict)
    fact: str = ""
    note: str = ""

    @property
    def shared(self) -> dict[str, Option]:
        """The options that every entry of the kind has.

        If the value of an option is the name of a registry entry, the type of the option lists all
        names.
        """
        return {name: option.listed() for name, option in self.common.items()}

    @property
    def entries(self) -> dict[str, Entry]:
        """All entries by name, built again at each access, because a plugin may have added some."""
        return {entry.name: entry for entry in self.build()}

    def called(self, name: str) -> Entry | None:
        """Return the entry of this kind with this name or alias; None if there is none."""
        if name in self.entries:
            return self.entries[name]
        return next((entry for entry in self.entries.values() if name in entry.aliases), None)


def kind_called(word: str) -> Kind | None:
    """Return the kind of entries with this name, in singular or plural; None if there is none."""
    return KINDS.get(word) or KINDS.get(f"{word}s")


def find(name: str, kinds: Iterable[Kind] | None = None) -> list[tuple[Kind, Entry]]:
    """Return all catalogue entries with this name, each with its kind.

    name: the name or alias of an entry, or a key of a config that the entry describes, such as
    log.points. kinds: the kinds to search; None means all. Raises GdrunError, with a hint of
    similar names, if there is no such entry.
    """
    among = list(KINDS.values() if kinds is None else kinds)
    found = [(kind, entry) for kind in among if (entry := kind.called(name)) is not None]
    found += [
        (kind, entry)
        for kind in among
        for entry in kind.entries.values()
        if name in entry.keys and name != entry.name
    ]
    section, dot, leaf = name.rpartition(".")
    if not found and dot and (kind := kind_called(section)) is not None:
        found = [(kind, entry) for entry in [kind.called(leaf)] if entry is not None]
    if found:
        return found
    entries = dict.fromkeys(name for kind in among for name in kind.entries)
    names = [each for each in entries if dot or "." not in each]
    if kinds is None:
        elsewhere = KEYS_ELSEWHERE.get(name.lower().replace("-", "_"))
        meant = elsewhere and f"the key in gdrun is {elsewhere}"
        hint = meant or _owners(leaf) or suggestion(name, [*KINDS, *names], most_listed=len(KINDS))
        what = f"nothing is called {name!r}"
        method = hint.startswith("did you mean") and not near(name, KINDS)
    else:
        hint = suggestion(name, names)
        what = f"the list of {among[0].name} has no entry {name!r}"
        method = any(kind.name in ("optimizers", "schedules") for kind in among)
    raise GdrunError(what, hint=with_own_names(hint) if method else hint)


def _owners(option: str, most: int = 3) -> str | None:
    """Return a hint that names kinds and entries that have an option with this name.

    The hint has at most `most` of these names. Returns None if there is no such option.
    """
    pages = [kind.name for kind in KINDS.values() if option in kind.shared]
    entries = (entry for kind in KINDS.values() for entry in kind.entries.values())
    pages += [entry.name for entry in entries if option in entry.options]
    if not pages:
        return None
    owners = ", ".join(pages[:most]) + (", …" if len(pages) > most else "")
    return f"{option} is an option of {owners}: see `gdrun list {pages[0]}`"


def _section(key: str, summary: str, section: SectionKind, note: str = "") -> Kind:
    """Return the kind of the entries that one config section chooses by name.

    key: the name of the kind. summary: what the kind decides, in a few words. note: as in Kind.
    """
    return Kind(
        key,
        summary,
        _within_its_section(section.key, section.default),
        lambda: [
            _entry(
                definition,
                _section_usage(section.key, definition),
                (alias for alias, known in section.aliases.items() if known == name),
            )
            for name, definition in section.registry.items()
        ],
        section.common,
        note=note,
    )


def _section_usage(key: str, definition: Definition) -> str:
    """Return a line of YAML that chooses this definition, with all options at their defaults."""
    options = {name: value for name, value in definition.defaults.items() if value is not None}
    if not options:
        return _within_its_section(key, definition.name)
    return _within_its_section(key, short_flow({"name": definition.name} | options))


def _within_its_section(key: str, value: str) -> str:
    """Return a line of YAML that gives the section or option `key` this value."""
    if key == "average":
        return f"optimizer: {{name: momentum, average: {value}}}"
    return f"{key}: {value}"


def _entry(definition: Definition, usage: str, aliases: Iterable[str] = ()) -> Entry:
    doc = replace(definition.doc, extra={**definition.facts, **definition.doc.extra})
    options = {name: option.listed() for name, option in definition.options.items()}
    return Entry(definition.name, doc, options, tuple(aliases), usage)


PAIRS = {"idx": "{path: train-images-idx3-ubyte.gz, targets: train-labels-idx1-ubyte.gz}"}
"""The YAML that chooses a dataset, by format, for formats with the targets in a second file."""


def _files() -> Iterable[Entry]:
    readers = {reader.name: reader for reader in READERS.values()}
    for reader in readers.values():
        suffixes = [suffix for suffix, other in READERS.items() if other is reader]
        usage = PAIRS.get(reader.name, f"{{path: train{suffixes[0]}}}")
        yield _entry(reader, f"dataset: {usage}", suffixes)
    yield _entry(QUERY, "dataset: {query: \"SELECT size, price FROM 'houses.parquet'\"}")


def _losses() -> Iterable[Entry]:
    for loss in LOSSES.values():
        chosen_by = (
            _model_usage(name, option.name, loss)
            for name, model in MODELS.items()
            for option in model.options.values()
            if option.choice
            and option.choice.registry is LOSSES
            and loss.name in option.choice.entries
        )
        yield _entry(loss, next(chosen_by, ""))


def _inits() -> Iterable[Entry]:
    for init in INITS.values():
        yield _entry(init, _model_usage("softmax", "init", init))


def _activations() -> Iterable[Entry]:
    for activation in ACTIVATIONS.values():
        yield _entry(activation, _model_usage("mlp", "activation", activation))


def _model_usage(model: str, option: str, chosen: Definition) -> str:
    """Return a line of YAML that gives an option of a model this entry.

    chosen: the entry, such as a loss; its options have their defaults.
    """
    section = {"name": model, option: chosen.name} | chosen.defaults
    return f"model: {short_flow(section)}"


def _metrics() -> Iterable[Entry]:
    for metric in METRICS.values():
        yield _entry(metric, f"evaluate: {{metrics: [{metric.name}]}}")


def _clip() -> Iterable[Entry]:
    for name, function in {"norm": clip_by_norm, "value": clip_by_value}.items():
        yield Entry(name, parse_doc(function.__doc__), usage=f"clip: {{{name}: 1.0}}")


def _warmups() -> Iterable[Entry]:
    usage = "schedule: {name: cosine, warmup: 5, warmup_start: one}"
    yield Entry("linear-warmup", parse_doc(ramp.__doc__), usage=usage)


def _stopping() -> Iterable[Entry]:
    for budget, counted in BUDGETS.items():
        doc = Doc(f"A budget: the largest number of {counted}.", "", "", "", {})
        yield Entry(budget, doc, usage=f"stopping: {{{budget}: 1000}}")
    yield from map(_rule, STOP_RULES.values())
    yield _settings("early_stopping", EarlyStoppingSettings)
    yield _settings("divergence", DivergenceLimit)


def _rule(rule: StopRule) -> Entry:
    threshold = quantity(rule.default)
    summary = f"Converged: the {rule.words} is {_SIGNS[rule.sign]} a threshold ε."
    notes = (
        f"By default the rule is off. If watch lists the rule without a value, ε is {threshold}."
    )
    doc = Doc(summary, f"{rule.words} {rule.sign} ε", notes, "", {})
    return Entry(rule.name, doc, usage=f"stopping: {{{rule.name}: {threshold}}}")


def _settings(name: str, settings: type[Settings]) -> Entry:
    options = {field: option_of(settings, field) for field in settings.model_fields}
    defaults = {field: option.default for field, option in options.items()}
    usage = f"stopping: {short_flow({name: defaults})}"
    return Entry(name, parse_doc(settings.__doc__), options, usage=usage)


def _symptoms() -> Iterable[Entry]:
    for name, rule in SYMPTOMS.items():
        yield Entry(name, parse_doc(rule.__doc__), usage=f"diagnose: {{mute: [{name}]}}")


_SIGNS = {"<": "below", "≤": "at or below", "≥": "at or above"}

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _section("datasets", "datasets in the package, and generated datasets", DATASET),
        Kind("files", "file formats, chosen by suffix", "dataset: {path: train.csv}", _files),
        _section("models", "the models that can be trained", MODEL),
        Kind(
            "losses",
            "the loss that is minimised; most models have only one",
            "model: {name: linear, loss: huber}",
            _losses,
        ),
        Kind(
            "inits",
            "how the weights are initialised; biases start at zero",
            "model: {name: softmax, init: xavier}",
            _inits,
        ),
        Kind(
            "activations",
            "the activation function of hidden units",
            "model: {name: mlp, activation: tanh}",
            _activations,
        ),
        _section("surfaces", "functions of two weights, instead of dataset and model", SURFACE),
        _section("variants", "how many examples each gradient uses", VARIANT),
        _section("optimizers", "the update rule for the weights", OPTIMIZER),
        _section("averages", "averages of the weights, used for evaluation", AVERAGE),
        _section(
            "schedules",
            "how the learning rate changes over time",
            SCHEDULE,
            "t counts from the end of the warm-up, and T is the length of the run after it.",
        ),
        Kind(
            "warmups",
            "how the rate rises before the schedule; off by default",
            "schedule: {name: cosine, warmup: 5}",
            _warmups,
        ),
        Kind("clip", "limits on the gradient; off by default", "clip: {norm: 1.0}", _clip),
        Kind(
            "stopping",
            "budgets and stopping rules; the rules are off by default",
            "stopping: {epochs: 50, grad_norm: 1e-6}",
            _stopping,
        ),
        Kind(
            "keys",
            "keys that belong to no named entry, such as the seed",
            "seed: 1",
            key_entries,
        ),
        Kind(
            "metrics",
            "how good the predictions are; measured when training ends",
            "evaluate: {metrics: [accuracy, f1]}",
            _metrics,
            fact="Better",
        ),
        Kind(
            "symptoms",
            "what can be wrong with a run or study; a config can mute each one",
            "diagnose: {mute: [overfitting]}",
            _symptoms,
            fact="Evidence",
        ),
    )
}
"""All kinds of catalogue entries by name, in the order of the sections of a config."""
