"""Why no product counts in the texts of a sale: the nearest keyword and the rule that it failed, in one sentence."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.explaining.nearest import INCOMPLETE, Near, nearest
from reports.matching import Keyword, Matcher, Reason, Result
from reports.runs import funnel

ONLY_TAGS, NOTHING_NEAR = "only_tags", "nothing_near"
_SHOWN = 80  # characters of a heading that are quoted
# The failed rule -> its sentence. `around` is the whole word the keyword stands in.
_RULES: dict[str, Promise] = {
    "glued_left": gettext_lazy("“%(found)s” is there, but glued to what stands before it: “%(around)s”."),
    "glued_right": gettext_lazy("“%(found)s” is there, but glued to what follows it: “%(around)s”."),
    "inseparable_prefix": gettext_lazy("“%(found)s” is only a part of another word: “%(around)s”."),
    "separator": gettext_lazy(
        "the letters of “%(keyword)s” are there, but separated where they must not be: “%(around)s”."
    ),
    "longer_code": gettext_lazy("“%(found)s” is only the beginning of a longer number: “%(around)s”."),
    "date": gettext_lazy("“%(found)s” is the beginning of a date, not a number: “%(around)s”."),
    "prefixed_code": gettext_lazy("“%(found)s” is only the end of another number: “%(around)s”."),
    "leading_zero": gettext_lazy("“%(found)s” is not “%(keyword)s”: leading zeros count."),
    "masked": gettext_lazy("“%(found)s” is there, but “%(other)s” hides it."),
    "shadowed": gettext_lazy("“%(found)s” is there, but inside a longer keyword of another product."),
    "negated": gettext_lazy("“%(found)s” is there, but the text says that it is not part of it."),
    "vetoed": gettext_lazy("“%(found)s” is there, but “%(other)s” excludes it."),
    "subsumed": gettext_lazy("“%(found)s” is only the name of a family, of which a product was found."),
}
# What explains most, first: what took a product away, then what is missing to one.
_TAKEN = ("negated", "masked", "vetoed")
_MISSED = (
    "glued_right", "longer_code", "separator", "prefixed_code", "date", "leading_zero", "inseparable_prefix",
    "glued_left", "shadowed", "subsumed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Explanation:
    """`code` is a rule of `matching.Reason`, a kind of `nearest`, "excluded", ONLY_TAGS or NOTHING_NEAR.

    `keyword_number` is the keyword to change, None where none is near; `text` is what a new keyword could be.
    """

    code: str
    sentence: str
    keyword_number: int | None = None
    text: str = ""


def explain(stage: str, texts: Sequence[str], matcher: Matcher) -> Explanation:
    """Why a sale that was searched stands in `stage`; `texts` are its heading and the further texts, in order."""
    results = [(text, matcher.match(text)) for text in texts]
    if stage == funnel.EXCLUDED:
        for text, result in results:
            if result.status == funnel.EXCLUDED:
                return _excluded(text, result, matcher)
    for rules in (_TAKEN, _MISSED):
        reasons = [(text, reason) for text, result in results for reason in _products(result, matcher)]
        if found := _first(reasons, rules):
            return _missed(*found, matcher)
    tags = [tag.product for _text, result in results for tag in result.tags]
    if tags:
        words = _("only the tag “%(tag)s” was found; a tag alone is no product.")
        return Explanation(ONLY_TAGS, words % {"tag": tags[0]})
    return _near(texts, matcher)


def _products(result: Result, matcher: Matcher) -> list[Reason]:
    """Reasons about products and services: not vetoes that were negated, not tags."""
    keywords = ((reason, matcher.keywords[reason.keyword_id]) for reason in result.rejected)
    return [reason for reason, one in keywords if one.polarity == "positive" and one.kind != "tag"]


def _first(reasons: Iterable[tuple[str, Reason]], rules: Sequence[str]) -> tuple[str, Reason] | None:
    """The one with the longest text; of equally long ones that whose rule says most."""
    found = [one for one in reasons if one[1].rule in rules]
    found.sort(key=lambda one: (-len(one[1].text), rules.index(one[1].rule)))
    return found[0] if found else None


# --- Sentences ----------------------------------------------------------------------------------------------


def _excluded(text: str, result: Result, matcher: Matcher) -> Explanation:
    """A veto for the whole sale: the matcher names it."""
    for reason in result.rejected:
        if reason.rule == "vetoed" and matcher.keywords[reason.keyword_id].polarity == "veto":
            words = _("the keyword “%(keyword)s” excludes the whole sale.")
            keyword = matcher.keywords[reason.keyword_id].text
            return Explanation(funnel.EXCLUDED, words % {"keyword": keyword}, reason.keyword_id)
    return Explanation(funnel.EXCLUDED, _("a keyword excludes the whole sale: “%(text)s”.") % {"text": text})


def _missed(text: str, reason: Reason, matcher: Matcher) -> Explanation:
    keyword = matcher.keywords[reason.keyword_id]
    other = _other(text, reason, matcher)
    words = str(_RULES[reason.rule]) % {
        "found": reason.text,
        "keyword": keyword.text,
        "around": around(text, reason.start, reason.end),
        "other": other.text if other else "–",
    }
    return Explanation(reason.rule, words, other.id if other else keyword.id, reason.text)


def _near(texts: Sequence[str], matcher: Matcher) -> Explanation:
    """What only looks like a keyword, or the sentence that nothing does."""
    for text in texts:
        if near := nearest(text, matcher.keywords.values()):
            return Explanation(near.kind, _near_words(near), near.keyword.id, near.text)
    shown = texts[0].strip() if texts else ""
    shown = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
    if not shown:
        return Explanation(NOTHING_NEAR, _("nothing is written there."))
    words = _("in “%(heading)s” there is no keyword, nor anything like one.")
    return Explanation(NOTHING_NEAR, words % {"heading": shown}, None, texts[0].strip())


def _near_words(near: Near) -> str:
    if near.kind == INCOMPLETE:
        words = _("“%(text)s” is only the beginning of the keyword “%(keyword)s”.")
    else:
        words = _("“%(text)s” looks like the keyword “%(keyword)s”, but is not the same.")
    return words % {"text": near.text, "keyword": near.keyword.text}


def around(text: str, start: int, end: int) -> str:
    """The place with everything up to the next white space, without brackets and commas at its ends."""
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[start:end].strip("()[]{},;:!?\"'„“”")


# --- Masks and vetoes ---------------------------------------------------------------------------------------


def _other(text: str, reason: Reason, matcher: Matcher) -> Keyword | None:
    """The mask or veto that took the product away: the matcher says only that there was one."""
    if reason.rule not in ("masked", "vetoed"):
        return None
    product = matcher.keywords[reason.keyword_id]
    polarity = "mask" if reason.rule == "masked" else "veto"
    for keyword, start, end in _standing(text, matcher, polarity):
        if polarity == "mask" and start < reason.end and reason.start < end:
            return keyword
        if polarity == "veto" and _concerns(keyword, product):
            return keyword
    return None


def _concerns(veto: Keyword, product: Keyword) -> bool:
    if veto.product:
        return veto.product == product.product
    return not veto.family or veto.family == product.family


def _standing(text: str, matcher: Matcher, polarity: str) -> Iterator[tuple[Keyword, int, int]]:
    """The masks or vetoes that stand in the text, and where."""
    result = _searching(matcher, polarity).match(text)
    for match in result.matches:
        for start, end in match.spans:
            yield matcher.keywords[int(match.product)], start, end
    for reason in result.rejected:
        if reason.rule == "shadowed":
            yield matcher.keywords[reason.keyword_id], reason.start, reason.end


@lru_cache(maxsize=8)
def _searching(matcher: Matcher, polarity: str) -> Matcher:
    """A matcher that finds masks or vetoes as if each were a product."""
    return finder([one for one in matcher.keywords.values() if one.polarity == polarity])


def finder(keywords: Iterable[Keyword]) -> Matcher:
    """A matcher that only says where these keywords stand: each is a product named by its number."""
    return Matcher(
        [
            replace(one, polarity="positive", kind="product", product=str(one.id), family="", generic=False)
            for one in keywords
        ]
    )
