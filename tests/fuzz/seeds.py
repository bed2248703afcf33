"""Seeds: valid files of each kind, from which the mutations begin.

Data files are written by pandas, pyarrow, NumPy and Python's own modules, not by gdrun. Records are
those of runs that gdrun trains here.
"""

from __future__ import annotations

import gzip
import io
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import gdrun

ROOT = Path(__file__).resolve().parents[2]
ROWS = 24
CIFAR_ROWS = 6


def frame() -> pd.DataFrame:
    """A table with columns of every kind that gdrun knows, the target last."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": rng.normal(size=ROWS).round(3),
            "rooms": rng.integers(1, 6, ROWS),
            "heat": np.resize(["gas", "oil", "none of these"], ROWS),
            "new": np.resize([True, False], ROWS),
            "sold": pd.date_range("2024-01-30", periods=ROWS, freq="35h"),
            "price": rng.lognormal(size=ROWS).round(2),
        }
    )


def labelled() -> pd.DataFrame:
    """A table of numbers, with classes as its target."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(ROWS, 3)).round(2), columns=["a", "b", "c"])
    return table.assign(kind=np.resize(["x", "y"], ROWS))


def csv_seeds() -> list[bytes]:
    table = frame()
    german = table.to_csv(index=False, sep=";", decimal=",")
    marked = table.assign(
        price=[f"${value:,.2f}" for value in 1000 * table["price"]],
        size=[f"{value:.0%}" for value in table["size"]],
        sold=table["sold"].dt.strftime("%d/%m/%Y"),
    )
    holes = table.mask(np.random.default_rng(2).random(table.shape) < 0.1)
    texts = [
        table.to_csv(index=False),
        table.to_csv(index=False, sep="\t", lineterminator="\r\n"),
        german,
        marked.to_csv(index=False, quoting=1),
        holes.to_csv(index=False, sep="|"),
        labelled().to_csv(header=False, index=False),
        labelled().to_string(index=False, header=False),
        'name,"a\nb"\n"say ""hi""",1\n' + "x,2\n" * 5,
    ]
    packed = [gzip.compress(text.encode(), mtime=0) for text in texts[:2]]
    return [*(text.encode() for text in texts), *packed, texts[0].encode("utf-16")]


def parquet_seeds() -> list[bytes]:
    nested = pa.table({"a": [[1], [2, 3]], "b": [{"x": 1}, {"x": 2}], "y": [1, 2]})
    tables = [pa.Table.from_pandas(frame()), pa.Table.from_pandas(labelled()), nested]
    forms = [{"compression": name} for name in ("none", "snappy", "gzip", "zstd")]
    forms += [{"use_dictionary": False, "data_page_version": "2.0"}, {"row_group_size": 5}]
    found = []
    for place, form in enumerate(forms):
        stream = io.BytesIO()
        pq.write_table(tables[place % len(tables)], stream, **form)
        found.append(stream.getvalue())
    return found


def arrow_seeds() -> list[bytes]:
    found = []
    for table in (frame(), labelled(), labelled().astype({"kind": "category"})):
        arrow = pa.Table.from_pandas(table)
        for writer in (pa.ipc.new_file, pa.ipc.new_stream):
            for compression in (None, "lz4"):
                stream = io.BytesIO()
                options = pa.ipc.IpcWriteOptions(compression=compression)
                with writer(stream, arrow.schema, options=options) as opened:
                    opened.write_table(arrow)
                found.append(stream.getvalue())
    return found


def json_seeds() -> list[bytes]:
    tables = (frame(), labelled())
    texts = [table.to_json(orient="records", lines=True, date_format="iso") for table in tables]
    texts.append('{"a": [1, 2], "b": {"c": null}, "y": 1}\n{"a": [], "y": 2.5}\n')
    return [text.encode() for text in texts]


def matrices() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    numbers = rng.normal(size=(ROWS, 4))
    return [numbers, numbers.astype("f4").T.copy().T, numbers.astype("i2"), numbers > 0]


