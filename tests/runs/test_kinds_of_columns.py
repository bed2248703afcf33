"""A model treats new rows as it treated the training rows: each kind of column, by hand."""

import csv
import hashlib
import json

import numpy as np
import pytest

import gdrun
from gdrun.errors import DataError

NAMES = ["size", "share", "price", "open", "sold", "city", "remark", "y"]
COUNT = 40


def lines():
    made = []
    for i in range(COUNT):
        size = "" if i % 8 == 3 else str(i * i % 13)
        city = "" if i == 5 else ["Ulm", "Kiel", "Ulm", "Bonn"][i % 4]
        sold = "" if i == 9 else f"{1 + i % 28}/{1 + i % 12}/{2020 + i % 3} {i % 24:02}:30"
        share, price = f"{i % 7}.5 %", f"${1000 + i:,}"
        made.append(
            [size, share, price, ["No", "yes"][i % 2], sold, city, f"note {i} end", f"{i}.5"]
        )
    return made


MISSING = {"size": "median", "city": "most_frequent", "sold": "mean", "*": "error"}


def write(path, names, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    write(folder / "train.csv", NAMES, lines())
    dataset = {
        "path": str(folder / "train.csv"),
        "missing": MISSING,
        "hash": "2**5",
        "split": {"validation": 0, "test": 0},
        "standardize": False,
    }
    run = gdrun.train(
        {"dataset": dataset, "model": "linear"},
        "variant=bgd",
        "epochs=1",
        "lr=1e-12",
        out=folder / "runs",
    )
    run.directory.rename(folder / "run")
    return folder


def features_of(line):
    """The features of one complete row, written from the documentation."""
    from datetime import date

    size, share, price, is_open, sold, city, remark = line[:7]
    day, month, year = (int(part) for part in sold.split()[0].split("/"))
    hour, minute = (int(part) for part in sold.split()[1].split(":"))
    when = date(year, month, day)
    days = when.toordinal() - date(1970, 1, 1).toordinal() + (hour + minute / 60) / 24

    def bucket(text):
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little") % 32

    used = sorted({bucket(f"note {i} end") for i in range(COUNT)})
    return [
        float(size),
        float(share.removesuffix(" %")),
        float(price.replace("$", "").replace(",", "")),
        float(is_open == "yes"),
        *(year, month, when.weekday(), hour, days),
        *(float(city == name) for name in ("Bonn", "Kiel", "Ulm")),
        *(float(bucket(remark) == number) for number in used),
    ]


def predicted(folder, rows):
    """The predictions of the saved model for new rows in a file."""
    new = write(folder / "new.csv", NAMES[:-1], [row[:7] for row in rows])
    return gdrun.load_model(folder / "run").predictions(new, unseen="ignore")


def by_hand(folder, features):
    with np.load(folder / "run" / "weights.npz") as arrays:
        return np.array(features) @ arrays["w"] + arrays["b"]


def test_complete_rows(folder):
    rows = [line for line in lines() if "" not in line]
    found = predicted(folder, rows)
    np.testing.assert_allclose(
        found.labels, by_hand(folder, [features_of(row) for row in rows]), rtol=1e-12
    )
    assert found.notes == ()


def test_missing_values_take_the_statistics_of_the_training_rows(folder):
    rows = lines()
    full = next(line for line in rows if "" not in line)
    # The median of the sizes that are known; Ulm is the most frequent city.
    size = np.median([float(line[0]) for line in rows if line[0]])
    cases = [["", *full[1:]], [*full[:5], "NA", *full[6:]]]
    expected = [features_of([str(size), *full[1:]]), features_of([*full[:5], "Ulm", *full[6:]])]
    found = predicted(folder, cases)
    np.testing.assert_allclose(found.labels, by_hand(folder, expected), rtol=1e-12)
    assert found.notes == ("missing values filled as in training: size (1), city (1)",)


def test_a_missing_date_is_the_mean_date(folder):
    rows = lines()
    full = next(line for line in rows if "" not in line)
    known = [features_of([line[0] or "0", *line[1:5], line[5] or "Ulm", line[6]]) for line in rows
             if line[4]]  # fmt: skip
    days = np.mean([features[8] for features in known])
    moment = np.datetime64("1970-01-01T00:00:00") + np.timedelta64(round(days * 86400), "s")
    when = moment.astype(object)
    expected = features_of(full)
    expected[4:9] = [when.year, when.month, when.weekday(), when.hour, days]
    found = predicted(folder, [[*full[:4], "", *full[5:]]])
    np.testing.assert_allclose(found.labels, by_hand(folder, [expected]), rtol=1e-11)


def test_a_year_first_date_and_other_spellings(folder):
    full = next(line for line in lines() if "" not in line)
    day, month, year = full[4].split()[0].split("/")
    sold = f"{year}-{int(month):02}-{int(day):02}T{full[4].split()[1]}"
    price = full[2].replace("$", "").replace(",", "")
    other = [*full[:2], price, full[3].upper(), sold, f" {full[5]} ", full[6]]
    found = predicted(folder, [full, other]).labels
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        (3, "perhaps", "'perhaps' is not true or false"),
        (4, "31.31.2020", "'31.31.2020' is not a date in the format of training"),
        (2, "dear", "'dear' is not a number"),
        (2, "", "the value is missing, and the model was trained without missing values"),
    ],
)
def test_wrong_cells(folder, column, cell, said):
    full = next(line for line in lines() if "" not in line)
    with pytest.raises(DataError) as caught:
        predicted(folder, [full, [*full[:column], cell, *full[column + 1 :]]])
    assert str(caught.value).startswith(f"error: {folder / 'new.csv'}:3 {NAMES[column]}: {said}")


