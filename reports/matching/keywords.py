"""What a keyword is, what is wrong with one, and its compiled form."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import re2

from reports.matching.normalise import View, code_view, fold, squeeze, word_view

MAX_TEXT_LENGTH = 200
MAX_FOLDED_LENGTH = 300  # a single character may stand for many: "\ufdfa" for four words
MOST_COMPILED = 20_000  # keywords remembered: while somebody edits one, all others of a list stay the same
SEPARATORS = " -_/."
MAX_GAP = 3  # separator characters in a row between two parts of a keyword

_CHOICES = {
    "type": ("word", "code", "regex"),
    "polarity": ("positive", "mask", "veto"),
    "inflect": ("none", "s", "yes"),
    "compound": ("none", "start", "end", "any"),
}
_KINDS = ("product", "service", "tag")
# Texts in which an expression that can match nothing at all gives itself away.
_EMPTY_PROBES = ("", "a", "ab 12", " ", "-", "a-1")
# What RE2 says of expressions that it could read but does not want to run.
_TOO_COMPLEX = ("pattern too large", "invalid repetition size", "nesting depth")
_BACKWARDS = re.compile(r"\{([0-9]+),([0-9]+)\}")
_LAST_NUMBER = re.compile(r"[0-9]+\Z")
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Keyword:
    """One entry of the keyword list. `kind` is "" for masks and vetoes; a veto names a product, a family or neither."""

    id: int
    text: str
    type: str
    kind: str
    polarity: str
    product: str
    family: str
    generic: bool
    inflect: str
    compound: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One spelling of a keyword to look for.

    `text` is alphanumerics only. `joints` says before which of its characters separators may stand (code) or must
    stand (word), and which characters count as one. `stem` marks "Miet" for "Miete"; `zeros` marks a spelling with
    other leading zeros, which is worth a hint and never a match.

    The rest follows from these. `is_code`: the rules for article numbers apply. `is_plain`: what it finds counts.
    `is_hint`: most of what it finds is nothing. `last_number`: the digits the text ends with. `spellings`: the usual
    ways to write it with its separators, not all that `joints` allow, but those that need no closer look. `head`: how
    each of its matches begins. `is_special`: there is more to ask about a match, since it is a tag or generic.
    """

    keyword: Keyword
    text: str
    joints: dict[int, str]
    stem: bool = False
    zeros: bool = False
    is_code: bool = field(init=False)
    is_plain: bool = field(init=False)
    is_hint: bool = field(init=False)
    last_number: str = field(init=False)
    spellings: frozenset[str] = field(init=False)
    head: tuple[int, str, str, str] = field(init=False)
    is_special: bool = field(init=False)

    def __post_init__(self) -> None:
        found = _LAST_NUMBER.search(self.text)
        object.__setattr__(self, "is_code", self.keyword.type == "code")
        is_plain = self.keyword.polarity == "positive" and not self.zeros
        object.__setattr__(self, "is_plain", is_plain)
        object.__setattr__(self, "is_hint", self.zeros or self.stem)
        object.__setattr__(self, "last_number", found.group() if found else "")
        object.__setattr__(self, "spellings", frozenset(_spellings(self)))
        keyword = self.keyword
        object.__setattr__(self, "head", (keyword.id, keyword.product, keyword.family, keyword.kind))
        object.__setattr__(self, "is_special", keyword.generic or keyword.kind == "tag")


def _spellings(pattern: Pattern) -> Iterator[str]:
    """`text` with the keyword's own separators, and with another one, or for a code none, in all their places."""
    text = pattern.text
    own = {place: gap.removeprefix(SEPARATORS) for place, gap in pattern.joints.items() if gap != SEPARATORS}
    edges = [0, *own, len(text)]
    parts = [text[start:end] for start, end in pairwise(edges)]
    yield "".join(map("".join, zip(["", *own.values()], parts, strict=True)))
    for separator in (*SEPARATORS, "") if pattern.is_code else SEPARATORS:
        yield separator.join(parts)


@lru_cache(MOST_COMPILED)
def validate(keyword: Keyword) -> tuple[str, ...]:
    """What is wrong with the keyword: strings "code: sentence", none when it can be used."""
    problems = [
        f"unknown_{name}: “{getattr(keyword, name)}” is not one of {', '.join(allowed)}."
        for name, allowed in _CHOICES.items()
        if getattr(keyword, name) not in allowed
    ]
    if keyword.polarity == "positive":
        if keyword.kind not in _KINDS:
            problems.append(f"unknown_kind: “{keyword.kind}” is not one of {', '.join(_KINDS)}.")
        if not keyword.product.strip():
            problems.append("product_missing: A keyword that finds something needs a product.")
    if keyword.generic and not keyword.family.strip():
        problems.append("family_missing: A generic product needs the family it stands for.")
    of_text = _regex_problems if keyword.type == "regex" else _text_problems
    return *problems, *of_text(keyword.text)


