"""Keyword lists: immutable versions, the current one, and changes that make the next."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction
from django.db.models import Max

from reports import matching
from reports.export import read_csv
from reports.models import Keyword, KeywordList

DEFAULT_LIST = Path(__file__).with_name("default_keywords.csv")
FIELDS = (
    "number",
    "product",
    "family",
    "text",
    "type",
    "kind",
    "polarity",
    "generic",
    "inflect",
    "compound",
    "note",
)


def field_of(name: str) -> "models.Field[Any, Any]":
    """One of FIELDS, with its words and choices."""
    field = Keyword._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


class ListChanged(Exception):
    """Somebody else saved a newer version meanwhile."""

    def __init__(self, newest: KeywordList) -> None:
        super().__init__(str(newest))
        self.newest = newest


def current_list() -> KeywordList:
    """The newest version; the first one comes with the installation."""
    newest = KeywordList.objects.newest_first().first()
    if newest is not None:
        return newest
    try:
        return save_version([*_default_keywords()], parent=None, author=None, reason="Mitgelieferte Liste")
    except ListChanged:  # another process was faster
        return KeywordList.objects.newest_first()[0]


def _default_keywords() -> Iterable[Keyword]:
    for number, row in enumerate(read_csv(DEFAULT_LIST.read_text(encoding="utf-8")), start=1):
        values = {**row, "text": row.pop("keyword"), "generic": row["generic"] == "yes", "number": number}
        values.pop("keyword", None)
        yield Keyword(**values)


def to_matching(keyword: Keyword) -> matching.Keyword:
    """The keyword as the pure matcher knows it."""
    return matching.Keyword(
        id=keyword.number,
        text=keyword.text,
        type=keyword.type,
        kind=keyword.kind,
        polarity=keyword.polarity,
        product=keyword.product,
        family=keyword.family,
        generic=keyword.generic,
        inflect=keyword.inflect,
        compound=keyword.compound,
        note=keyword.note,
    )


@lru_cache(maxsize=4)
def _matcher(list_pk: int, _checksum: str) -> matching.Matcher:
    rows = Keyword.objects.filter(keyword_list=list_pk).order_by("number")
    return matching.Matcher([to_matching(keyword) for keyword in rows])


def matcher_of(keyword_list: KeywordList) -> matching.Matcher:
    """Built once a process and version: a version never changes."""
    return _matcher(keyword_list.pk, keyword_list.checksum)


@lru_cache(maxsize=4)
def _keywords(list_pk: int, _checksum: str) -> tuple[Keyword, ...]:
    return tuple(Keyword.objects.filter(keyword_list=list_pk).order_by("number"))


def keywords_of(keyword_list: KeywordList) -> tuple[Keyword, ...]:
    """The keywords of a version by number, read once a process; not to be changed, take `copy_of` one."""
    return _keywords(keyword_list.pk, keyword_list.checksum)


def save_version(
    keywords: list[Keyword], *, parent: KeywordList | None, author: User | None, reason: str
) -> KeywordList:
    """Store `keywords` as the next version after `parent`; raises ListChanged when it is no longer the newest.

    Keywords without a number get the next one that no version has used.
    """
    try:
        with transaction.atomic():
            newest = KeywordList.objects.newest_first().first()
            if newest is not None and newest != parent:
                raise ListChanged(newest)
            return _store(keywords, parent, author, reason)
    except (
        IntegrityError
    ) as error:  # somebody else stored this version number between our look and our writing
        raise ListChanged(KeywordList.objects.newest_first()[0]) from error


def _store(
    keywords: list[Keyword], parent: KeywordList | None, author: User | None, reason: str
) -> KeywordList:
    used = Keyword.objects.aggregate(most=Max("number"))["most"] or 0
    for keyword in keywords:
        if not keyword.number:
            used += 1
            keyword.number = used
    saved = KeywordList.objects.create(
        version=parent.version + 1 if parent else 1,
        parent=parent,
        author=author,
        reason=reason,
        checksum=checksum(keywords),
    )
    Keyword.objects.bulk_create([_copy_into(keyword, saved) for keyword in keywords], batch_size=1000)
    return saved


def _copy_into(keyword: Keyword, keyword_list: KeywordList) -> Keyword:
    return copy_of(keyword, keyword_list=keyword_list)


def checksum(keywords: Iterable[Keyword]) -> str:
    """SHA-256 over the canonical JSON of a list: the same keywords give the same sum everywhere."""
    rows = sorted(
        ([getattr(keyword, name) for name in FIELDS] for keyword in keywords), key=lambda row: row[0]
    )
    return hashlib.sha256(json.dumps(rows, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def numbered(keywords: Sequence[Keyword]) -> list[Keyword]:
    """The same list; whatever has no number yet gets one for the time being, so that it can be matched."""
    number = max((keyword.number or 0 for keyword in keywords), default=0)
    named = []
    for keyword in keywords:
        if not keyword.number:
            number += 1
            keyword = copy_of(keyword, number=number)  # noqa: PLW2901
        named.append(keyword)
    return named


def copy_of(keyword: Keyword, **changes: Any) -> Keyword:
    """A keyword with the same meaning that belongs to no list."""
    return Keyword(**{name: getattr(keyword, name) for name in FIELDS} | changes)


def with_keyword(keywords: Iterable[Keyword], keyword: Keyword) -> list[Keyword]:
    """The list in which `keyword` is new or stands in the place of its number."""
    return [*(other for other in keywords if not keyword.number or other.number != keyword.number), keyword]


def without_keyword(keywords: Iterable[Keyword], number: int) -> list[Keyword]:
    return [keyword for keyword in keywords if keyword.number != number]


def without_product(keywords: Sequence[Keyword], product: str, *, heir: str = "") -> list[Keyword]:
    """The list in which the keywords of `product` belong to `heir` and its family, or are gone without an heir.

    What the heir has already is not given to it twice; a family name stays one only for a family name.
    """
    rest = [keyword for keyword in keywords if keyword.product != product]
    if not heir:
        return rest
    its_own = [keyword for keyword in rest if keyword.product == heir]
    texts = {keyword.text for keyword in its_own}
    family = next((keyword.family for keyword in its_own if keyword.family), "")
    is_family_name = any(keyword.generic for keyword in its_own)
    moved = (keyword for keyword in keywords if keyword.product == product and keyword.text not in texts)
    changes = {"product": heir, "family": family}
    return rest + [copy_of(one, **changes, generic=one.generic and is_family_name) for one in moved]


def by_product(keyword: Keyword) -> tuple[bool, str, str, str, int]:
    """What to sort by on pages: product, then text. Masks and vetoes, which have no product, come last."""
    name, text = keyword.product, keyword.text
    return not name, name.casefold(), name, text.casefold(), keyword.number or 0