def test_an_indicator_of_missing_values(tmp_path):
    rows = [[str(i % 5) if i % 4 else "", ["a", "b", ""][i % 3], str(i % 7)] for i in range(24)]
    path = write(tmp_path / "train.csv", ["size", "kind", "y"], rows)
    dataset = {
        "path": str(path),
        "target": "y",
        "missing": "indicator",
        "split": {"validation": 0, "test": 0},
        "standardize": False,
    }
    run = gdrun.train({"dataset": dataset, "model": "linear"}, "variant=bgd", "lr=0.01")
    model = run.model
    assert model.feature_names == (*("size", "size.missing", "kind=a", "kind=b", "kind.missing"),)
    mean = np.mean([float(row[0]) for row in rows if row[0]])
    w, b = run.weights["w"], run.weights["b"]
    new = write(tmp_path / "new.csv", ["size", "kind"], [["", "a"], ["2", ""], ["", "?"]])
    expected = np.array([[mean, 1, 1, 0, 0], [2, 0, 0, 0, 1], [mean, 1, 0, 0, 1]]) @ w + b
    np.testing.assert_allclose(model.predict(new), expected, rtol=1e-12)


def test_the_record(folder):
    record = json.loads((folder / "run" / "run.json").read_text(encoding="utf-8"))
    columns = {column["name"]: column for column in record["data"]["columns"]}
    assert {name: column["kind"] for name, column in columns.items()} == {
        **dict.fromkeys(("size", "share", "price", "y"), "number"),
        "open": "boolean",
        "sold": "date",
        "city": "category",
        "remark": "text",
    }
    assert columns["sold"]["features"][0] == "sold.year"
    assert (columns["size"]["missing"], columns["sold"]["missing"]) == (5, 1)


@pytest.mark.longer
@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_typed_files_with_dates_and_booleans(tmp_path, ending):
    import pandas

    moments = pandas.to_datetime("2024-01-31 17:30:00") + pandas.to_timedelta(
        range(0, 900, 45), "D"
    )
    frame = pandas.DataFrame(
        {
            "sold": moments if ending == "parquet" else moments.strftime("%Y-%m-%dT%H:%M:%S"),
            "open": [i % 3 == 0 for i in range(20)],
            "city": [["Ulm", "Kiel"][i % 2] for i in range(20)],
            "y": [float(i) / 2 for i in range(20)],
        }
    )
    path = tmp_path / f"made.{ending}"
    if ending == "parquet":
        frame.to_parquet(path)
    elif ending == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False)
    dataset = {
        "path": str(path),
        "split": {"validation": 0, "test": 0},
        "standardize": False,
    }
    run = gdrun.train({"dataset": dataset, "model": "linear"}, "variant=bgd", "epochs=1", "lr=1e-9")
    X = np.array(
        [
            [
                m.year,
                m.month,
                m.weekday(),
                m.hour,
                m.timestamp() / 86400,
                o,
                c == "Kiel",
                c == "Ulm",
            ]
            for m, o, c in zip(moments, frame["open"], frame["city"], strict=True)
        ],
        dtype=float,
    )
    expected = X @ run.weights["w"] + run.weights["b"]
    np.testing.assert_allclose(run.model.predict(path), expected, rtol=1e-12)
    if ending == "parquet":
        np.testing.assert_allclose(run.model.predict(frame), expected, rtol=1e-12)


@pytest.mark.longer
def test_dates_written_as_numbers_in_new_rows_of_every_type(tmp_path):
    import pandas

    moments = pandas.Series(pandas.to_datetime("2024-01-31") + pandas.to_timedelta(range(20), "D"))
    numbers = moments.dt.strftime("%Y%m%d").astype(int)
    frame = pandas.DataFrame({"sold": numbers, "y": np.arange(20.0)})
    frame.to_parquet(tmp_path / "train.parquet")
    dataset = {"path": str(tmp_path / "train.parquet"), "missing": "mean"}
    run = gdrun.train({"dataset": dataset, "model": "linear"}, "variant=bgd", "epochs=2")
    wanted = run.model.predict(tmp_path / "train.parquet")
    assert len(set(wanted)) == 20
    for sold in (numbers, numbers.astype(str), moments, moments.dt.strftime("%Y-%m-%d")):
        new = pandas.DataFrame({"sold": sold})
        new.to_csv(tmp_path / "new.csv", index=False)
        new.to_parquet(tmp_path / "new.parquet")
        new.to_json(tmp_path / "new.jsonl", orient="records", lines=True, date_format="iso")
        for source in (new, *(tmp_path / f"new.{end}" for end in ("csv", "parquet", "jsonl"))):
            np.testing.assert_array_equal(run.model.predict(source), wanted)
    for wrong in (20240230, 20241301.0, 2024, "2024013", "17 May"):
        with pytest.raises(DataError, match="is not a date"):
            run.model.predict({"sold": [20240131, wrong]})
    assert np.isfinite(run.model.predict({"sold": [np.nan, 20240131.0]})).all()


def test_dates_where_training_had_numbers(tmp_path):
    rows = [[str(i % 5), str(i)] for i in range(24)]
    path = write(tmp_path / "train.csv", ["size", "y"], rows)
    run = gdrun.train({"dataset": {"path": str(path)}, "model": "linear"}, "variant=bgd")
    with pytest.raises(DataError, match="row 0 size: 2024-01-31 is a date"):
        run.model.predict({"size": np.array(["2024-01-31"], dtype="datetime64[D]")})
