"""Encodings, compression, NUL bytes, and several files."""

import gzip
import os

import pytest
from backports import zstd

from gdrun.data import load_table, text_files

TEXT = "größe,k,y\n1,ä,2\n3.5,ö,4\n"


def is_the_text(table):
    return (
        table.feature_names == ("größe", "k=ä", "k=ö")
        and table.X.tolist() == [[1, 1, 0], [3.5, 0, 1]]
        and table.y.tolist() == [2, 4]
    )


@pytest.mark.longer
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_unicode_is_recognised(read, encoding, ends):
    mark = "\ufeff" if encoding.endswith("e") else ""
    assert is_the_text(read(mark + TEXT.replace("\n", ends), encoding=encoding))


@pytest.mark.parametrize("encoding", ["latin-1", "windows-1252", "mac-roman"])
def test_another_encoding_is_stated(read, encoding):
    assert is_the_text(read(TEXT, encoding=encoding, option=encoding))


def test_wrong_encodings(refused):
    assert refused(TEXT.encode(), option="klingon") == (
        "error: dataset.encoding: no encoding is called 'klingon'\n"
        "hint: name one such as utf-8, latin-1, windows-1252 or utf-16"
    )
    assert "is not an encoding of text" in refused(b"666f6f", option="hex")
    assert "is not utf-16 text" in refused(b"\xff\xfea", option=None)


@pytest.mark.parametrize(
    ("text", "written", "named"),
    [
        ("größe,y\n1,2\n", "cp1252", "latin-1"),  # ö and ß are the same bytes in both
        ("preis €,y\n1,2\n", "cp1252", "cp1252"),
        ("“a”,y\n1,2\n", "cp1252", "cp1252"),
    ],
)
def test_the_hint_names_the_encoding_that_has_the_bytes_of_the_file(refused, text, written, named):
    data = text.encode(written)
    assert data.decode(named) == text
    assert refused(data).endswith(f"or name its encoding, such as encoding: {named}")
    assert f"such as encoding: {named}" in refused(data, option="ascii")


def test_control_characters_of_a_wrong_encoding_name_that_of_windows(refused, read):
    name = "preis €,y\n1,2\n3,4\n5,6\n".encode("cp1252")
    assert refused(name, option="latin-1") == (
        "error: made.csv:1: the name of column 0 contains the control character 0x80\n"
        "hint: if the file comes from Windows, set encoding: cp1252; or remove the character"
    )
    assert read(name, option="cp1252").feature_names == ("preis €",)
    cell = "a,y\n“b”,2\nc,4\nc,6\n".encode("cp1252")
    assert "set encoding: cp1252; or remove" in refused(cell, option="latin-1")
    assert "Windows" not in refused(b"a\x01,y\n1,2\n")


@pytest.mark.parametrize("between", [b"\x1b\x9b", b"\x81", b"\x7f\x80"])
def test_no_encoding_is_named_that_leaves_control_characters(refused, between):
    """0x1b and 0x7f are control characters in both encodings, and cp1252 has no 0x81."""
    data = b"a" + between + "ö,y\n1,2\n".encode("latin-1")
    ending = "; it may be damaged, or not be a text file"
    assert refused(data).endswith(f"or name its encoding{ending}")
    assert refused(data, option="euc_jp").endswith(f"name another encoding{ending}")
    assert "encoding" not in refused(data, option="latin-1")


@pytest.mark.longer
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".data"])
def test_compressed_text(read, ending):
    assert is_the_text(read(gzip.compress(TEXT.encode()), f"made{ending}.gz"))
    packed = zstd.compress(TEXT.encode())
    assert is_the_text(read(packed, f"made{ending}.zst"))


def test_lines_of_compressed_text_are_named(refused):
    text = 'a,y\r\n1,2\r\n\r\n"1\n2",3\nx,4\n' + "5,6\n" * 9
    for packed, name in [
        (gzip.compress(text.encode()), "made.csv.gz"),
        (zstd.compress(text.encode()), "made.csv.zst"),
    ]:
        said = refused(packed, name)
        assert said.startswith(f"error: {name}:4 a: 2 cells of text among 10 numbers")


