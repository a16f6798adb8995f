"""What a usable keyword is, and how each type is read."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from reports.matching import Matcher, validate
from tests.reports.matching.examples import brief, found, keyword, mask, read_keywords, rules, veto


def codes(problems: Iterable[str]) -> list[str]:
    """The stable part of the problems."""
    assert all(": " in problem and problem.endswith(".") for problem in problems)
    return [problem.split(":")[0] for problem in problems]


@pytest.mark.parametrize("one", read_keywords(), ids=lambda one: one.text)
def test_every_keyword_of_the_start_list_is_valid(one: object) -> None:
    assert validate(one) == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"text": "--"}, "text_empty"),
        ({"text": ""}, "text_empty"),
        ({"text": "™"}, "text_empty"),
        ({"text": "a" * 201}, "text_too_long"),
        ({"text": "L"}, "text_too_short"),
        ({"text": "ü"}, "text_too_short"),
        ({"text": "- 7 -", "type": "code"}, "text_too_short"),
        ({"product": " "}, "product_missing"),
        ({"kind": ""}, "unknown_kind"),
        ({"kind": "gadget"}, "unknown_kind"),
        ({"type": "glob"}, "unknown_type"),
        ({"polarity": "negative"}, "unknown_polarity"),
        ({"inflect": "all"}, "unknown_inflect"),
        ({"compound": "middle"}, "unknown_compound"),
        ({"generic": True}, "family_missing"),
        ({"type": "regex", "text": "a" * 201}, "regex_too_long"),
        ({"type": "regex", "text": " "}, "text_empty"),
        ({"type": "regex", "text": "(?=look)"}, "regex_syntax"),
        ({"type": "regex", "text": r"(a)\1"}, "regex_syntax"),
        ({"type": "regex", "text": "(open"}, "regex_syntax"),
        ({"type": "regex", "text": "a{3,2}"}, "regex_syntax"),
        ({"type": "regex", "text": "(a{1000}){1000}"}, "regex_too_complex"),
        ({"type": "regex", "text": "((a{100}){100}){100}"}, "regex_too_complex"),
        ({"type": "regex", "text": r"\pL{900}"}, "regex_too_complex"),
        ({"type": "regex", "text": "x*"}, "regex_matches_empty"),
        ({"type": "regex", "text": r"\b"}, "regex_matches_empty"),
        ({"type": "regex", "text": "lease|"}, "regex_matches_empty"),
        ({"type": "regex", "text": "$"}, "regex_matches_empty"),
        ({"type": "regex", "text": r"\B"}, "regex_matches_empty"),
    ],
)
def test_problem_of_a_keyword_is_named(changes: dict[str, Any], problem: str) -> None:
    assert codes(validate(replace(keyword("Akku"), **changes))) == [problem]


def test_masks_and_vetoes_need_no_product_and_no_kind() -> None:
    assert validate(mask("Self Service")) == ()
    assert validate(veto("Dummy")) == ()


def test_matcher_refuses_an_unusable_keyword_by_its_number() -> None:
    with pytest.raises(ValueError, match="keyword 7: regex_syntax"):
        Matcher([keyword("Akku"), keyword("(", id=7, type="regex")])


def test_expression_of_one_letter_is_somebodys_own_decision() -> None:
    assert validate(keyword("[0-9]", "x", type="regex")) == ()
    assert validate(keyword("x", "x", type="regex")) == ()


def test_list_with_a_single_letter_can_still_be_searched_with() -> None:
    assert found(keyword("L"), "Größe L") == "L×1"


def test_empty_list_matches_nothing() -> None:
    result = Matcher([]).match("2x Omnie CD-01")
    assert (result.status, result.matches, result.rejected) == ("unmatched", (), ())


@pytest.mark.parametrize(
    "heading", ["docking station", "Docking-Station", "DOCKING_STATION", "Docking / Station"]
)
def test_word_allows_any_separator_between_its_tokens(heading: str) -> None:
    assert found(keyword("Docking Station"), heading) == "Docking Station×1"


@pytest.mark.parametrize(
    "heading", ["Dockingstation", "Docking, Station", "Docking (Station", "Dock ingstation"]
)
def test_word_wants_a_separator_exactly_between_its_tokens(heading: str) -> None:
    assert found(keyword("Docking Station"), heading) == ""


def test_separator_the_keyword_itself_has_is_allowed_in_headings() -> None:
    assert found(keyword("Putz+Glanz"), "PUTZ+GLANZ") == "Putz+Glanz×1"
    assert found(keyword("Putz Glanz"), "Putz+Glanz") == ""


@pytest.mark.parametrize("heading", ["RS-7b", "RS7b", "rs 7 b", "RS - 7.b", "RS/7_b"])
def test_code_allows_separators_at_its_own_and_where_letters_meet_digits(heading: str) -> None:
    assert found(keyword("RS-7b", type="code"), heading) == "RS-7b×1"


@pytest.mark.parametrize("heading", ["R-S7b", "RS--- -7b", "RS(7b", "RS,7b", "RS–––––7b"])
def test_code_allows_no_other_separator(heading: str) -> None:
    assert found(keyword("RS-7b", type="code"), heading) == ""


def test_code_is_not_folded_like_a_word() -> None:
    assert found(keyword("BLUE-1", type="code"), "BLU-1") == ""
    assert found(keyword("BLUE-1", type="code"), "BLÜ-1") == ""
    assert found(keyword("Blue"), "Blü") == "Blue×1"


def test_leading_zeros_make_another_code() -> None:
    matcher = Matcher([keyword("CD-1", type="code"), keyword("CD-01", type="code", id=2)])
    assert brief(matcher.match("CD-01")) == "CD-01×1"
    assert brief(matcher.match("CD-1")) == "CD-1×1"
    assert rules(matcher.match("CD-001")) == ["leading_zero", "leading_zero"]


@pytest.mark.parametrize(
    ("pattern", "heading", "expected"),
    [
        (r"\blease|leasing\b", "Lease 36 months", "x×1"),
        (r"\blease|leasing\b", "RELEASE", ""),
        (r"omnie\s?plus", "OMNIE\u00a0\u00a0PLUS", "x×1"),
        (r"[a-z]{2}-\d{4}", "Gerät AB–1234", "x×1"),
        (r"straße", "STRASSE", "x×1"),
        (r"akku", "1x Akku, 2x Akku", "x×3"),
    ],
)
def test_expression_runs_on_the_normalised_text(pattern: str, heading: str, expected: str) -> None:
    assert found(keyword(pattern, "x", type="regex"), heading) == expected


def test_several_expressions_are_all_found() -> None:
    several = [keyword(text, text, type="regex", id=number) for number, text in enumerate(["ab+", "c", "zz"])]
    assert found(several, "c abb") == "c×1; ab+×1"
    assert found(several, "nothing? no: x") == ""


def test_slow_looking_expression_takes_linear_time() -> None:
    assert found(keyword(r"(a+)+b", "x", type="regex"), "a" * 20_000 + "c") == ""