def _text_problems(text: str) -> list[str]:
    if len(text) > MAX_TEXT_LENGTH:
        return [f"text_too_long: The text has {len(text)} characters; {MAX_TEXT_LENGTH} is the limit."]
    folded = fold(text).text
    if len(folded) > MAX_FOLDED_LENGTH:
        return [
            f"text_unfolds: Written out, the text has {len(folded)} characters; {MAX_FOLDED_LENGTH} is the limit."
        ]
    squeezed = squeeze(folded)
    if not squeezed:
        return ["text_empty: The text has no letter and no digit."]
    if len(squeezed) == 1:
        return ["text_too_short: A single letter or digit finds itself everywhere."]
    return []


def _regex_problems(text: str) -> list[str]:
    if len(text) > MAX_TEXT_LENGTH:
        return [f"regex_too_long: The expression has {len(text)} characters; {MAX_TEXT_LENGTH} is the limit."]
    if not text.strip():
        return ["text_empty: The expression is empty."]
    try:
        compiled = compile_regex(text)
    except (re2.error, UnicodeError) as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error, re2.error) else str(error)
        if _is_too_complex(reason):
            return [f"regex_too_complex: The expression would need too much memory ({reason})."]
        return [f"regex_syntax: RE2 cannot read the expression ({reason})."]
    if any(found.start() == found.end() for probe in _EMPTY_PROBES for found in compiled.finditer(probe)):
        return ["regex_matches_empty: The expression also matches nothing at all."]
    return []


def _is_too_complex(reason: str) -> bool:
    backwards = any(int(found[1]) > int(found[2]) for found in _BACKWARDS.finditer(reason))
    return any(sign in reason for sign in _TOO_COMPLEX) and not backwards


def regex_options() -> re2.Options:
    """Options all keyword expressions share: ignore case, stay quiet, bounded memory."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 8 << 20
    return options


def regex_source(text: str) -> str:
    """The expression as it runs on folded text. Its own case matters (\\W is not \\w), so only ß needs folding."""
    return unicodedata.normalize("NFC", text).replace("ß", "ss").replace("ẞ", "ss")


def compile_regex(text: str) -> "re2._Regexp[str]":
    """Compile with linear-time RE2. Raises `re2.error` for syntax RE2 does not have."""
    return re2.compile(regex_source(text), regex_options())


def weight_of(keyword: Keyword) -> int:
    """What an expression costs in every text, as RE2 counts its steps: a short one about ten. 0 for words and codes,
    which are all looked for at once. Raises `re2.error` for an expression that `validate` refuses.
    """
    return compile_regex(keyword.text).programsize if keyword.type == "regex" else 0


@lru_cache(MOST_COMPILED)
def compile_patterns(keyword: Keyword) -> tuple[Pattern, ...]:
    """The spellings to look for; none for an expression."""
    if keyword.type == "word":
        return tuple(_word_patterns(keyword))
    if keyword.type == "code":
        return tuple(_code_patterns(keyword))
    return ()


def _word_patterns(keyword: Keyword) -> list[Pattern]:
    folded = fold(keyword.text).text
    view = word_view(folded)
    joints = {place: SEPARATORS + gap for place, gap in _gaps(folded, view).items()}
    patterns = [Pattern(keyword, view.text, joints)]
    stem = view.text[:-1]
    if keyword.compound in ("start", "any") and view.text.endswith("e") and len(stem) >= 3:
        patterns.append(Pattern(keyword, stem, joints, stem=True))
    return patterns


def _gaps(folded: str, view: View) -> dict[int, str]:
    """What stands before a character of the view, where that does not touch the one before it."""
    between = enumerate(zip(view.ends, view.starts[1:], strict=False), start=1)
    return {place: folded[end:start] for place, (end, start) in between if end != start}


def _code_patterns(keyword: Keyword) -> list[Pattern]:
    folded = fold(keyword.text).text
    view = code_view(folded)
    own = _gaps(folded, view)
    exact = Pattern(keyword, view.text, _code_joints(view.text, own))
    return [exact, *_zero_patterns(keyword, view.text, own)]


def _code_joints(text: str, own: dict[int, str]) -> dict[int, str]:
    """Where separators may stand: where the keyword has one, and where letters and digits meet."""
    return {
        place: SEPARATORS + own.get(place, "")
        for place in range(1, len(text))
        if place in own or text[place].isdigit() != text[place - 1].isdigit()
    }


def _zero_patterns(keyword: Keyword, text: str, own: dict[int, str]) -> list[Pattern]:
    """Spellings of a code with a leading zero less or more in its last number."""
    numbers_found = list(_NUMBER.finditer(text))
    if keyword.polarity != "positive" or not numbers_found or numbers_found[-1].start() == 0:
        return []
    found = numbers_found[-1]
    bare = found.group().lstrip("0") or "0"
    numbers = {bare, "0" + bare, "00" + bare} - {found.group()}
    spellings = []
    for number in sorted(numbers):
        shift = len(number) - len(found.group())
        spelling = text[: found.start()] + number + text[found.end() :]
        moved = {place + shift if place >= found.end() else place: gap for place, gap in own.items()}
        spellings.append(Pattern(keyword, spelling, _code_joints(spelling, moved), zeros=True))
    return spellings
