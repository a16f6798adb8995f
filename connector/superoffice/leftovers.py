"""What a trial may have left in SuperOffice, and how that is kept among the facts of a finding.

Nothing is removed by its number alone: numbers are anybody's, and only a record that carries the trial's key
was made by us.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

# What each tried feature makes. The keys of `facts_of` in the facts of that feature are about such records.
MADE = {"create_document": "Document", "create_follow_up": "Appointment"}
FACTS = ("leftovers", "leftover_keys", "leftover_key")
_PATH = re.compile(r"(?:Document|Appointment)/\d{1,18}")
_KEY = re.compile(r"[A-Za-z0-9._:-]{8,99}")


class Left(NamedTuple):
    """A record that carries `key`. `path` is like "Document/4711", or "Document" when it is not known whether
    there is a record at all.
    """

    path: str
    key: str

    @property
    def entity(self) -> str:
        return self.path.partition("/")[0]

    @property
    def has_number(self) -> bool:
        return "/" in self.path


def left_in(feature: str, facts: Mapping[str, Any]) -> list[Left]:
    """What the facts of a feature name, as far as it can be a record of ours."""
    entity = MADE.get(feature, "")
    keys = facts.get("leftover_keys") or {}
    sought = facts.get("leftover_key") or []
    found = [Left(path, keys.get(path, "")) for path in facts.get("leftovers") or []]
    found += [Left(entity, key) for key in ([sought] if isinstance(sought, str) else sought)]
    return [one for one in dict.fromkeys(found) if one.entity == entity and _is_ours(one)]


def facts_of(left: Iterable[Left]) -> dict[str, Any]:
    """As facts: `leftovers` are paths, `leftover_keys` says which key each carries, and `leftover_key` are the
    keys of which it is not known whether a record carries them. Empty when nothing is left.
    """
    left = list(left)
    numbered = {one.path: one.key for one in left if one.has_number}
    sought = [one.key for one in left if not one.has_number]
    facts: dict[str, Any] = {"leftovers": list(numbered), "leftover_keys": numbered} if numbered else {}
    return facts | {"leftover_key": sought} if sought else facts


def without(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The other facts."""
    return {name: value for name, value in facts.items() if name not in FACTS}


def _is_ours(one: Left) -> bool:
    return bool(_KEY.fullmatch(one.key)) and (not one.has_number or bool(_PATH.fullmatch(one.path)))
