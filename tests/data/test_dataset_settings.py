"""The settings of a dataset: its name, path, parts and columns, and wrong ones, which are named."""

import pytest
from csv_rows import HOUSES, is_houses
from parts import BASE

from gdrun.config.loading import load
from gdrun.data import load_table
from gdrun.errors import ConfigError, DataError


@pytest.mark.longer
def test_the_target_by_name_and_by_position(read):
    for target, name in [
        (None, "price"),
        ("age", "age"),
        (0, "size"),
        (1, "age"),
        (-1, "price"),
        (-3, "size"),
    ]:
        table = read(HOUSES, target=target)
        assert table.target_name == name
        assert table.feature_names == tuple(n for n in ("size", "age", "price") if n != name)
        assert table.X.shape == (3, 2)


def test_columns_may_be_left_out(read):
    text = "id,size,broken,price\n" + "".join(f"p{i},{i},x{i},{2 * i}\n" for i in range(40))
    table = read(text, ignore=("id", 2))
    assert table.feature_names == ("size",)
    assert table.y.tolist() == [2 * i for i in range(40)]
    assert read("id,size,y\n1,2,3\n2,4,6\n", ignore="id").feature_names == ("size",)
    assert read("id,size,y\n1,2,3\n2,4,6\n", ignore=0).feature_names == ("size",)
    # Without a target it is the last column that is left.
    assert read(HOUSES, ignore=(-1,)).target_name == "age"


def failure(**options):
    with pytest.raises(DataError) as caught:
        load_table(options)
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/train.csv",
        "s3://bucket/part-*.parquet",
        "HTTP://example.org/a/X.csv.gz",
    ],
)
def test_a_url_is_not_downloaded(url):
    assert failure(path=url) == (
        f"error: {url}: is a URL; gdrun reads the files of this machine only\n"
        "hint: download it first, and give the path of the file"
    )


def test_a_file_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert failure(path="trian.csv") == (
        "error: trian.csv: no such file\nhint: did you mean train.csv?"
    )
    assert failure(path="data/train.csv") == (
        "error: data/train.csv: no such file\nhint: did you mean train.csv?"
    )
    assert failure(path="quite-another.csv") == (
        "error: quite-another.csv: no such file\n"
        "hint: a relative path starts at the current directory"
    )


def test_a_directory_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").mkdir()
    assert failure(path="train.csv") == (
        "error: train.csv: is a directory, not a file\nhint: give the path of a file in it"
    )


def test_a_home_directory_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "houses.csv").write_text(HOUSES, encoding="utf-8")
    assert is_houses(load_table({"path": "~/houses.csv"}))


def test_names_and_options_that_no_dataset_has():
    assert failure(name="irsi") == (
        "error: dataset.name: no dataset is called 'irsi'\nhint: did you mean iris?"
    )
    assert failure(name="train.csv") == (
        "error: dataset.name: no dataset is called 'train.csv'\n"
        "hint: for a file write dataset: {path: train.csv}"
    )
    assert failure(name="blobs", clases=3) == (
        "error: dataset.clases: blobs has no option 'clases'\nhint: did you mean classes?"
    )
    assert failure(path="a.csv", targt="b") == (
        "error: dataset.targt: csv has no option 'targt'\nhint: did you mean target?"
    )
    assert failure().startswith("error: dataset: needs a name or a path\nhint: choose from iris,")


@pytest.mark.parametrize(
    ("override", "found"),
    [
        ("validation=later.csv", ("later.csv", 0)),
        ("dataset.validation=later.csv", ("later.csv", 0)),
        ("validation={path: later.csv, unseen: error}", ("later.csv", 0)),
        ("dataset.validation.path=later.csv", ("later.csv", 0)),
        ("validation=0.3", (None, 0.3)),
        ("validation=30", (None, 30)),
        ("split.validation=0.3", (None, 0.3)),
        ("validation=none", (None, 0.1)),
    ],
)
def test_a_number_is_the_size_of_a_part_and_a_text_its_file(override, found):
    dataset = load(BASE, [override]).dataset
    file = dataset.plain().get("validation")
    assert (file, dataset["split"].validation) == found


def test_the_file_of_a_config_can_be_taken_away():
    base = {**BASE, "dataset": {**BASE["dataset"], "validation": "later.csv"}}
    assert load(base, ["validation=null"]).dataset["validation"] is None
    kept = load(base, ["dataset.validation.unseen=ignore"]).dataset.plain()["validation"]
    assert kept == {"path": "later.csv", "unseen": "ignore"}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("dataset.validation=0.2", "must be the path of a file, got 0.2\nhint: such as valid"),
        ("split.test=last.csv", "dataset.split.test: must be a number, got 'last.csv'"),
        ("test={unseen: ignore}", "dataset.test.path: must be given\nhint: such as test: new.csv"),
        ("test={path: a.csv, targts: b}", "test has no option 'targts'\nhint: did you mean targ"),
        ("test=last.xlsx", "dataset.test: last.xlsx is an Excel workbook"),
        ("test=last.docx", "dataset.test: last.docx"),
    ],
)
def test_wrong_settings_are_found_before_data_are_read(override, said):
    with pytest.raises(ConfigError) as caught:
        load(BASE, [override])
    assert said in str(caught.value)


def test_early_stopping_needs_a_validation_part_or_its_file():
    stopping = ["early_stopping={}", "split.validation=0"]
    assert load(BASE, [*stopping, "validation=later.csv"]).validates
    with pytest.raises(ConfigError, match="needs a validation part"):
        load(BASE, stopping)
