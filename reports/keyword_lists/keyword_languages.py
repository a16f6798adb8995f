"""Which language a keyword belongs to, and which products are known in one language only."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.models import Keyword

_GERMAN_NOTE = re.compile(r"\b(?:german|deutsch\w*|de)\b", re.IGNORECASE)
_ENGLISH_NOTE = re.compile(r"\b(?:english|englisch\w*|en)\b", re.IGNORECASE)
_UMLAUT = re.compile("[äöüßÄÖÜẞ]")


def languages_of(keyword: Keyword) -> frozenset[str]:
    """ "de", "en" or both; empty for what belongs to no language: names, codes, abbreviations.

    The note decides ("English alias", "de/en"); without a word there, German endings, German compounds and umlauts
    are German.
    """
    noted = {
        language
        for language, pattern in (("de", _GERMAN_NOTE), ("en", _ENGLISH_NOTE))
        if pattern.search(keyword.note)
    }
    if noted:
        return frozenset(noted)
    if keyword.type != Keyword.Type.WORD:
        return frozenset()
    is_german = (
        keyword.inflect == Keyword.Inflect.YES
        or keyword.compound != Keyword.Compound.NONE
        or _UMLAUT.search(keyword.text)
    )
    return frozenset({"de"} if is_german else ())


def language_matrix(keywords: Iterable[Keyword]) -> dict[str, dict[str, list[Keyword]]]:
    """{product: {"de": keywords, "en": keywords}} of all products with a keyword in one of the languages."""
    matrix: defaultdict[str, dict[str, list[Keyword]]] = defaultdict(lambda: {"de": [], "en": []})
    for keyword in keywords:
        if keyword.polarity == Keyword.Polarity.POSITIVE:
            for language in languages_of(keyword):
                matrix[keyword.product][language].append(keyword)
    return dict(matrix)


@dataclass(frozen=True, slots=True)
class LanguageLine:
    """A product and its keywords by language; `missing` is the language that wants one, "de", "en" or ""."""

    product: str
    german: Sequence[Keyword]
    english: Sequence[Keyword]
    missing: str


def language_lines(keywords: Sequence[Keyword]) -> list[LanguageLine]:
    """All products with a keyword in one of the languages, those with a finding first."""
    missing = dict(missing_twins(keywords))
    lines = [
        LanguageLine(product, known["de"], known["en"], missing.get(product, ""))
        for product, known in language_matrix(keywords).items()
    ]
    return sorted(lines, key=lambda line: (not line.missing, line.product))


def missing_twins(keywords: Sequence[Keyword]) -> list[tuple[str, str]]:
    """(product, language without a keyword) of all products that are known in the other language only.

    Services are mostly sold in German: an English word for one is not missed.
    """
    return [
        (product, missing)
        for product, languages in sorted(language_matrix(keywords).items())
        for missing in ("de", "en")
        if not languages[missing] and not (missing == "en" and _is_service(languages["de"]))
    ]


def _is_service(keywords: Iterable[Keyword]) -> bool:
    return all(keyword.kind == Keyword.Kind.SERVICE for keyword in keywords)
