"""The facets, tabs and chips of a result as a page shows them: words, counts and addresses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from heapq import nsmallest

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.models import Row, status_label
from reports.viewer.filters import FACETS, Choice, Filter
from reports.viewer.flaws import FLAWS
from reports.viewer.result_table import address
from reports.viewer.run_index import ASSUMED, WRITTEN
from reports.viewer.viewing import Selection

_NOTHING: dict[str, Promise] = {
    "product": gettext_lazy("No product"),
    "family": gettext_lazy("No product family"),
    "customer": gettext_lazy("No customer"),
    "owner": gettext_lazy("No owner"),
    "status": gettext_lazy("No status"),
    "source": gettext_lazy("No source"),
    "quantity": gettext_lazy("No product"),
    "currency": gettext_lazy("No currency"),
    "month": gettext_lazy("No date"),
}
_QUANTITIES = {ASSUMED: gettext_lazy("1 assumed"), WRITTEN: gettext_lazy("Written")}
_WORDS: dict[str, Mapping[str, Promise]] = {"quantity": _QUANTITIES, "flaw": FLAWS}
_MOST = {"customer": 20, "product": 20, "month": 12}
_USUAL_MOST = 10


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet; a click on `url` takes it in or out again, `exclude_url` leaves its rows out."""

    id: str
    label: str
    count: int
    url: str
    exclude_url: str
    is_included: bool
    is_excluded: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One facet. `hidden_count` values are not listed: `find` narrows the list down to what was typed."""

    key: str
    title: str
    options: list[Option]
    hidden_count: int
    find: str
    find_pairs: list[tuple[str, str]]
    invert_url: str
    clear_url: str


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    remove_url: str
    id: str


@dataclass(frozen=True, slots=True)
class Tab:
    id: str
    label: str
    count: int
    url: str
    is_current: bool


def value_label(facet: str, value: str) -> str:
    """A value of a facet for people, in the active language."""
    if not value:
        return str(_NOTHING.get(facet, "–"))
    if facet == "stage":
        return str(Row.Stage(value).label) if value in Row.Stage.values else _("All sales")
    if facet == "source":
        return str(Row.Source(value).label) if value in Row.Source.values else value
    if facet == "status":
        return status_label(value)
    if facet in _WORDS:
        return str(_WORDS[facet].get(value, value))
    return month_label(value) if facet == "month" else value


def quoted(words: str) -> str:
    """Words of the reader's own, in the quotation marks of the active language."""
    return _("“%(words)s”") % {"words": words}


def month_label(month: str) -> str:
    """ "2026-03" as "Mar 2026"; what is no month as it is."""
    year, _dash, number = month.partition("-")
    if not (year.isdecimal() and number.isdecimal() and 1 <= int(number) <= 12 and 1 <= int(year) <= 9999):
        return month
    return str(date_format(date(int(year), int(number), 1), "M Y"))


# --- Panels -------------------------------------------------------------------------------------------------


def panels(selection: Selection, path: str) -> list[Panel]:
    """All facets but the stage, which has tabs, and the flaws, which are listed beside the funnel; one with a single
    value says nothing and is left out.
    """
    shown = [_panel(selection, key, path) for key in FACETS if key not in ("stage", "flaw")]
    return [panel for panel in shown if len(panel.options) > 1 or panel.clear_url or panel.find]


