"""A list tried from the terminal: every worked example, formats, and a sentence for what is wrong with the files."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from reports.matching import Matcher
from tests.reports.matching.examples import HERE, read_keywords, read_rows

# No test of this module asks for the database: whoever touches it here fails.
HEADINGS, KEYWORDS = HERE / "headings.csv", HERE / "keywords.csv"
HEAD = "product,keyword,type"


def tried(headings: Path = HEADINGS, keywords: Path = KEYWORDS, *options: str) -> str:
    stdout = io.StringIO()
    call_command("match_headings", str(headings), "--keywords", str(keywords), *options, stdout=stdout)
    return stdout.getvalue()


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def brief(told: dict[str, Any]) -> str:
    """As the worked examples write it."""
    found = [f"{match['product']}×{match['quantity']}" for match in told["matches"]]
    return "; ".join(found + [f"[{tag['product']}]" for tag in told["tags"]])


def test_every_worked_example_is_told_as_expected(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(tried(HEADINGS, KEYWORDS, "--json"))
    examples = read_rows("headings.csv")
    assert [one["id"] for one in told] == [row["id"] for row in examples]
    for one, row in zip(told, examples, strict=True):
        assert one["heading"] == row["heading"]
        if one["status"] == "matched":
            assert brief(one) == row["expected"]
    matched = sum(one["status"] == "matched" for one in told)
    assert capsys.readouterr().err == f"{len(told)} headings read, {matched} of them matched; 30 keywords.\n"


def test_a_match_says_where_how_many_why_and_by_which_keyword() -> None:
    (first, *_others) = json.loads(tried(HEADINGS, KEYWORDS, "--json"))
    (match,) = first["matches"]
    assert {name: match[name] for name in ("product", "quantity", "quantity_source", "keyword", "line")} == {
        "product": "OMNIE CD-01",
        "quantity": 2,
        "quantity_source": "carried",
        "keyword": "CD-01",
        "line": 3,
    }
    assert first["heading"][slice(*match["span"])] == match["text"] == "CD-01"
    (reason,) = first["reasons"]
    assert (reason["rule"], reason["product"], reason["text"]) == ("subsumed", "OMNIE (unspecified)", "Omnie")


def test_the_command_says_what_the_matcher_says() -> None:
    matcher = Matcher(read_keywords())
    for one in json.loads(tried(HEADINGS, KEYWORDS, "--format", "json")):
        result = matcher.match(one["heading"])
        assert one["status"] == result.status
        assert [reason["rule"] for reason in one["reasons"]] == [reason.rule for reason in result.rejected]
        assert one["flags"] == list(result.flags)


def test_table_and_csv_have_one_row_a_heading(tmp_path: Path) -> None:
    table = tried().splitlines()
    assert table[0].split() == [
        "Id", "Heading", "Status", "Products", "Quantities", "QuantitySources", "Tags", "Reasons", "Flags",
    ]  # fmt: skip
    assert len(table) == len(read_rows("headings.csv")) + 2
    output = tmp_path / "out.csv"
    tried(HEADINGS, KEYWORDS, "--output", str(output))
    assert output.read_text(encoding="utf-8").splitlines()[1].startswith('"1","2xOmnie CD-01 mit Nachlass",')
    as_json = tmp_path / "out.json"
    tried(HEADINGS, KEYWORDS, "--json", "--output", str(as_json))
    assert len(json.loads(as_json.read_text(encoding="utf-8"))) == len(table) - 2


def test_other_columns_separators_and_missing_ids_are_fine(tmp_path: Path) -> None:
    headings = written(
        tmp_path, "h.csv", '\ufeffSaleId;Heading;Bemerkung\r\n4711;"2x CD-01; rot";x\r\n\r\n9;;\r\n'
    )
    told = json.loads(tried(headings, KEYWORDS, "--json"))
    assert [(one["id"], one["heading"], one["status"]) for one in told] == [
        ("2", "2x CD-01; rot", "matched"),
        ("4", "", "empty_heading"),
    ]


def test_a_list_needs_three_columns_only(tmp_path: Path) -> None:
    keywords = written(tmp_path, "k.csv", f"{HEAD}\nA,Akku,word\n")
    (told,) = json.loads(tried(written(tmp_path, "h.csv", "heading\n3 Akku\n"), keywords, "--json"))
    assert brief(told) == "A×3"


@pytest.mark.parametrize(
    ("content", "sentences"),
    [
        (f"{HEAD}\nÄ,x".encode("cp1252"), ["not UTF-8", "Line 2"]),
        (b"heading\n\x00\n", ["Line 2", "NUL"]),
        ("product,type\nA,word\n", ["“keyword” is missing"]),
        (f"{HEAD},colour\nA,x1,word,red\n", ["“colour”, which is not known"]),
        (f"{HEAD}\nA,Akku\n", ["Line 2 ends before the column “type”"]),
        (
            f"{HEAD}\nA,Akku,word\nB,,word\nC,(,regex\n",
            ["Line 3: The text has no letter", "Line 4: RE2 cannot"],
        ),
        (f"{HEAD}\nA,Akku,contains\n", ["Line 2: “contains” is not one of word, code, regex"]),
        (f"{HEAD},generic\nA,Akku,word,vielleicht\n", ["Line 2: generic is “vielleicht”, not yes or no"]),
        (f"{HEAD}\n", ["there is no keyword"]),
        ("", ["empty"]),
    ],
)
def test_a_bad_list_is_refused_with_sentences(
    content: str | bytes, sentences: list[str], tmp_path: Path
) -> None:
    keywords = written(tmp_path, "k.csv", content)
    output = tmp_path / "out.json"
    with pytest.raises(CommandError) as caught:
        tried(HEADINGS, keywords, "--json", "--output", str(output))
    for sentence in sentences:
        assert sentence in str(caught.value)
    assert str(keywords) in str(caught.value)
    assert not output.exists()


def test_bad_headings_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="“heading” is missing"):
        tried(written(tmp_path, "h.csv", "title\nx\n"))
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        tried(tmp_path / "nothing.csv")


def test_odd_headings_are_told_like_any(tmp_path: Path) -> None:
    odd = ["🤖" * 219, "\u202eעברית CD-01\u202c", "x" * 5000, "=1+1", "a\tb"]
    headings = written(tmp_path, "h.csv", "heading\n" + "".join(f'"{text}"\n' for text in odd))
    told = json.loads(tried(headings, KEYWORDS, "--json"))
    assert [one["heading"] for one in told] == odd
    assert [one["status"] for one in told] == ["unmatched", "matched", *["unmatched"] * 3]


def test_it_runs_without_a_database(tmp_path: Path) -> None:
    called = [sys.executable, str(settings.BASE_DIR / "manage.py"), "match_headings", str(HEADINGS)]
    called += ["--keywords", str(KEYWORDS), "--json"]
    environment = {
        **os.environ,
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    }
    done = subprocess.run(called, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == len(read_rows("headings.csv"))
