"""What changed between two texts: nothing is lost, and no text makes it expensive."""

import random
from difflib import Match, SequenceMatcher
from typing import Any

import pytest

from outreach import differences
from outreach.differences import MOST_STEPS, difference

MOST_TEXT = 20_000
MAIL = "Guten Tag Frau Kranz,\n\nbei uns steht: 2 x OMNIE CD-01.\n\nViele Grüße\nJonas Weber\n"
NOISE = random.Random(7)


def _old(found: differences.Difference) -> str:
    return "".join(text for sign, text in found if sign != "+")


def _new(found: differences.Difference) -> str:
    return "".join(text for sign, text in found if sign != "-")


def test_a_changed_word_is_shown_between_what_stayed() -> None:
    found = difference(MAIL, MAIL.replace("Frau Kranz", "Herr Kranz"))
    assert found == [(" ", "Guten Tag"), ("-", " Frau"), ("+", " Herr"), (" ", MAIL[14:])]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ("", "a b", [("+", "a b")]),
        ("a b", "", [("-", "a b")]),
        ("a b", "a b", [(" ", "a b")]),
        ("a", "b", [("-", "a"), ("+", "b")]),
        ("a b", "a b c", [(" ", "a b"), ("+", " c")]),
        ("a a", "a a a", [(" ", "a a"), ("+", " a")]),
        ("b c", "a b c", [("-", "b"), ("+", "a b"), (" ", " c")]),
    ],
)
def test_beginning_and_end_are_shown_once(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert difference(old, new) == expected


def test_an_edited_mail_of_ordinary_length_is_compared_word_by_word() -> None:
    words = [f"word{NOISE.randrange(200)}" for _ in range(400)]
    edited = list(words)
    for place in range(20, 400, 40):
        edited[place] = f"new{place}"
    found = difference(" ".join(words), " ".join(edited))
    assert [text for sign, text in found if sign == "+"] == [f" new{place}" for place in range(20, 400, 40)]


def test_a_long_text_is_compared_line_by_line() -> None:
    lines = [f"Zeile {number} a a a a a a a a a a\n" for number in range(500)]
    edited = ["neu a\n", *lines[1:250], "anders a\n", *lines[251:-1], "Ende a\n"]
    found = difference("".join(lines), "".join(edited))
    assert [text for sign, text in found if sign == "+"] == ["neu a\n", "anders a\n", "Ende a\n"]


WORST: list[tuple[str, str]] = [
    ("a " * 10_000, "b" + " a" * 9_999),
    ("x " + "a " * 9_998, "a " * 9_998 + "y "),
    ("x" + "\n" * 19_999, "\n" * 19_998 + "y"),
    ("a\nb\n" * 5_000, "b\nb\na\n" * 3_333),
    (
        " ".join(NOISE.choice("ab") for _ in range(10_000)),
        " ".join(NOISE.choice("ab") for _ in range(10_000)),
    ),
    ("".join(f"{n % 100}\n" for n in range(6_000)), "".join(f"{n * 7 % 100}\n" for n in range(6_000))),
    ("a" * MOST_TEXT, "b" * MOST_TEXT),
    ("a " * 300_000, "b " * 300_000),  # a text from before there was a limit
]


@pytest.mark.parametrize(("old", "new"), WORST, ids=range(len(WORST)))
def test_no_text_takes_more_than_a_bounded_number_of_comparisons(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    steps = 0
    search = SequenceMatcher.find_longest_match

    def counted(self: Any, alo: int, ahi: int, blo: int, bhi: int) -> Match:
        nonlocal steps
        steps += sum(1 + len(self.b2j.get(part, ())) for part in self.a[alo:ahi])
        return search(self, alo, ahi, blo, bhi)

    monkeypatch.setattr(SequenceMatcher, "find_longest_match", counted)
    found = difference(old, new)
    assert steps <= 2 * MOST_STEPS  # by words, then by lines
    assert (_old(found), _new(found)) == (old, new)
