"""Two versions of the keyword list beside each other: by keyword and field, and as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff

from django.utils.functional import Promise
from django.utils.translation import ngettext

from reports.keyword_lists.keyword_files import csv_of
from reports.keyword_lists.keywords import FIELDS, field_of
from reports.models import Keyword


@dataclass(frozen=True, slots=True)
class FieldChange:
    label: str | Promise
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class KeywordChange:
    """One keyword that is in both lists and differs."""

    before: Keyword
    after: Keyword
    fields: Sequence[FieldChange]


@dataclass(frozen=True, slots=True)
class ListDifference:
    added: Sequence[Keyword]
    removed: Sequence[Keyword]
    changed: Sequence[KeywordChange]

    @property
    def count(self) -> int:
        return len(self.added) + len(self.removed) + len(self.changed)

    @property
    def counts(self) -> str:
        """ "3 added, 2 changed": what there is none of is left out."""
        added, removed, changed = len(self.added), len(self.removed), len(self.changed)
        parts = [
            (added, ngettext("%(count)s added", "%(count)s added", added)),
            (removed, ngettext("%(count)s removed", "%(count)s removed", removed)),
            (changed, ngettext("%(count)s changed", "%(count)s changed", changed)),
        ]
        return ", ".join(words % {"count": count} for count, words in parts if count)


def difference(before: Sequence[Keyword], after: Sequence[Keyword]) -> ListDifference:
    """What was added, removed and changed. A keyword is the same when its number is; one without is new."""
    old = {keyword.number: keyword for keyword in before}
    new = {keyword.number: keyword for keyword in after if keyword.number}
    unnumbered = [keyword for keyword in after if not keyword.number]
    pairs = [(old[number], keyword) for number, keyword in new.items() if number in old]
    changes = [KeywordChange(one, other, list(_fields(one, other))) for one, other in pairs]
    return ListDifference(
        added=[*(keyword for number, keyword in new.items() if number not in old), *unnumbered],
        removed=[keyword for number, keyword in old.items() if number not in new],
        changed=[change for change in changes if change.fields],
    )


def _fields(before: Keyword, after: Keyword) -> Iterator[FieldChange]:
    for name in FIELDS:
        if getattr(before, name) != getattr(after, name):
            yield FieldChange(
                str(field_of(name).verbose_name), field_words(before, name), field_words(after, name)
            )


def field_words(keyword: Keyword, name: str) -> str:
    """A field's value as people read it; "–" for nothing."""
    value = getattr(keyword, f"get_{name}_display", lambda: getattr(keyword, name))()
    if isinstance(value, bool):
        return "✓" if value else "–"
    return str(value) or "–"


def text_difference(before: Sequence[Keyword], after: Sequence[Keyword]) -> list[tuple[str, str]]:
    """The lines of both CSV files that differ, with their neighbours: (sign, line); sign is " ", "-", "+" or "@"."""
    lines = unified_diff(csv_of(before).splitlines(), csv_of(after).splitlines(), lineterm="", n=1)
    return [(line[0], line[1:] if line[0] != "@" else line) for line in list(lines)[2:]]
