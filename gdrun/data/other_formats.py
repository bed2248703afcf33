"""File formats that gdrun does not read, each with its name and with what to do instead."""

from __future__ import annotations

from pathlib import Path

from gdrun.data.unreadable import expanded

_AS_CSV = "save the sheet as CSV (Save as, CSV UTF-8), and give that file"
_FROM_ARFF = (
    "remove the lines that begin with @ or %, write the names of the columns in the first line, "
    "and name the file .csv"
)
_AS_PARQUET = "write it with pandas: frame.to_parquet('train.parquet'), and give that file"
_AS_ARRAYS = "save the arrays with numpy.savez('train.npz', X=X, y=y), and give that file"
_UNPACKED = "unpack it, and give one of the files in it"
_PIXELS = "save the pixels with numpy.savez('train.npz', X=images, y=labels), and give that file"

WHAT_IT_IS: dict[str, tuple[str, str]] = {
    **dict.fromkeys((".xlsx", ".xlsm", ".xls"), ("an Excel workbook", _AS_CSV)),
    ".ods": ("a spreadsheet", _AS_CSV),
    ".numbers": ("a spreadsheet", _AS_CSV),
    **dict.fromkeys(
        (".pkl", ".pickle", ".joblib"),
        ("a pickle, which gdrun does not load because it can run code", _AS_PARQUET),
    ),
    **dict.fromkeys((".h5", ".hdf5"), ("an HDF5 file", _AS_ARRAYS)),
    ".mat": ("a MATLAB file", _AS_ARRAYS),
    **dict.fromkeys((".pt", ".pth", ".safetensors"), ("a file of tensors", _AS_ARRAYS)),
    ".tfrecord": ("a TFRecord file of TensorFlow", _AS_ARRAYS),
    ".json": (
        "a JSON document",
        "if each line is an object, name the file train.jsonl; else write such lines with pandas: "
        "frame.to_json('train.jsonl', orient='records', lines=True)",
    ),
    ".orc": ("an ORC file", _AS_PARQUET),
    ".avro": ("an Avro file", _AS_PARQUET),
    ".sav": ("an SPSS file", _AS_PARQUET),
    ".dta": ("a Stata file", _AS_PARQUET),
    ".sas7bdat": ("a SAS file", _AS_PARQUET),
    **dict.fromkeys((".rds", ".rdata"), ("an R file", "write it in R with write.csv")),
    ".arff": ("a Weka file", _FROM_ARFF),
    **dict.fromkeys(
        (".sqlite", ".sqlite3", ".db", ".duckdb"),
        ("a database", "export the table as CSV or Parquet, and give that file"),
    ),
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"), ("an image", _PIXELS)
    ),
    **dict.fromkeys((".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar"), ("an archive", _UNPACKED)),
    ".bz2": ("a bzip2 file", "unpack it; gdrun reads text compressed with gzip or zstd"),
    ".xz": ("an xz file", "unpack it; gdrun reads text compressed with gzip or zstd"),
    **dict.fromkeys(
        (".yaml", ".yml"), ("a config, not a data file", "`gdrun train CONFIG` runs it")
    ),
    ".pdf": ("a PDF document", "export the table as CSV, and give that file"),
}
"""What a file is, by the ending of its name, and what the user can do."""


def not_readable(path: str | Path, readable: list[str]) -> tuple[str, str]:
    """The message and the hint for a file that gdrun has no reader for.

    readable: the endings of the names of files that gdrun reads.

    >>> not_readable("houses.XLSX", [".csv"])[0]
    'is an Excel workbook, which gdrun cannot read'
    """
    file, exists = expanded(path), True
    try:
        exists = file.exists()
        if file.is_dir():
            return _directory(file, readable)
    except (OSError, ValueError):  # a path that the system does not accept
        pass
    name = file.name.lower()
    # The longest ending is the most exact: .tar.gz before .gz.
    fitting = sorted((ending for ending in WHAT_IT_IS if name.endswith(ending)), key=len)
    known = f"gdrun reads {', '.join(readable)}"
    if not fitting and not file.suffix and not exists:
        return "does not exist", f"{known}; `gdrun list datasets` shows the datasets with a name"
    if not fitting:
        ending = file.suffix
        kind = f"a file with the ending {ending}" if ending else "a file without an ending"
        return f"is {kind}, which gdrun cannot read", known
    kind, advice = WHAT_IT_IS[fitting[-1]]
    what = f"is {kind}" if "gdrun" in kind or "config" in kind else f"is {kind}, which gdrun "
    return what if what.endswith(kind) else f"{what}cannot read", advice


def is_unreadable_data(path: str | Path) -> bool:
    """Whether a file has the ending of a kind of data that gdrun does not read.

    A config may be JSON, which is YAML too.

    >>> is_unreadable_data("houses.xlsx"), is_unreadable_data("train.json")
    (True, False)
    """
    endings = tuple(WHAT_IT_IS.keys() - {".yaml", ".yml", ".json"})
    return str(path).lower().endswith(endings)


def holds_json_rows(path: Path) -> bool:
    """Whether a .json file has a list, or one object a line, so that it is no config."""
    if path.suffix.lower() != ".json":
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        begin = file.read(2**16).lstrip()
    first, _, rest = begin.partition("\n")
    return begin.startswith("[") or (first.rstrip().endswith("}") and rest.startswith("{"))


def holds_images(folder: Path) -> bool:
    """Whether a directory, or one of the first directories in it, has images."""
    endings = tuple(ending for ending, (kind, _) in WHAT_IT_IS.items() if kind == "an image")
    names = sorted(entry.name for entry in folder.iterdir())[:1000]
    inside = names + [
        entry.name
        for name in names[:3]
        if (folder / name).is_dir()
        for entry in list((folder / name).iterdir())[:10]
    ]
    return any(name.lower().endswith(endings) for name in inside)


def _directory(folder: Path, readable: list[str]) -> tuple[str, str]:
    names = sorted(entry.name for entry in folder.iterdir())[:1000]
    files = [name for name in names if name.lower().endswith(tuple(readable))]
    if files:
        ending = Path(files[0]).suffix
        several = f"; or all of them, if they have the same columns: {folder}/*{ending}"
        one = f"give the path of a file in it, such as {folder / files[0]}"
        return "is a directory, not a file", one + (several if len(files) > 1 else "")
    if holds_images(folder):
        return "is a directory of images, which gdrun cannot read", _PIXELS
    return "is a directory, not a file", "give the path of a file in it"
