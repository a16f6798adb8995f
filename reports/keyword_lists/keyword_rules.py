"""What is wrong with a keyword, in sentences: for the form, the live preview and imported files alike."""

from collections.abc import Iterable
from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from reports import matching
from reports.keyword_lists.keywords import to_matching
from reports.matching.keywords import compile_regex
from reports.models import Keyword

# matching's problem codes -> the field they belong to and the sentence beside it
_PROBLEMS = {
    "product_missing": ("product", _("A keyword that finds something needs a product.")),
    "family_missing": ("family", _("A family name needs the family it stands for.")),
    "text_empty": ("text", _("The keyword has no letter and no digit.")),
    "text_too_short": ("text", _("A single letter or digit would be found nearly everywhere.")),
    "text_too_long": ("text", _("The keyword is too long: 200 characters are the limit.")),
    "text_unfolds": (
        "text",
        _("The keyword is too long: with its special characters written out, 300 characters are the limit."),
    ),
    "regex_too_long": ("text", _("The expression is too long: 200 characters are the limit.")),
    "regex_syntax": ("text", _("The expression cannot be read.")),
    "regex_too_complex": ("text", _("The expression is too complex: it would need too much memory.")),
    "regex_matches_empty": ("text", _("The expression also matches nothing at all.")),
    "unknown_type": ("type", _("Choose word, code or regular expression.")),
    "unknown_kind": ("kind", _("Choose what the keyword finds.")),
    "unknown_polarity": ("polarity", _("Choose what the keyword does.")),
    "unknown_inflect": ("inflect", _("Choose which endings count.")),
    "unknown_compound": ("compound", _("Choose which compounds count.")),
}
_ONE_CHARACTER = _("The expression already finds a single character, so it would be found nearly everywhere.")
_EVERYTHING = _("The expression finds nearly any text, so it would be found everywhere.")
# What an expression for a product does not find: each character alone, and texts that have nothing in common.
_CHARACTERS = "abcdefghijklmnopqrstuvwxyzäöü0123456789 -_/.,+()&:"
_UNRELATED = ("qxzj", "0737", "wvk bf")
_NO_SEMICOLON = _("Without a semicolon, please: in reports it stands between two products.")
_UNKNOWN = _("This keyword cannot be used.")
_TAKEN = _("This keyword is already in the list for the same product.")
_ONE_LINE = _("A keyword stands on one line: without a line break, please.")
_EXPRESSIONS = _("Regular expressions are added, changed and removed by approvers and administrators.")
_FAMILIES = _("“%(product)s” is in the family “%(family)s” already, and a product has only one.")


def problems_of(keyword: Keyword) -> list[tuple[str, str]]:
    """(field, sentence) for all that keeps the keyword from being used; empty when nothing does."""
    found = [(field, _NO_SEMICOLON) for field in ("product", "family") if ";" in getattr(keyword, field)]
    if len(keyword.text.splitlines()) > 1:
        found.append(("text", _ONE_LINE))
    for problem in matching.validate(to_matching(keyword)):
        code, _colon, _words = problem.partition(": ")
        found.append(_PROBLEMS.get(code, ("text", _UNKNOWN)))
    if keyword.type == Keyword.Type.REGEX and not any(field == "text" for field, _sentence in found):
        compiled = compile_regex(keyword.text)
        # As for words: what stands in every heading says nothing about a product.
        if any(compiled.search(character) for character in _CHARACTERS):
            found.append(("text", _ONE_CHARACTER))
        elif all(compiled.search(text) for text in _UNRELATED):
            found.append(("text", _EVERYTHING))
    return [(field, str(sentence)) for field, sentence in found]


def is_taken(keyword: Keyword, others: Iterable[Keyword]) -> bool:
    """Whether another keyword of the list has the same text for the same product."""
    return any(sameness(other) == sameness(keyword) and other.number != keyword.number for other in others)


def identity(keyword: Keyword) -> tuple[str, str]:
    """What tells keywords apart for people, and in files: the text and the product it stands for."""
    return keyword.text, keyword.product


def sameness(keyword: Keyword) -> tuple[str, str]:
    """What two keywords may not share: `identity`, as matching sees the text, for which "Akku" is "akku"."""
    is_expression = keyword.type == Keyword.Type.REGEX
    return keyword.text if is_expression else " ".join(keyword.text.casefold().split()), keyword.product


def taken_problem() -> tuple[str, str]:
    return "text", str(_TAKEN)


# --- In the list they go into ---------------------------------------------------------------------------


def families_beside(keyword: Keyword, others: Iterable[Keyword]) -> list[str]:
    """The families that other keywords name for the same product: one, where nothing went wrong before."""
    if not keyword.product or keyword.polarity != Keyword.Polarity.POSITIVE:
        return []
    same = (one for one in others if one.product == keyword.product and one.number != keyword.number)
    return [one.family for one in same if one.family and one.polarity == keyword.polarity]


def other_family_problem(keyword: Keyword, family: str) -> tuple[str, str]:
    return "family", _FAMILIES % {"product": keyword.product, "family": family}


def expressions_of(keywords: Iterable[Keyword]) -> set[matching.Keyword]:
    """The regular expressions of a list with all that decides what they do, comparable between versions."""
    return {replace(to_matching(one), id=0) for one in keywords if one.type == Keyword.Type.REGEX}


def expression_problem() -> tuple[str, str]:
    return "type", str(_EXPRESSIONS)
