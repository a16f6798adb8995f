"""Lists that people bring: read to the last line, or refused with a sentence that says where and what to do."""

import pytest

from reports.export import (
    DATA,
    EXCEL,
    BadTable,
    Column,
    Dialect,
    WrongEncoding,
    csv_chunks,
    decode_upload,
    read_csv,
    read_table,
)

pytestmark = pytest.mark.once

TEXT = "product;keyword\r\nBürste;Tellerbürste €\r\n"


# --- Encodings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_whether_it_has_a_mark_or_not(encoding: str) -> None:
    assert decode_upload(TEXT.encode(encoding)) == TEXT


def test_utf_16_is_read_in_both_byte_orders() -> None:
    assert decode_upload(b"\xfe\xff" + TEXT.encode("utf-16-be")) == TEXT
    assert decode_upload(b"\xff\xfe" + TEXT.encode("utf-16-le")) == TEXT


def test_an_empty_file_is_an_empty_text() -> None:
    assert decode_upload(b"") == ""


@pytest.mark.parametrize(
    ("data", "line"), [(TEXT.encode("cp1252"), 2), (b"\xe4", 1), (b"\xef\xbb\xbfa\nb\n\xffc", 3)]
)
def test_another_encoding_is_refused_with_its_line_and_what_to_do_and_not_guessed(
    data: bytes, line: int
) -> None:
    with pytest.raises(WrongEncoding) as caught:
        decode_upload(data)
    words = f"Line {line} has a character that is not UTF-8. In Excel, save the file as “CSV UTF-8” first."
    assert str(caught.value) == words


@pytest.mark.parametrize(
    "data", [b"a\nb\x00c", "a\nb".encode("utf-16-le") + b"", "\ufeffa\nb\x00".encode("utf-16-le")]
)
def test_a_nul_byte_is_refused(data: bytes) -> None:
    with pytest.raises(WrongEncoding, match="NUL character"):
        decode_upload(data)


def test_broken_utf_16_is_refused() -> None:
    with pytest.raises(WrongEncoding, match="UTF-16 and is not, from line 2 on"):
        decode_upload(b"\xff\xfe" + "a\nb".encode("utf-16-le") + b"\x00\xd8")
    with pytest.raises(WrongEncoding, match="UTF-16"):
        decode_upload(b"\xff\xfea")


def test_a_workbook_is_refused_with_what_to_do() -> None:
    with pytest.raises(WrongEncoding, match="workbook, not a CSV"):
        decode_upload(b"PK\x03\x04\x14\x00\x00")


# --- Tables ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a,b\n1,x\n", "\ufeffa;b\r\n1;x\r\n", "a\tb\n1\tx"])
def test_a_list_is_read_whatever_separates_its_cells(text: str) -> None:
    assert read_csv(text) == [{"a": "1", "b": "x"}]
    assert read_table(text, required=["a", "b"]) == [{"a": "1", "b": "x"}]


def test_a_line_that_tells_excel_the_separator_is_passed_over() -> None:
    rows = read_table("sep=;\r\na;b\r\n1,5;x\r\n", required=["a", "b"])
    assert rows == [{"a": "1,5", "b": "x"}]
    assert rows[0].line == 3


def test_columns_may_stand_in_any_order_and_case_and_optional_ones_may_be_absent() -> None:
    rows = read_table(" B ;A\n2;1\n", required=["a", "b"], optional=["note"])
    assert rows == [{"a": "1", "b": "2", "note": ""}]


def test_rows_know_their_line_also_after_empty_lines_and_line_breaks_in_cells() -> None:
    rows = read_table('a;b\n\n"x\ny";1\n;;\nz;2\n', required=["a", "b"])
    assert [(row["a"], row.line) for row in rows] == [("x\ny", 3), ("z", 6)]


def test_empty_columns_behind_the_last_one_do_not_matter() -> None:
    assert read_table("a;b;;\n1;2;;\n", required=["a", "b"]) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("text", "sentence", "line", "column"),
    [
        ("", "The file is empty", 1, None),
        ("\n;;\n", "The file is empty", 1, None),
        ("a;x\n1;2\n", "column “x”, which is not known. Known are: a, b, c", 1, "x"),
        ("\na;c\n1;2\n", "The column “b” is missing. Line 2 names: a, c", 2, "b"),
        ("a;b;A\n1;2;3\n", "Line 1 names the column “a” twice", 1, "a"),
        ("a;b;c\n1;2;3\n\n4;5\n", "Line 4 ends before the column “c”: it has 2 cells of 3", 4, "c"),
        ("a;b\n1;2;3\n", "Line 2 has a cell behind its last column “b”: 3 of 2", 2, "b"),
        ('a;b\n1;2\n3;"x\n4;5\n', "Line 3 cannot be read: a quotation mark", 3, None),
        ('a;b\n"1"x;2\n', "Line 2 cannot be read", 2, None),
        ("a;b\n1;" + "x" * 200_000, "Line 2 cannot be read: .* too long", 2, None),
    ],
)
def test_a_table_is_refused_with_its_line_and_column(
    text: str, sentence: str, line: int | None, column: str | None
) -> None:
    with pytest.raises(BadTable, match=sentence) as caught:
        read_table(text, required=["a", "b"], optional=["c"])
    assert (caught.value.line, caught.value.column) == (line, column)


def test_ten_thousand_lines_are_read() -> None:
    text = "a;b\n" + "x;1\n" * 10_000
    assert len(read_table(text, required=["a", "b"])) == 10_000


@pytest.mark.parametrize("dialect", [EXCEL, DATA])
def test_a_list_that_we_wrote_comes_back_unchanged(dialect: Dialect) -> None:
    keywords = ["-20%", "=x", "CD-01", '15"', "a;b,c", "'quoted'", " +1"]
    column = Column("keyword", "keyword", "keyword", "text")
    text = "".join(csv_chunks([[word, 1] for word in keywords], dialect, columns=[column, "b"]))
    rows = read_table(decode_upload(text.encode()), required=["keyword", "b"])
    assert [row["keyword"] for row in rows] == keywords


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Produkt;Notiz\nA;x\n", "The column “Suchwort” is missing. Line 1 names: Produkt, Notiz."),
        ("product;note\nA;x\n", "The column “keyword” is missing. Line 1 names: product, note."),
        ("PRODUKT;Suchwort\nA\n", "Line 2 ends before the column “Suchwort”"),
        ("Produkt;Suchwort\nA;b;c\n", "Line 2 has a cell behind its last column “Suchwort”"),
        ("Produkt;product;Suchwort\n", "Line 1 names the column “Produkt” twice."),
        ("Produkt;Suchwort;Farbe\n", "Known are: Produkt, Suchwort, Notiz."),
    ],
)
def test_a_column_is_called_as_the_file_calls_it(text: str, sentence: str) -> None:
    aliases = {"Produkt": "product", "Suchwort": "keyword", "Notiz": "note"}
    with pytest.raises(BadTable) as caught:
        read_table(text, required=["product", "keyword"], optional=["note"], aliases=aliases)
    assert sentence in str(caught.value)


def test_a_row_knows_what_the_file_calls_its_columns() -> None:
    (row,) = read_table("b ;Das A\n2;1\n", required=["a", "b"], aliases={"das a": "a"})
    assert row.heads == {"b": "b", "a": "Das A"}
