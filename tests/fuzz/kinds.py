"""The kinds of inputs: for each its seeds, its mutations, its door, and how many inputs it gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fuzz import doors, mutations, seeds
from fuzz.mutations import Mutation, changed_bytes, changed_text


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    seeds: makes its valid files, in a folder. mutation: changes one of them. door: feeds the result
    to gdrun. share: the number of inputs in 100,000; fewer where an input takes longer. openings:
    texts that open a level of nesting. guided: whether coverage can guide half of the inputs.
    """

    seeds: Callable[[Path], list[bytes]]
    mutation: Mutation
    door: doors.Door
    share: int
    openings: tuple[bytes, ...] = ()
    guided: bool = False

    def mutated(self, corpus: list[bytes], draw: Random) -> bytes:
        """A new input, from one or two of the corpus."""
        data = draw.choice(corpus)
        chance = draw.randrange(40)
        if chance == 0 and self.openings:
            nested = mutations.nested(draw, self.openings)
            at = draw.randrange(len(data) + 1)
            return (data[:at] + nested + data[at:])[: mutations.MOST_BYTES]
        if chance == 1:
            return mutations.spliced(data, draw.choice(corpus), draw)
        return self.mutation(data, draw)


def _made(make: Callable[[], list[bytes]]) -> Callable[[Path], list[bytes]]:
    return lambda folder: make()


def _of_run(name: str, file: str) -> Callable[[Path], list[bytes]]:
    return lambda folder: [(doors.run_in(folder, name) / file).read_bytes()]


def _of_study(file: str) -> Callable[[Path], list[bytes]]:
    return lambda folder: [(doors.study_in(folder) / file).read_bytes()]


def _models(folder: Path) -> list[bytes]:
    names = ("classes", "table", "network")
    return [(doors.run_in(folder, name) / "weights.npz").read_bytes() for name in names]


_text = mutations.one_of(changed_text, changed_text, changed_bytes)
_packed_text = mutations.changed_unpacked(_text)
_json = mutations.one_of(mutations.changed_json, mutations.changed_json, _text)
_json_lines = mutations.one_of(mutations.changed_lines, mutations.changed_lines, _text)
_BRACKETS = (b"[", b"{a: ", b"- ", b"? ", b"{", b"&a [")
_JSON = (b"[", b'{"a":', b'[{"a":[')

KINDS: dict[str, Kind] = {
    "yaml": Kind(_made(seeds.yaml_seeds), _text, doors.config_file, 14_000, _BRACKETS, True),
    "overrides": Kind(_made(seeds.override_seeds), _text, doors.overrides, 14_000, _BRACKETS, True),
    "words": Kind(_made(seeds.word_seeds), _text, doors.words, 600, _BRACKETS),
    "csv": Kind(_made(seeds.csv_seeds), _packed_text, doors.data_file(".csv"), 2_000),
    "parquet": Kind(_made(seeds.parquet_seeds), changed_bytes, doors.data_file(".parquet"), 1_500),
    "arrow": Kind(_made(seeds.arrow_seeds), changed_bytes, doors.data_file(".arrow"), 1_500),
    "jsonl": Kind(_made(seeds.json_seeds), _json_lines, doors.data_file(".jsonl"), 1_000, _JSON),
    "npy": Kind(
        _made(seeds.npy_seeds), mutations.changed_npy, doors.data_file(".npy"), 18_000, guided=True
    ),
    "npz": Kind(
        _made(seeds.npz_seeds),
        mutations.changed_archive(mutations.changed_npy),
        doors.data_file(".npz"),
        18_000,
        guided=True,
    ),
    "idx": Kind(
        _made(seeds.idx_seeds),
        mutations.changed_unpacked(changed_bytes),
        doors.idx_files,
        15_000,
        guided=True,
    ),
    "svmlight": Kind(
        _made(seeds.svmlight_seeds), _text, doors.data_file(".svm"), 8_000, guided=True
    ),
    "cifar": Kind(_made(seeds.cifar_seeds), changed_bytes, doors.data_file(".bin"), 6_000),
    "query": Kind(_made(seeds.query_seeds), _text, doors.query, 700, (b"(", b"SELECT (", b"-")),
    "condition": Kind(_made(seeds.condition_seeds), _text, doors.condition, 300, (b"(", b"NOT ")),
    **{
        f"{name}-{file}": Kind(
            _of_run(name, file), mutation, doors.record(name, file), share, _JSON
        )
        for name, file, mutation, share in (
            ("classes", "run.json", _json, 300),
            ("walk", "run.json", _json, 300),
            ("table", "run.json", _json, 300),
            ("classes", "trace.jsonl", _json_lines, 300),
            ("walk", "trace.jsonl", _json_lines, 200),
            ("table", "config.yaml", _text, 200),
        )
    },
    **{
        f"study-{file}": Kind(_of_study(file), mutation, doors.study(file), share, _JSON)
        for file, mutation, share in (
            ("study.json", _json, 300),
            ("trials.jsonl", _json_lines, 300),
            ("traces.jsonl", _json_lines, 300),
        )
    },
    "model": Kind(
        _models,
        mutations.changed_archive(mutations.changed_npy_or_json),
        doors.model_file,
        1_500,
    ),
    "checkpoint": Kind(
        seeds.checkpoint_seeds,
        mutations.changed_archive(mutations.changed_npy_or_json),
        doors.checkpoint,
        1_500,
    ),
}


def inputs_of(total: int, names: Sequence[str]) -> dict[str, int]:
    """The number of inputs of each of these kinds, of a total."""
    whole = sum(KINDS[name].share for name in names)
    return {name: max(1, round(total * KINDS[name].share / whole)) for name in names}
