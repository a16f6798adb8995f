"""Explains a finding of the probe: why, what to do, and who has to do it.

Rows keep codes and facts only; the sentences are chosen when they are shown, so that a page speaks its
reader's language. The first rule that fits a finding gives the words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector import capability_words as words
from connector.capability_words import Text, Words
from connector.models import Capability
from connector.problems import problem_of

Facts = Mapping[str, Any]
_Rule = Callable[[str, str, Facts], Words | None]


@dataclass(frozen=True, slots=True)
class Explanation:
    cause: str
    action: str
    who: str  # a key of WHO


def explain(feature: str, status: str, facts: Facts) -> Explanation:
    """Why a finding is as it is, what to do about it, and who has to do that."""
    found = _words(feature, status, facts)
    cause, action, who = filled(found.cause, facts), filled(found.action, facts), found.who
    if left := leftover_words(facts):
        who = words.SUPEROFFICE_ADMINISTRATOR
        action = left if found.action is words.NOTHING else f"{left} {action}"
    return Explanation(cause, action, who)


class _Values(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "–"


def filled(sentence: Text, facts: Facts) -> str:
    """The sentence in the reader's language with the facts in their places: lists as "a, b", a fact that is
    missing or empty as a dash.
    """
    values = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in facts.items()
    }
    values = {name: "–" if value is None or value == "" else value for name, value in values.items()}
    return str(sentence) % _Values(values)


def leftover_words(facts: Facts) -> str:
    """What a trial left in SuperOffice and has to be removed by hand; empty when nothing."""
    records = [path.partition("/") for path in facts.get("leftovers") or []]
    names = [filled(words.LEFT[kind], {"number": number}) for kind, _slash, number in records]
    if names:
        return filled(words.LEFT_RECORDS, {"names": names})
    return filled(words.LEFT_PERHAPS, facts) if facts.get("leftover_key") else ""


def _words(feature: str, status: str, facts: Facts) -> Words:
    for rule in _RULES:
        if found := rule(feature, status, facts):
            return found
    return words.SPECIAL.get((feature, status)) or words.GENERAL[status]


def _unasked(feature: str, status: str, facts: Facts) -> Words | None:
    because = words.BECAUSE.get(str(facts.get("because", "")))
    return words.STOPPED_BY.get(str(facts.get("stopped_by", "")), because) if because else None


def _works(feature: str, status: str, facts: Facts) -> Words | None:
    if status != "works" or feature not in words.WORKS:
        return None
    if feature == "who_am_i" and facts.get("is_system"):
        return words.SYSTEM_USER
    if feature == "api_version" and not facts.get("route_count"):
        return words.NO_ROUTE_LIST
    if feature == "document_archive" and facts.get("elsewhere"):
        return words.OTHER_ARCHIVE
    tried = words.TRIED.get(feature) if facts.get("tried") else None
    return Words(tried or words.WORKS[feature], words.NOTHING, words.NOBODY)


def _tenant_down(feature: str, status: str, facts: Facts) -> Words | None:
    if status != "down" or not facts.get("state"):
        return None
    return words.STATES.get(str(facts["state"]), words.MAINTENANCE)


def _refused_by_rights(feature: str, status: str, facts: Facts) -> Words | None:
    if status != "missing_right":
        return None
    general = words.GENERAL[status]
    cause = general.cause
    if facts.get("function_right"):
        cause = words.HIDDEN
    elif facts.get("right") is False:
        cause = words.NO_BULK_MAIL
    elif facts.get("mask"):
        cause = words.NOT_IN_MASK
    return Words(cause, words.MISSING_RIGHT_ACTIONS.get(feature, general.action), general.who)


def _refused_to_system_user(feature: str, status: str, facts: Facts) -> Words | None:
    if status != "restricted" or not facts.get("is_system") or (feature, status) in words.SPECIAL:
        return None
    return words.REFUSED_SYSTEM_USER


def _not_set_up(feature: str, status: str, facts: Facts) -> Words | None:
    if status != "not_configured":
        return None
    if facts.get("fields"):
        return words.FIELDS_MISSING
    code = str(facts.get("code", ""))
    if feature == "tenant_state" or not code:
        return None
    # "unauthorized": a fresh token that the tenant does not take, because the app is no longer approved there.
    who = words.SUPEROFFICE_ADMINISTRATOR if code == "unauthorized" else words.OUR_ADMINISTRATOR
    advice = str(problem_of(code).for_administrators).replace("%", "%%")
    return Words(words.NO_ACCESS, advice, who)


def _undecided(feature: str, status: str, facts: Facts) -> Words | None:
    if status != "unknown":
        return None
    if facts.get("differs"):
        return words.DIFFERS
    if facts.get("problem") == "empty":
        return words.NULL
    if facts.get("row_count") == 0:
        return words.NO_ROWS
    return words.UNDECIDED.get(str(facts.get("code", "")))


_RULES: tuple[_Rule, ...] = (
    _unasked,
    _works,
    _tenant_down,
    _refused_by_rights,
    _refused_to_system_user,
    _not_set_up,
    _undecided,
)


# --- Evidence -----------------------------------------------------------------------------------------


def evidence(row: Capability) -> list[tuple[str, str]]:
    """What the finding rests on, as pairs of label and text: what was asked, what came back, what it showed."""
    came_back = (
        (words.ASKED, ", ".join(row.facts.get("asked") or [])),
        (words.HTTP_STATUS, str(row.http_status or "")),
        (words.ERROR_TYPE, row.error_type),
        (words.SAID, row.words),
    )
    shown = ((label, _shown(row.facts.get(name))) for name, label in words.SHOWN_FACTS.items())
    return [(str(label), text) for label, text in (*came_back, *shown) if text]


def evidence_line(row: Capability) -> str:
    """The same in one line."""
    return " · ".join(f"{label}: {text}" for label, text in evidence(row))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(words.YES if value else words.NO)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