def _panel(selection: Selection, key: str, path: str) -> Panel:
    wanted, counts = selection.filter, selection.facet_counts(key)
    choice, find = wanted.choice(key), wanted.finds.get(key, "")
    chosen = {*choice.included, *choice.excluded}
    names = [value for value in counts if value not in chosen]
    if find:
        names = [value for value in names if find.casefold() in value_label(key, value).casefold()]
    most = _MOST.get(key, _USUAL_MOST)
    if key == "month":
        first = sorted(names, reverse=True)[:most]
    else:
        first = nsmallest(most, names, key=lambda value: (-counts[value], value))
    options = [*sorted(chosen), *first]
    without_find = wanted.changed(finds={other: text for other, text in wanted.finds.items() if other != key})
    return Panel(
        key=key,
        title=str(FACETS[key]),
        options=[_option(wanted, key, value, counts.get(value, 0), path) for value in options],
        hidden_count=max(len(names) - most, 0),
        find=find,
        find_pairs=without_find.pairs(),
        invert_url=address(path, wanted.choosing(key, choice.inverted()), "rows") if choice else "",
        clear_url=address(path, wanted.choosing(key, Choice()), "rows") if choice else "",
    )


def _option(wanted: Filter, key: str, value: str, count: int, path: str) -> Option:
    choice = wanted.choice(key)
    is_included, is_excluded = value in choice.included, value in choice.excluded
    taken = choice.without(value) if is_included or is_excluded else choice.including(value)
    # An id that stays the same keeps the focus when the part of the page is replaced.
    return Option(
        id=f"{key}-{value.encode().hex()[:60]}",
        label=value_label(key, value),
        count=count,
        url=address(path, wanted.choosing(key, taken), "rows"),
        exclude_url=address(path, wanted.choosing(key, choice.excluding(value)), "rows"),
        is_included=is_included,
        is_excluded=is_excluded,
    )


# --- Tabs and chips -----------------------------------------------------------------------------------------


def tabs(selection: Selection, path: str) -> list[Tab]:
    """The stages that have sales, behind all of them; each counts what the other facets leave.

    Where some sales have no company, those with one come first, as usual, and all together last.
    """
    wanted, counts = selection.filter, selection.facet_counts("stage")
    included = wanted.choice("stage").included
    with_company = sum(count for stage, count in counts.items() if stage != Row.Stage.NO_COMPANY)
    is_partly = bool(selection.view.facets["stage"].bits(Row.Stage.NO_COMPANY))
    everything = _("All with a company") if is_partly else _("All sales")
    found = [_tab(wanted, "", everything, with_company, path, is_current=not included)]
    for stage in [Row.Stage.MATCHED, *(one for one in Row.Stage if one != Row.Stage.MATCHED)]:
        count, is_current = counts.get(stage.value, 0), included == (stage.value,)
        if count or is_current:
            label = str(stage.label)
            found.append(_tab(wanted, stage.value, label, count, path, is_current=is_current))
    if is_partly:
        is_current = "all" in included
        found.append(_tab(wanted, "all", _("All sales"), sum(counts.values()), path, is_current=is_current))
    return found


def _tab(wanted: Filter, stage: str, label: str, count: int, path: str, *, is_current: bool) -> Tab:
    choice = Choice(included=(stage,)) if stage else Choice()
    url = address(path, wanted.choosing("stage", choice), "rows")
    return Tab(f"tab-{stage or 'usual'}", label, count, url, is_current)


def chips(selection: Selection, path: str) -> list[Chip]:
    """What is filtered, each with the address without it; also values that this run does not have."""
    wanted = selection.filter
    found = []
    if wanted.search:
        removed = address(path, wanted.changed(search=""), "rows")
        found.append(Chip(quoted(wanted.search), removed, "chip-q"))
    for key in FACETS:
        found += _chips_of(selection, key, path)
    return found


def _chips_of(selection: Selection, key: str, path: str) -> Iterable[Chip]:
    wanted, title = selection.filter, str(FACETS[key])
    choice, known = wanted.choice(key), selection.view.facets[key].values
    for value in (*choice.included, *choice.excluded):
        words = value_label(key, value)
        if key != "stage" and value not in known:
            words = _("%(value)s (not known here)") % {"value": words}
        if value in choice.excluded:
            words = _("not %(value)s") % {"value": words}
        removed = address(path, wanted.choosing(key, choice.without(value)), "rows")
        yield Chip(f"{title}: {words}", removed, f"chip-{key}-{value.encode().hex()[:60]}")