def test_damaged_compression(refused):
    packed = gzip.compress(TEXT.encode() * 1000)
    assert "cannot be decompressed" in refused(packed[:-9], "made.csv.gz")
    packed = zstd.compress(TEXT.encode() * 1000)
    assert "made.csv.zst: cannot be decompressed" in refused(packed[:-9], "made.csv.zst")


def test_a_nul_byte_is_no_class(refused):
    assert refused(b"a,y\n1,red\n2,bl\0ue\n") == (
        "error: made.csv:3: contains a NUL byte, so it is not text, or it is damaged\n"
        "hint: save the file as UTF-8 text"
    )


def test_a_named_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(Exception, match=r"pipe\.csv: is not a regular file"):
        load_table({"path": str(tmp_path / "pipe.csv")})


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(
    ("data", "mixed", "odd"),
    [
        (b"a,b\n1,2\n", False, False),
        (b"a_b,c_\n1,_2\n", False, False),
        (b"n,a?N\n1,nan\n", False, False),
        (b"a,b\r\n1,2\r\n", False, False),
        (b"a,b\r\n1,2\n", True, False),
        (b"a,b\n1,2\r\n", True, False),
        (b"a,b\r1,2\r3,4", True, False),
        (b'"a",b\n"1","2"\n', False, False),
        (b'"a", "b"\n', False, True),
        (b'"a" ,b\n', False, True),
        (b'"a,b\n', False, True),
    ],
)
def test_the_survey_does_not_depend_on_where_pieces_are_cut(
    tmp_path, monkeypatch, size, data, mixed, odd
):
    monkeypatch.setattr(text_files, "CHUNK", size)
    (tmp_path / "made.csv").write_bytes(data)
    with text_files.text_file(tmp_path / "made.csv") as file:
        survey = file.survey
    assert (survey.mixed_line_ends, survey.odd_quotes) == (mixed, odd)
    assert (survey.quotes, survey.last_underscore) == (data.count(b'"'), data.rfind(b"_"))
    assert survey.last_word_byte == max(data.rfind(b"N"), data.rfind(b"n"), data.rfind(b"?"))
    assert survey.lines == data.count(b"\n") + 1


def write_parts(folder):
    for part, text in enumerate(["a,k,y\n1,r,2\n2,g,3\n", "a,k,y\n,,\n3,r,4\n", "a,k,y\n5,b,6\n"]):
        (folder / f"part-{part}.csv").write_text(text)


def test_several_files_are_joined_in_order(read, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_parts(tmp_path)
    table = load_table({"path": "part-*.csv"})
    assert table.feature_names == ("a", "k=b", "k=g", "k=r")
    assert table.X.tolist() == [[1, 0, 0, 1], [2, 0, 1, 0], [3, 0, 0, 1], [5, 1, 0, 0]]
    assert table.y.tolist() == [2, 3, 4, 6]
    with pytest.raises(Exception, match=r"error: part-2\.csv:3 a: 1 cell of text among 4 numbers"):
        (tmp_path / "part-2.csv").write_text("a,k,y\n5,b,6\nx,b,7\n")
        load_table({"path": "part-*.csv"})


def test_several_files_need_the_same_columns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_parts(tmp_path)
    (tmp_path / "part-3.csv").write_text("a,y\n5,6\n")
    with pytest.raises(Exception) as caught:
        load_table({"path": "part-*.csv"})
    assert str(caught.value) == (
        "error: part-3.csv: has other columns than part-0.csv: a, y instead of a, k, y\n"
        "hint: files that are read together need the same columns in the same order"
    )


def test_a_pattern_without_files_and_a_name_like_a_pattern(read, tmp_path):
    assert is_the_text(read(TEXT, "a[1].csv"))
    with pytest.raises(Exception, match=r"error: b\*\.csv: no file matches this pattern"):
        load_table({"path": "b*.csv"})
