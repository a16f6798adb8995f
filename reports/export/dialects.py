"""The two kinds of CSV: one that German Excel opens right, one for programs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """What stands between cells, in numbers and in front of everything; people get their words and dates."""

    name: str
    delimiter: str
    decimal_mark: str
    start: str
    is_for_people: bool


# The byte order mark is what tells Excel that this is UTF-8; a "sep=" line would make it forget that.
EXCEL = Dialect("excel", ";", ",", "\ufeff", is_for_people=True)
DATA = Dialect("data", ",", ".", "", is_for_people=False)
DIALECTS = {dialect.name: dialect for dialect in (EXCEL, DATA)}
