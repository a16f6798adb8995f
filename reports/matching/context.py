"""Negations around a match. All places are places in `Folded.text`."""

import re

_WINDOW = 80

# One of the two words before: "ohne Wartung", "ohne jährliche Wartung". A comma, a bracket, "und" or a lone dash ends
# the thought; "nicht nur" says the opposite.
_BEFORE = re.compile(
    r"""
    (?<![^\W_])
    (?: ohne | nicht(?!\ nur\b) | kein(?:e[rnms]?)? | exkl(?:\.|usive)? | excl(?:\.|uding|usive)? | without | w/o
      | statt | anstatt )
    (?![^\W_]) :? [\ /-]?
    (?: (?!(?:und|and|oder|or|sondern|aber|but)\ ) [^\s,;:+&()|/]*[^\W_][^\s,;:+&()|/]* [\ /-] )?
    \Z
    """,
    re.VERBOSE,
)
_AFTER = re.compile(
    r"""
    [\ ,:(-]{0,3} (?:(?:ist|sind|wird|werden|is|are)\ )?
    (?: nicht\ (?:mehr\ )?(?:enthalten|inklusive|inkl|inbegriffen) | not\ included | entf(?:ä|ae|a)ll(?:t|en) )
    (?![^\W_])
    """,
    re.VERBOSE,
)
_SIGNS = ("ohne", "nicht", "kein", "exkl", "excl", "w/o", "without", "statt", "not included", "entf")
_ANY = re.compile("|".join(_SIGNS))
# The same for text without anything between its letters; all but "w/o", which would be in many words.
SQUEEZED_SIGNS = tuple(sign.replace(" ", "") for sign in _SIGNS if sign.isalpha() or " " in sign)


def may_negate(text: str) -> bool:
    """Whether the text contains a negation at all."""
    return _ANY.search(text) is not None


def is_negated(text: str, start: int, end: int) -> bool:
    """Whether what stands at `text[start:end]`, its quantity included, is said to be absent."""
    if _AFTER.match(text, end):
        return True
    return _BEFORE.search(text, max(0, start - _WINDOW), start) is not None