def npy_seeds() -> list[bytes]:
    found = []
    for array in (*matrices(), np.resize(["a", "b"], (ROWS, 2)), np.zeros((ROWS, 2, 2), ">f8")):
        stream = io.BytesIO()
        np.save(stream, array)
        found.append(stream.getvalue())
    return found


def npz_seeds() -> list[bytes]:
    found = []
    for save in (np.savez, np.savez_compressed):
        for X in matrices():
            stream = io.BytesIO()
            save(stream, X=X, y=np.arange(ROWS) % 3)
            found.append(stream.getvalue())
    stream = io.BytesIO()
    np.savez(stream, X=matrices()[0], y=np.resize(["cat", "dog"], ROWS))
    return [*found, stream.getvalue()]


def idx_file(array: np.ndarray, code: int) -> bytes:
    """An IDX file, after the description of the format by LeCun. code: that of the value type."""
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes((0, 0, code, array.ndim)) + sizes + array.tobytes()


def idx_seeds() -> list[bytes]:
    rng = np.random.default_rng(4)
    images = rng.integers(0, 256, (ROWS, 4, 4)).astype("u1")
    labels = (np.arange(ROWS) % 3).astype("u1")
    floats = rng.normal(size=(ROWS, 3)).astype(">f4")
    found = [idx_file(images, 8), idx_file(labels, 8), idx_file(floats, 0x0D)]
    return [*found, gzip.compress(found[0], mtime=0)]


def svmlight_seeds() -> list[bytes]:
    rng = np.random.default_rng(5)
    rows = []
    for row in range(ROWS):
        indices = np.flatnonzero(rng.random(12) < 0.4) + 1
        values = " ".join(f"{index}:{rng.normal():.4g}" for index in indices)
        rows.append(f"{row % 2 * 2 - 1} qid:{row // 6} {values} # row {row}")
    text = "\n".join(rows) + "\n"
    return [text.encode(), text.replace(" qid:", " 0:").encode(), b"1.5 3:1\n2 1:0.5 2:7\n"]


def cifar_seeds() -> list[bytes]:
    rng = np.random.default_rng(6)
    records = rng.integers(0, 256, (CIFAR_ROWS, 3073)).astype("u1")
    records[:, 0] = np.arange(CIFAR_ROWS) % 10
    return [records.tobytes(), records[:1].tobytes()]


def yaml_seeds() -> list[bytes]:
    packaged = (ROOT / "gdrun" / "config").glob("*.yaml")
    return [path.read_bytes() for path in sorted([*packaged, *(ROOT / "configs").glob("*.yaml")])]


OVERRIDES = (
    *(
        "lr=0.1",
        "optimizer=adam",
        "variant=bgd",
        "model.hidden=[64,32]",
        "batch_size=32",
        "lr=1e-3",
    ),
    *(
        "dataset={name: blobs, n: 300, classes: 4}",
        "clip={norm: 1.0}",
        "schedule=cosine",
        "l2=0.01",
    ),
    *("stopping.early_stopping={patience: 5}", "epochs=20", "seed=7", "model=mlp", "dtype=float32"),
    *("dataset.split={validation: 0.2, test: 50}", "surface=rosenbrock", "evaluate.every=0.5"),
    *("schedule={name: step, gamma: 0.5, drop_every: 10}", "optimizer.beta1=0.9", "init=he"),
    *("dataset.query=SELECT a, b FROM 'x.csv'", "stopping.watch=[grad_norm]", "average=polyak"),
    *("warmup=3", "log.points=all", "engine=compiled", "batch_growth={factor: 2, every: 5}"),
)


def override_seeds() -> list[bytes]:
    pairs = zip(OVERRIDES, OVERRIDES[1:] + OVERRIDES[:1], strict=True)
    return ["\0".join(pair).encode() for pair in pairs]


WORDS = (
    "config show lr=0.1 optimizer=adam --json",
    "sweep lr=0.1,0.01 batch_size=1,16 --print-trials",
    "sweep lr=log:1e-4:10:5 optimizer=adam,lion --search random --trials 3 --print-trials",
    "sweep lr=lin:0.1:0.9:5 --seeds 2 --metric loss --target loss=0.1 --print-trials",
    "plot --schedule schedule=cosine epochs=10 warmup=2",
    "list optimizers adam",
    "inspect dataset=iris target=0",
    "theory dataset=diabetes model=linear",
)


