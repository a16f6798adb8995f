"""A preview in sentences and rows for the page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reports.keyword_lists.keywords import numbered
from reports.models import Keyword, Row
from reports.preview.corpus import Corpus, CorpusSale
from reports.preview.effects import Change, Effect, Preview
from reports.preview.sightings import Sighting
from reports.runs.funnel import Placement, plain
from reports.templatetags.report_words import money_of

# Why a keyword that stands in a text does not count there, see `matching.Reason`.
RULES: dict[str, Promise] = {
    "shadowed": gettext_lazy("a longer keyword of another product covers it"),
    "masked": gettext_lazy("another keyword hides it"),
    "negated": gettext_lazy("a negation stands beside it"),
    "vetoed": gettext_lazy("another keyword excludes it"),
    "subsumed": gettext_lazy("a specific product of its family is named too"),
    "glued_left": gettext_lazy("it stands inside a longer word"),
    "glued_right": gettext_lazy("it stands inside a longer word"),
    "inseparable_prefix": gettext_lazy("it stands inside a longer word"),
    "separator": gettext_lazy("its parts are separated differently"),
    "longer_code": gettext_lazy("it is part of a longer code"),
    "prefixed_code": gettext_lazy("it is part of a longer code"),
    "date": gettext_lazy("it is part of a date"),
    "leading_zero": gettext_lazy("it is written with other leading zeros"),
}


@dataclass(frozen=True, slots=True)
class ShownChange:
    sale: CorpusSale
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """One effect with its examples; `amounts` is one text for all currencies."""

    effect: str
    label: str
    count: int
    amounts: str
    changes: Sequence[ShownChange]

    @property
    def more_count(self) -> int:
        return self.count - len(self.changes)


@dataclass(frozen=True, slots=True)
class ShownPreview:
    """What the page says of a preview; `problem` instead, where there is none."""

    sentence: str
    groups: Sequence[ShownGroup] = ()
    warnings: Sequence[str] = ()
    is_costly: bool = False
    problem: str = ""


def shown(seen: Preview, corpus: Corpus, keywords: Sequence[Keyword]) -> ShownPreview:
    """`keywords` is the list that was previewed."""
    if not corpus.sales:
        return no_preview(_("There is no sale in the local copy yet, so there is nothing to try this on."))
    groups = [_group(effect, seen) for effect in Effect if seen.count(effect)]
    return ShownPreview(sentence_of(seen), groups, list(_warnings(seen, keywords)), seen.is_costly)


def no_preview(problem: str) -> ShownPreview:
    return ShownPreview(problem, problem=problem)


def sentence_of(seen: Preview) -> str:
    """ "132 sales newly found, 4 sales no longer found", or that nothing changes."""
    words = {
        Effect.GAINED: ngettext(
            "%(count)s sale newly found", "%(count)s sales newly found", seen.count(Effect.GAINED)
        ),
        Effect.LOST: ngettext(
            "%(count)s sale no longer found", "%(count)s sales no longer found", seen.count(Effect.LOST)
        ),
        Effect.REASSIGNED: ngettext(
            "%(count)s sale with other products",
            "%(count)s sales with other products",
            seen.count(Effect.REASSIGNED),
        ),
        Effect.QUANTITY: ngettext(
            "%(count)s sale with other quantities",
            "%(count)s sales with other quantities",
            seen.count(Effect.QUANTITY),
        ),
        Effect.OTHER: ngettext(
            "%(count)s sale found for another reason",
            "%(count)s sales found for another reason",
            seen.count(Effect.OTHER),
        ),
    }
    parts = [text % {"count": seen.count(effect)} for effect, text in words.items() if seen.count(effect)]
    if parts:
        return ", ".join(parts)
    return ngettext(
        "Nothing changes in the %(count)s sale of the local copy.",
        "Nothing changes in the %(count)s sales of the local copy.",
        seen.sale_count,
    ) % {"count": seen.sale_count}


def _group(effect: Effect, seen: Preview) -> ShownGroup:
    group = seen.groups[effect]
    changes = [ShownChange(change.sale, *_words_of(change)) for change in group.examples]
    return ShownGroup(effect.value, str(effect.label), group.count, amounts_words(group.amounts), changes)


def _words_of(change: Change) -> tuple[str, str]:
    """Before and after; where the products are the same, with what differs instead."""
    words = placement_words(change.before), placement_words(change.after)
    if words[0] != words[1]:
        return words
    sources = tuple(_source_words(placement) for placement in (change.before, change.after))
    if sources[0] != sources[1]:
        return f"{words[0]} ({sources[0]})", f"{words[1]} ({sources[1]})"
    return f"{words[0]} ({change.before.families or '–'})", f"{words[1]} ({change.after.families or '–'})"


def _source_words(placement: Placement) -> str:
    return str(Row.Source(placement.source).label) if placement.source else "–"


def amounts_words(amounts: Mapping[str, Decimal]) -> str:
    """One amount a currency, the largest first; never added across currencies."""
    largest_first = sorted(amounts.items(), key=lambda item: -item[1])
    return " · ".join(money_of(amount, currency) for currency, amount in largest_first)


def placement_words(placement: Placement) -> str:
    """ "2 × OMNIE CD-01, Wartung", or the stage of a sale without a product."""
    if not placement.matches:
        return str(Row.Stage(placement.stage).label)
    found = [*placement.matches, *placement.tags]
    return ", ".join(
        one.product if one.quantity == 1 else f"{plain(one.quantity)} × {one.product}" for one in found
    )


# --- Warnings -------------------------------------------------------------------------------------------


def _warnings(seen: Preview, keywords: Sequence[Keyword]) -> Iterator[str]:
    """What is odd about the keywords that are new or changed; of many, only about the first ones."""
    names = {keyword.number: keyword for keyword in numbered(keywords)}
    about = [
        (names[number], sighting)
        for number, sighting in seen.sightings.items()
        if names[number].polarity == Keyword.Polarity.POSITIVE
    ]
    nowhere = [str(keyword) for keyword, sighting in about if not sighting.counted and not sighting.refused]
    if nowhere:
        yield _stands_nowhere(nowhere)
    odd = (warning for keyword, sighting in about for warning in _warnings_about(keyword, sighting))
    yield from islice(odd, MOST_WARNINGS)


MOST_WARNINGS = 10


def _stands_nowhere(keywords: Sequence[str]) -> str:
    named = list(dict.fromkeys(keywords))
    more = len(named) - MOST_WARNINGS
    if more <= 0:
        return _("Stands in no sale: %(keywords)s.") % {"keywords": ", ".join(named)}
    return ngettext(
        "Stands in no sale: %(keywords)s and %(count)s more.",
        "Stands in no sale: %(keywords)s and %(count)s more.",
        more,
    ) % {"keywords": ", ".join(named[:MOST_WARNINGS]), "count": more}


def _warnings_about(keyword: Keyword, sighting: Sighting) -> Iterator[str]:
    for product, count in sorted(sighting.conflicts.items()):
        yield ngettext(
            "In %(count)s text “%(keyword)s” would stand for two products at once: %(product)s and %(other)s.",
            "In %(count)s texts “%(keyword)s” would stand for two products at once: %(product)s and %(other)s.",
            count,
        ) % {"count": count, "keyword": keyword, "product": keyword.product, "other": product}
    if sighting.counted or not sighting.refused:
        return
    rule, count = max(sighting.refused.items(), key=lambda item: item[1])
    yield ngettext(
        "“%(keyword)s” stands in %(count)s text and never counts, mostly for this reason: %(rule)s.",
        "“%(keyword)s” stands in %(count)s texts and never counts, mostly for this reason: %(rule)s.",
        sum(sighting.refused.values()),
    ) % {"keyword": keyword, "count": sum(sighting.refused.values()), "rule": RULES[rule]}
