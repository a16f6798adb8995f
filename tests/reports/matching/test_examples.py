"""The worked examples of the specification, and as many again that a doubter would try with the same list."""

from pathlib import Path

import pytest

import reports
from reports.export import read_csv
from reports.matching import Matcher
from tests.reports.matching.examples import HERE, brief, read_rows, rules

WORKED = read_rows("headings.csv")


@pytest.mark.parametrize("row", WORKED, ids=[row["id"] for row in WORKED])
def test_worked_example_comes_out_as_written(matcher: Matcher, row: dict[str, str]) -> None:
    result = matcher.match(row["heading"])
    assert brief(result) == row["expected"], row["point"]
    assert (result.status == "matched") == bool(result.matches)


def test_new_installation_starts_with_the_list_of_the_examples_in_german() -> None:
    default = Path(reports.__file__).parent / "keyword_lists" / "default_keywords.csv"
    german = read_csv(default.read_text(encoding="utf-8"))
    examples = read_csv((HERE / "keywords.csv").read_text(encoding="utf-8"))
    assert [_without_words(row) for row in german] == [_without_words(row) for row in examples]
    assert [bool(row["note"]) for row in german] == [bool(row["note"]) for row in examples]
    assert not [row for row in german if "unspecified" in row["product"] or "English" in row["note"]]


def _without_words(row: dict[str, str]) -> dict[str, str]:
    """What the matcher goes by: neither the note nor how a family without a type is called."""
    product = row["product"].replace("(ohne Typ)", "(unspecified)")
    return {**row, "product": product, "note": ""}


MORE = [
    # letters, signs and bytes
    ("BÃ¼rsten 4 Stk", "Bürste×4"),
    ("Buersten-Set", "Bürste×1"),
    ("BUERSTE x3", "Bürste×3"),
    ("Bürs\u00adten", "Bürste×1"),
    ("ＣＤ－０１", "OMNIE CD-01×1"),
    ("OMNIE\u00a0CD\u2011\u00a001", "OMNIE CD-01×1"),
    ("OMNIE™CD-01", "OMNIE CD-01×1"),
    ("2x OMNIE® CD-01", "OMNIE CD-01×2"),
    ("OMNIE²", "OMNIE (unspecified)×1"),
    ("CD\u2060-\ufeff01", "OMNIE CD-01×1"),
    ("„Omnie“", "OMNIE (unspecified)×1"),
    ("Omnie's Wartung", "OMNIE (unspecified)×1; Wartung×1"),
    # codes
    ("CD - 01", "OMNIE CD-01×1"),
    ("CD_01", "OMNIE CD-01×1"),
    ("CD    -    01", "OMNIE CD-01×1"),
    ("CD -- - 01", ""),
    ("CD/01 und CD.02", "OMNIE CD-01×1; OMNIE CD-02×1"),
    ("CD-01/CD-02", "OMNIE CD-01×1; OMNIE CD-02×1"),
    ("CD-03/01", "OMNIE CD-01×1"),
    ("CD-01/02/2025", ""),
    ("CD-01/2025", ""),
    ("CD-01.", "OMNIE CD-01×1"),
    ("CD-01, 2025", "OMNIE CD-01×1"),
    ("Robotik AG - CD-01", "OMNIE CD-01×1"),
    ("ABCD-01", ""),
    ("CD-01A", ""),
    ("IBN-CD-01", "Inbetriebnahme×1; OMNIE CD-01×1"),
    ("KiraB50", "KIRA B 50×1"),
    ("kira b.50", "KIRA B 50×1"),
    ("KIRA B 500", ""),
    ("Scrubber-75-Akku", "SCRUBBER 75×1; Akku×1"),
    ("RR-02-018/RR-02-017-OMNIE", "RR-02-018×1; RR-02-017-OMNIE×1"),
    # German
    ("Ladestationen", "Ladestation×1"),
    ("DockingStation", "Ladestation×1"),
    ("docking-stations", "Ladestation×1"),
    ("Rabatte und Nachlässe", "[Nachlass]"),
    ("Batterie", ""),
    ("Mietvertrag", "Miete×1"),
    ("MietVertrag", "Miete×1"),
    ("Mieter", ""),
    ("Mietern", ""),
    ("Mieterin", ""),
    ("Mieterverein", ""),
    ("Mieterhöhung", "Miete×1"),
    ("Servicerechnung", "Service×1"),
    ("Fernwartungsvertrag", "Wartung×1"),
    ("Unerwartung", ""),
    ("Verschulung", ""),
    ("Nachschulungen", "Schulung×1"),
    ("Schulungsraum", ""),
    ("Akkuersatz", "Akku×1"),
    ("Bürstenwartung", "Bürste×1; Wartung×1"),
    # masks and vetoes
    ("Self-Service-Terminal und Service", "Service×1"),
    ("SelfService", ""),
    ("Servicepartnern", ""),
    ("Test bitte loeschen", "EXCLUDED"),
    ("Dummy-Auftrag OMNIE", "EXCLUDED"),
    ("kein Dummy, CD-01", "OMNIE CD-01×1"),
    # nothing there
    ("\u200b \u00a0\t", "EMPTY"),
    ("---", ""),
    ("x", ""),
    ("2x", ""),
    ("Release 2.0", ""),
]


@pytest.mark.parametrize(("heading", "expected"), MORE, ids=[repr(heading) for heading, _ in MORE])
def test_further_case_comes_out_as_a_reader_expects(matcher: Matcher, heading: str, expected: str) -> None:
    assert brief(matcher.match(heading)) == expected


@pytest.mark.parametrize(
    ("heading", "rule"),
    [
        ("CD-011 Sonderbau", "glued_right"),
        ("RR-02-017-OMNIE2", "glued_right"),
        ("ABCD-01", "glued_left"),
        ("CD-01-2 Prototyp", "longer_code"),
        ("CD-01.2 Stk", "longer_code"),
        ("CD 01.2025 Jahreslizenz", "date"),
        ("CD-01/2025", "date"),
        ("01.CD-01.2025", "date"),
        ("X-CD-01 Altgerät", "prefixed_code"),
        ("A1.CD-01", "prefixed_code"),
        ("C D-01 Testfeld", "separator"),
        ("Lade-Station", "separator"),
        ("CD-1 Angebot", "leading_zero"),
        ("CD-001", "leading_zero"),
        ("Erwartung", "inseparable_prefix"),
        ("ohne Wartung", "negated"),
        ("Self Service", "masked"),
        ("Servicepartner", "masked"),
        ("RR-02-017-OMNIE", "shadowed"),
        ("Omnie CD-01", "subsumed"),
        ("Dummy", "vetoed"),
    ],
)
def test_rejection_names_the_failed_rule(matcher: Matcher, heading: str, rule: str) -> None:
    assert rule in rules(matcher.match(heading))


def test_none_is_an_empty_heading(matcher: Matcher) -> None:
    assert matcher.match(None).status == "empty_heading"


def test_alias_found_hides_the_other_alias_that_nearly_was(matcher: Matcher) -> None:
    assert matcher.match("Docking Station").rejected == ()


def test_excluded_sale_counts_nothing_and_says_what_was_there(matcher: Matcher) -> None:
    result = matcher.match("TEST bitte löschen CD-01")
    assert (result.matches, result.tags) == ((), ())
    assert [(reason.rule, reason.text) for reason in result.rejected] == [
        ("vetoed", "TEST bitte löschen"),
        ("vetoed", "CD-01"),
    ]
