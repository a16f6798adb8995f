"""What somebody wants to see of a result: search, facets, order, columns, page. It lives in the address."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.export import REPORT_COLUMNS
from reports.models import Row

# The facets of a result, in the order in which they are shown.
FACETS: dict[str, str | Promise] = {
    "stage": _("Result"),
    "product": _("Product"),
    "family": _("Product family"),
    "customer": _("Customer"),
    "owner": _("Owner"),
    "status": _("Status"),
    "source": _("Source"),
    "quantity": _("Quantity"),
    "currency": _("Currency"),
    "month": _("Month of the sale"),
    "flaw": _("To be mended"),
}
LAYOUTS: dict[str, str | Promise] = {
    "": _("Sales"),
    "product": _("By product"),
    "family": _("By product family"),
    "customer": _("By customer"),
    "pivot": _("Family by month"),
}
NEWEST_FIRST = "-sale_number"
MONTH, YEAR = "month", "year"
STEPS = (MONTH, YEAR)
_MOST_VALUES = 50  # of one facet; more of them is no address that a person made
_NOTHING, _NOT, _LITERALLY = "~", "-", "\\"
_STAGES = {*Row.Stage.values, "all"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen of one facet: rows with one of `included` (empty: any), and none of `excluded`."""

    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.included or self.excluded)

    def without(self, value: str) -> Self:
        return replace(
            self,
            included=tuple(one for one in self.included if one != value),
            excluded=tuple(one for one in self.excluded if one != value),
        )

    def including(self, value: str) -> Self:
        rest = self.without(value)
        return replace(rest, included=(*rest.included, value))

    def excluding(self, value: str) -> Self:
        rest = self.without(value)
        return replace(rest, excluded=(*rest.excluded, value))

    def inverted(self) -> Self:
        """Included becomes excluded and the other way round."""
        return replace(self, included=self.excluded, excluded=self.included)


@dataclass(frozen=True, slots=True)
class Filter:
    """One state of a result page. `sort` is a column's key, with "-" for falling; `after` the number of the
    last sale of the page before; `layout` one of LAYOUTS; `measure` what a pivot counts: "" (sales) or a
    currency; `step` the time steps of charts and pivot: "month", "year" or "" (by the span of the sales); `finds`
    what was typed to find a value of a facet that has many.
    """

    search: str = ""
    choices: dict[str, Choice] = field(default_factory=dict)
    sort: str = NEWEST_FIRST
    columns: tuple[str, ...] = ()
    layout: str = ""
    measure: str = ""
    step: str = ""
    after: int | None = None
    finds: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, query: QueryDict) -> Self:
        """Read from an address. What makes no sense in it is left out."""
        sort, layout, after = query.get("sort", ""), query.get("by", ""), query.get("after", "")
        columns = [key for text in query.getlist("columns") for key in text.split(",")]
        finds = {key: _words(query.get(f"find_{key}", "")) for key in FACETS}
        return cls(
            search=_words(query.get("q", "")),
            choices={key: choice for key in FACETS if (choice := _choice(key, query.getlist(key)))},
            sort=sort if sort.removeprefix("-") in REPORT_COLUMNS else NEWEST_FIRST,
            columns=tuple(dict.fromkeys(key for key in columns if key in REPORT_COLUMNS)),
            layout=layout if layout in LAYOUTS else "",
            measure=_words(query.get("measure", "")),
            step=step if (step := query.get("step", "")) in STEPS else "",
            after=int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else None,
            finds={key: text for key, text in finds.items() if text},
        )

    @classmethod
    def of_text(cls, query: str) -> Self:
        """Read from the part of an address after "?"."""
        return cls.of(QueryDict(query))

    def choice(self, facet: str) -> Choice:
        return self.choices.get(facet, Choice())

    @property
    def is_active(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.search or self.choices)

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values of the address, in a fixed order; usual values are left out."""
        found = [("q", self.search)] if self.search else []
        for facet in FACETS:
            choice = self.choice(facet)
            found += [(facet, _written(value)) for value in choice.included]
            found += [(facet, _NOT + _written(value)) for value in choice.excluded]
        if self.sort != NEWEST_FIRST:
            found.append(("sort", self.sort))
        single = {
            "columns": ",".join(self.columns),
            "by": self.layout,
            "measure": self.measure,
            "step": self.step,
            **{f"find_{facet}": text for facet, text in self.finds.items()},
        }
        found += [(name, value) for name, value in single.items() if value]
        return [*found, ("after", str(self.after))] if self.after else found

    def query(self) -> str:
        """Its own part of an address, without "?"; empty for the usual view."""
        return urlencode(self.pairs())

    def changed(self, **values: Any) -> Self:
        """Another filter, at its first page unless `after` is given."""
        return replace(self, **{"after": None, **values})

    def choosing(self, facet: str, choice: Choice) -> Self:
        others = {key: one for key, one in self.choices.items() if key != facet}
        return self.changed(choices={**others, facet: choice} if choice else others)

    def cleared(self) -> Self:
        """Nothing is left out; order, columns and layout stay."""
        return self.changed(search="", choices={}, finds={})


def _words(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())[:100]


def _choice(facet: str, written: Iterable[str]) -> Choice:
    choice = Choice()
    for text in [one[:300] for one in written if one.strip("-")][:_MOST_VALUES]:
        is_excluded = text.startswith(_NOT)
        value = _read(text.removeprefix(_NOT) if is_excluded else text)
        if facet == "stage" and value not in _STAGES:
            continue
        choice = choice.excluding(value) if is_excluded else choice.including(value)
    return choice


def _written(value: str) -> str:
    """A value as the address has it: nothing is "~", and what looks like a sign gets a backslash before it."""
    if not value:
        return _NOTHING
    return _LITERALLY + value if value[0] in (_NOTHING, _NOT, _LITERALLY) else value


def _read(text: str) -> str:
    return "" if text == _NOTHING else text.removeprefix(_LITERALLY)
