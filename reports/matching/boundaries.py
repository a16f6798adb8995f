"""Where a keyword may begin and end: B1-B4, article numbers, German endings and compounds.

All places are places in `Folded.text`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from reports.matching.keywords import MAX_GAP, Pattern
from reports.matching.normalise import Folded, View

# B3 "2xOmnie" and B4 "CD-01x2"; "2XL Mopp" is a size.
_GLUE_LEFT = re.compile(r"(?<![^\W_])[0-9]{1,4}x\Z")
_GLUE_RIGHT = re.compile(r"x[0-9]{1,4}(?![^\W_])")
_BARE_SIZE = re.compile(r"x*[sl](?![^\W_])")

_CODE_TAIL = re.compile(r"([-./])([0-9]+)")
_DATE_TAIL = re.compile(r"[-./](?:[0-9]{1,2}[-./])?(?:19|20)[0-9]{2}(?![0-9])|\.[0-9]{1,2}\.(?![0-9])")
_BEFORE_DIGITS, AFTER_PREFIX = frozenset("-./"), frozenset("-_./")
_CODE_PREFIX = re.compile(r"[^\W_]+[-_./]\Z")

_LETTERS = re.compile(r"[^\W\d_]*")
_LETTERS_BEFORE = re.compile(r"[^\W\d_]+\Z")
_ENDINGS = {"none": (), "s": ("s",), "yes": ("ern", "en", "er", "es", "e", "n", "s")}
_INSEPARABLE = re.compile(r"(?:er|be|ge|ver|zer|ent|un|miss)+")
# "Miete" + "rin", "rverein" are about the Mieter; "Service" + "roboter" is about the service.
_PERSON_TAIL = re.compile(r"rin(?:nen)?\Z|r[^aeiouyäöüh]")
_LONGEST_TOKEN = 60
# Characters that say nothing about an article number beside them.
CLEAR_OF_CODES = frozenset(["", *" ,;:+&()[]'\"!?*=<>|#"])
_DIGITS = frozenset("0123456789")


@dataclass(slots=True)
class Hit:
    """A keyword found in a heading.

    `start` to `end` is what matched, endings included. `anchor` to `outer_end` is the whole word it stands in (the
    compound, or the slash list's common beginning); quantities and negations are read around that.
    """

    pattern: Pattern
    start: int
    end: int
    anchor: int
    outer_end: int

    @property
    def product(self) -> str:
        """The product this hit is about."""
        return self.pattern.keyword.product


@dataclass(slots=True)
class Miss:
    """A keyword that is there letter by letter, but not as a word of its own; `rule` is the failed one, or ""."""

    pattern: Pattern
    start: int
    end: int
    rule: str


def stands_alone(text: str, pattern: Pattern, start: int, end: int) -> bool:
    """Whether the pattern, written as usual at `text[start:end]`, has nothing beside it that a rule could ask about.

    What this says yes to, `examine` accepts as it stands: most of what is found, at a fraction of the cost. The place
    must not hold a digraph's silent "e" at its end.
    """
    before, after = text[start - 1 : start], text[end : end + 1]
    if pattern.is_code:
        return before in CLEAR_OF_CODES and after in CLEAR_OF_CODES and text[start:end] in pattern.spellings
    if before.isalnum() or after.isalnum() or pattern.stem:
        return False
    return is_as_usual(text, pattern, start, end)


def is_as_usual(text: str, pattern: Pattern, start: int, end: int) -> bool:
    """Whether the separators of what was found at `text[start:end]` are the keyword's own or otherwise usual."""
    if pattern.is_code or pattern.joints:
        return text[start:end] in pattern.spellings
    return end - start == len(pattern.text)


def fails_quietly(text: str, pattern: Pattern, end: int) -> bool:
    """Whether a stem or a spelling with other zeros is no match for sure where it ends; such are no near misses."""
    after = text[end : end + 1]
    return after in _DIGITS if pattern.zeros else pattern.stem and (after == "e" or not after.isalnum())


def examine(
    folded: Folded, view: View, pattern: Pattern, first: int, last: int, *, ends: set[int]
) -> Hit | Miss:
    """Decide about the pattern found at `view.text[first:last]`.

    `ends` are the places where keywords accepted so far end; an article number may follow directly on one of those.
    """
    start, end = view.starts[first], view.starts[last - 1] + 1
    if not joints_hold(folded, view, pattern, first, last):
        return Miss(pattern, start, end, _separator_rule(folded, pattern, start, end))
    return examine_edges(folded, pattern, start, end, ends=ends, wide=view.end(last - 1))


def examine_edges(
    folded: Folded, pattern: Pattern, start: int, end: int, *, ends: Collection[int], wide: int
) -> Hit | Miss:
    """As `examine` for a pattern whose separators are right.

    `wide` is the end with a digraph's silent "e", mostly the same as `end`.
    """
    left = _left(folded, pattern, start)
    if isinstance(left, str):
        return Miss(pattern, start, end, left)
    if pattern.is_code:
        rule = code_context(folded, pattern, start, end, ends)
        if rule:
            return Miss(pattern, start, end, rule)
    right = _right(folded, pattern, end)
    if wide != end and (right is None or pattern.keyword.text[-1] not in "aouAOU"):
        # A digraph's "e" is part of the keyword in "Menuekarte", but not in "Akkuersatz".
        right = _right(folded, pattern, wide) or right
    if right is None:
        return Miss(pattern, start, end, "glued_right")
    return Hit(pattern, start, right[0], left, right[1])


def joints_hold(folded: Folded, view: View, pattern: Pattern, first: int, last: int) -> bool:
    """Whether separators stand exactly where the pattern wants or allows them."""
    starts = view.starts
    joints = pattern.joints
    if starts[last - 1] - starts[first] == last - 1 - first and (pattern.is_code or not joints):
        return True
    for place in range(first + 1, last):
        gap = folded.text[view.end(place - 1) : starts[place]]
        allowed = joints.get(place - first)
        if not gap:
            if allowed and not pattern.is_code and not _is_camel(folded, starts[place]):
                return False
        elif allowed is None or len(gap) > max(MAX_GAP, len(allowed) - 5) or gap.strip(allowed):
            return False
    return True


def _separator_rule(folded: Folded, pattern: Pattern, start: int, end: int) -> str:
    """Letters that only meet by chance across words are no near miss."""
    close = left_edge(folded, start) and right_edge(folded, end) and not pattern.stem
    return "separator" if close else ""


def _left(folded: Folded, pattern: Pattern, start: int) -> int | str:
    """Where the word begins, or the failed rule."""
    if left_edge(folded, start):
        return start
    if pattern.keyword.compound in ("end", "any"):
        return _head(folded, start)
    return "glued_left"


def left_edge(folded: Folded, place: int) -> bool:
    """B1-B3 at the left of `place`."""
    text = folded.text
    if place == 0 or not text[place - 1].isalnum() or place in folded.breaks or _is_camel(folded, place):
        return True
    return (
        text[place - 1] == "x"
        and not text[place].isdigit()  # "1200x800" is a dimension
        and _GLUE_LEFT.search(text, max(0, place - 6), place) is not None
        and _BARE_SIZE.match(text, place) is None
    )


def right_edge(folded: Folded, place: int, *, glue: bool = True) -> bool:
    """B1, B2 and (with `glue`) B4 at the right; `place` is the first character that no longer belongs."""
    text = folded.text
    if place == len(text) or not text[place].isalnum() or place in folded.breaks or _is_camel(folded, place):
        return True
    return glue and text[place] == "x" and _GLUE_RIGHT.match(text, place) is not None


def _is_camel(folded: Folded, place: int) -> bool:
    """B2: lower case before, upper case from here."""
    return 0 < place < len(folded.raw) and folded.raw[place - 1].islower() and folded.raw[place].isupper()


def _head(folded: Folded, start: int) -> int | str:
    """The beginning of the compound whose end starts at `start`, or the failed rule."""
    found = _LETTERS_BEFORE.search(folded.text, max(0, start - _LONGEST_TOKEN), start)
    if found is None:
        return "glued_left"
    begin = found.start()
    if folded.text[begin] == "x" and left_edge(folded, begin + 1):  # "2xTellerbürste"
        begin += 1
    if not left_edge(folded, begin):
        return "glued_left"
    head = folded.text[begin:start]
    if _INSEPARABLE.fullmatch(head):
        return "inseparable_prefix"
    return begin if len(head) >= 3 else "glued_left"


def _right(folded: Folded, pattern: Pattern, end: int) -> tuple[int, int] | None:
    """Where the match and the word around it end, or None."""
    keyword = pattern.keyword
    if not pattern.stem and right_edge(folded, end, glue=not pattern.text.isdigit()):
        return end, end
    found = _LETTERS.match(folded.text, end)
    rest = found.group() if found else ""
    if not pattern.stem:
        for ending in _ENDINGS[keyword.inflect]:
            if rest.startswith(ending) and right_edge(folded, end + len(ending)):
                return end + len(ending), end + len(ending)
    if (
        keyword.compound in ("start", "any")
        and _is_tail(pattern, rest)
        and right_edge(folded, end + len(rest))
    ):
        return end, end + len(rest)
    return None


def _is_tail(pattern: Pattern, rest: str) -> bool:
    """Whether `rest` may follow the keyword in a compound; linking letters are part of it."""
    if len(rest) < 3:
        return False
    if pattern.stem:
        return rest[0] != "e"  # then the keyword itself is there, or the Mieter
    return not (pattern.text.endswith("e") and _PERSON_TAIL.match(rest))


def code_context(folded: Folded, pattern: Pattern, start: int, end: int, ends: Collection[int]) -> str:
    """The rule an article number fails by what stands around it, or ""."""
    text = folded.text
    if text[end : end + 1] in _BEFORE_DIGITS:
        after = list_end(folded, pattern, end)
        if _CODE_TAIL.match(text, after):
            return "date" if _DATE_TAIL.match(text, after) else "longer_code"
    if text[start - 1 : start] not in AFTER_PREFIX or start - 1 in ends:
        return ""
    prefix = _CODE_PREFIX.search(text, max(0, start - _LONGEST_TOKEN), start)
    if prefix is None:
        return ""
    token = prefix.group()[:-1]
    return "prefixed_code" if len(token) <= 3 or not token.isalpha() else ""


def list_end(folded: Folded, pattern: Pattern, end: int) -> int:
    """The end of a slash list "01/02/03" whose first number ends at `end`; `end` itself when there is none."""
    width, place = len(pattern.last_number), end
    while found := _CODE_TAIL.match(folded.text, place):
        if found.group(1) != "/" or len(found.group(2)) != width or not right_edge(folded, found.end()):
            break
        place = found.end()
    return place
