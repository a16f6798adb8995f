"""Keyword lists: immutable versions, the current one, and changes that make the next."""

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max

from reports import matching
from reports.export import read_csv
from reports.models import Keyword, KeywordList

DEFAULT_LIST = Path(__file__).with_name("default_keywords.csv")
_FIELDS = (
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
        return save_version([*_default_keywords()], parent=None, author=None, reason="Start list")
    except (ListChanged, IntegrityError):  # another process was faster
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


def save_version(
    keywords: list[Keyword], *, parent: KeywordList | None, author: User | None, reason: str
) -> KeywordList:
    """Store `keywords` as the next version after `parent`; raises ListChanged when it is no longer the newest.

    Keywords without a number get the next one that no version has used.
    """
    with transaction.atomic():
        newest = KeywordList.objects.newest_first().first()
        if newest != parent:
            assert newest is not None
            raise ListChanged(newest)
        used = Keyword.objects.aggregate(most=Max("number"))["most"] or 0
        for keyword in keywords:
            if not keyword.number:
                used += 1
                keyword.number = used
        saved = KeywordList.objects.create(
            version=newest.version + 1 if newest else 1,
            parent=parent,
            author=author,
            reason=reason,
            checksum=checksum(keywords),
        )
        Keyword.objects.bulk_create([_copy(keyword, saved) for keyword in keywords])
    return saved


def _copy(keyword: Keyword, keyword_list: KeywordList) -> Keyword:
    return Keyword(keyword_list=keyword_list, **{name: getattr(keyword, name) for name in _FIELDS})


def checksum(keywords: Iterable[Keyword]) -> str:
    """SHA-256 over the canonical JSON of a list: the same keywords give the same sum everywhere."""
    rows = sorted(
        ([getattr(keyword, name) for name in _FIELDS] for keyword in keywords), key=lambda row: row[0]
    )
    return hashlib.sha256(json.dumps(rows, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def with_keyword(keyword: Keyword, *, parent: KeywordList, author: User, reason: str) -> KeywordList:
    """The next version, in which `keyword` is new or stands in the place of its number."""
    others = parent.keywords.exclude(number=keyword.number or 0)
    return save_version([*others, keyword], parent=parent, author=author, reason=reason)


def without_keyword(number: int, *, parent: KeywordList, author: User, reason: str) -> KeywordList:
    others = [*parent.keywords.exclude(number=number)]
    return save_version(others, parent=parent, author=author, reason=reason)
