"""Rights as SuperOffice tells them: masks over tables, functional rights, licences."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

from connector.superoffice.fields import Fields
from connector.superoffice.redaction import fact

SELECT, UPDATE, INSERT = 1, 2, 4
# Single bits and the names of their sums. A mask is one name or several with ", " between them, so that
# looking for the word "Insert" would miss FULL, URI, RI and WRITE.
_BITS = {
    "none": 0,
    "select": SELECT,
    "update": UPDATE,
    "insert": INSERT,
    "delete": 8,
    "filtering": 16,
    "restrictedupdate": 32,
    "ur": 3,
    "ri": 5,
    "uri": 7,
    "udr": 11,
    "full": 15,
    "rf": 17,
    "fi": 20,
    "uru": 34,
    "write": 38,
}
_MOST = 100  # entries of a list that are kept
HIDE_SALE, BULK_MAIL_RIGHT = "hide-sale", "allow-bulk-email"
_DECISIVE = {HIDE_SALE, BULK_MAIL_RIGHT}  # what a finding depends on is kept in any case


def bits(mask: str) -> int | None:
    """The mask as a number; None when it names something else ("Uninitialized" among it)."""
    total = 0
    for name in mask.lower().split(","):
        bit = _BITS.get(name.strip())
        if bit is None:
            return None
        total |= bit
    return total


@dataclass(frozen=True, slots=True)
class TableRight:
    """The right on a new record of a table; `bits` is None when the mask cannot be read."""

    table: str
    mask: str
    reason: str

    @classmethod
    def from_answer(cls, table: str, data: Any) -> Self:
        fields = Fields.of(data, f"right on {table}")
        return cls(table, fact(fields.text("Mask")), fact(fields.text("Reason")))

    def lacks(self, bit: int) -> bool:
        """Whether the mask says for sure that the right is not there."""
        known = bits(self.mask)
        return known is not None and not known & bit


@dataclass(frozen=True, slots=True)
class Principal:
    """Who the credential acts as, with the keys of the functional rights and the names of the licences: at
    most 100 of each, and no text longer than 200 characters.
    """

    login: str
    name: str
    associate_id: int | None
    kind: str
    role: str
    role_type: str
    function_rights: tuple[str, ...]
    licences: tuple[str, ...]
    may_market: bool  # whether a licence names the Marketing module

    @classmethod
    def from_entity(cls, data: Any) -> Self:
        fields = Fields.of(data, "user")
        licences = [Fields.of(item, "licence") for item in fields.items("Licenses")]
        names = [(one.text("Name"), one.text("Description")) for one in licences]
        rights = sorted(set(fields.texts("FunctionRights")), key=lambda key: (key not in _DECISIVE, key))
        return cls(
            login=fact(fields.text("Associate")),
            name=fact(fields.text("FullName")),
            associate_id=fields.id("AssociateId"),
            kind=fact(fields.text("UserType")),
            role=fact(fields.text("RoleName")),
            role_type=fact(fields.text("RoleType")),
            function_rights=_first(sorted(rights[:_MOST])),
            licences=_first(dict.fromkeys(words or name for name, words in names if words or name)),
            may_market=any("marketing" in " ".join(one).lower() for one in names),
        )

    @property
    def is_system(self) -> bool:
        return self.kind == "SystemAssociate" or self.role_type == "System"

    @property
    def facts(self) -> dict[str, Any]:
        """What the sentences of every finding may name."""
        named = {"user": self.name or self.login, "role": self.role}
        return {**named, "is_system": True} if self.is_system else named


def _first(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(fact(name) for name in islice(names, _MOST))