def word_seeds() -> list[bytes]:
    return [line.replace(" ", "\0").encode() for line in WORDS]


QUERIES = (
    "SELECT size, rooms, price FROM 'houses.parquet' WHERE price > 0 ORDER BY size",
    "WITH a AS (FROM read_csv('houses.csv')) SELECT rooms, avg(price) y FROM a GROUP BY 1",
    "SELECT x, x * 2 + 1 AS y FROM range(30) t(x) UNION ALL SELECT 1, 2",
    "SELECT heat, sold, random() AS r, price FROM 'houses.*' USING SAMPLE 10",
)


def query_seeds() -> list[bytes]:
    return [query.encode() for query in QUERIES]


CONDITIONS = (
    """status = 'exhausted' AND "optimizer.lr" < 0.1""",
    "train_loss BETWEEN 0 AND 1 OR name LIKE 'a%' AND seed IN (0, 1)",
)


def condition_seeds() -> list[bytes]:
    return [condition.encode() for condition in CONDITIONS]


RUNS: dict[str, tuple[str, ...]] = {
    "classes": ("dataset=iris", "model=softmax", "epochs=3", "watch=[target_accuracy]"),
    "table": ("dataset.path=houses.csv", "model=linear", "epochs=2", "batch_size=8"),
    "network": ("dataset=iris", "model={name: mlp, hidden: [3], batch_norm: true}", "epochs=2"),
    "walk": ("surface=bowl", "variant=bgd", "steps=4"),
}
"""The overrides of each run whose files are mutated."""


def write_houses(folder: Path) -> None:
    """The data files of the queries and of the run `table`, in a folder."""
    frame().to_csv(folder / "houses.csv", index=False)
    frame().to_parquet(folder / "houses.parquet", index=False)


def write_flowers(folder: Path) -> None:
    """The iris data set as `flowers.csv`, for the models that are trained on it."""
    from sklearn.datasets import load_iris

    found = load_iris()
    table = pd.DataFrame(found.data, columns=found.feature_names)
    table.assign(species=found.target_names[found.target]).to_csv(
        folder / "flowers.csv", index=False
    )


TRAINED_TOGETHER = [
    {
        "seed": seed,
        "dataset": {"name": "blobs", "n": 40},
        "model": "softmax",
        "variant": {"name": "mbgd", "batch_size": 8},
        "optimizer": "adam",
        "stopping": {"epochs": 6, "early_stopping": {"patience": 3}},
        "engine": "numpy",
    }
    for seed in (0, 1)
]
"""The configs of the training whose checkpoint is mutated."""

SWEPT = {"dataset": "diabetes", "model": "linear"}, {"lr": [0.1, 1e3]}, "epochs=2"
"""The config, the values and the override of the sweep whose files are mutated."""


def checkpoint_seeds(folder: Path) -> list[bytes]:
    """A checkpoint of a training that is interrupted after its second chunk of steps."""
    from gdrun.config.loading import load
    from gdrun.engine.build import build
    from gdrun.engine.trainer import Trainer
    from gdrun.runs.checkpoint import Checkpoint, machine_of, origin_of
    from gdrun.runs.experiment_data import experiment_data

    experiments = [load(config) for config in TRAINED_TOGETHER]
    cohort, engine = build(experiments, experiment_data(experiments[0]))
    questions = iter((None, None))
    path = folder / "checkpoint.npz"
    checkpoint = Checkpoint(path, origin_of(experiments, cohort, engine), machine_of(engine))
    Trainer(cohort, engine, [checkpoint], lambda: next(questions, "the fuzzer")).run()
    return [path.read_bytes()]


def trained(name: str, folder: Path) -> None:
    """Train a run of RUNS, in a directory of this name in a folder with the houses."""
    gdrun.train({"seed": 0}, *RUNS[name], out=folder / name)


def swept(folder: Path) -> None:
    """Run a sweep with diverging runs, in a directory `study` of a folder."""
    gdrun.sweep(*SWEPT, seeds=2, out=folder / "study")
