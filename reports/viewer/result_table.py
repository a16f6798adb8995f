"""The table of a result as people read it: heads that sort, cells that say why a product was found."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connector.templatetags.desk import icon, moment
from reports.export import Column
from reports.models import Keyword, Row, Run, status_label
from reports.templatetags.report_words import day, grouped, money_of
from reports.viewer.filters import Filter
from reports.viewer.row_notes import Mark, RowNote, notes_of
from reports.viewer.run_index import PART, quantity_of

_NUMBERS = {"integer", "decimal"}
_FALLING_FIRST = {"integer", "decimal", "date", "datetime", "id"}
_NOTHING_TO_NOTE = (Row.Source.HEADING, Row.Source.BOTH)
_TOLD_BY = (("sale_number", "sale_no"), ("amount", "currency"), ("products", "quantities"))
_SHORT_HEADING = 44  # characters that surely have room on two lines
_UNREAD = (Row.Stage.UNMATCHED, Row.Stage.NEGATED)
# matching.Match.quantity_source, or "quote" -> why that many
_REASONS: dict[str, Promise] = {
    "before": gettext_lazy("the number stands before it"),
    "after": gettext_lazy("the number stands behind it"),
    "carried": gettext_lazy("the number stands at the beginning of the list"),
    "sum": gettext_lazy("several numbers added up"),
    "default": gettext_lazy("no number written, 1 assumed"),
    "quote": gettext_lazy("from the quote"),
}


@dataclass(frozen=True, slots=True)
class Head:
    """One head of the table: `sort_url` sorts by it, `order` is "ascending", "descending" or ""."""

    key: str
    title: str
    is_number: bool
    sort_url: str
    order: str


@dataclass(frozen=True, slots=True)
class ShownCell:
    key: str
    label: str
    text: SafeString | str
    is_number: bool


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One sale; `cells` stand behind its number, in the order of the heads. `own_number` is SuperOffice's own, where it
    differs.
    """

    row: Row
    own_number: str
    sale_url: str
    web_link: SafeString
    cells: list[ShownCell]


@dataclass(frozen=True, slots=True)
class _Words:
    """What the cells of one page need to know beside their rows; words in the active language, looked up once."""

    why: Mapping[int, str]  # by the key of the match
    notes: Mapping[int, RowNote]  # by the key of the row
    has_source: bool
    has_quantities: bool
    may_edit_keywords: bool
    leaves: SafeString
    stages: Mapping[str, str]
    sources: Mapping[str, str]
    statuses: Mapping[str, str]


def _words(
    rows: Sequence[Row],
    columns: Sequence[Column],
    run: Run,
    *,
    may_edit_keywords: bool,
    has_quantities: bool,
) -> _Words:
    return _Words(
        why=_reasons(rows, run),
        notes=notes_of(rows, run),
        has_source=any(one.key == "source" for one in columns),
        has_quantities=has_quantities,
        may_edit_keywords=may_edit_keywords,
        leaves=icon("box-arrow-up-right"),
        stages={name: str(words) for name, words in Row.Stage.choices},
        sources={name: str(words) for name, words in Row.Source.choices},
        statuses={status: status_label(status) for status in {row.status for row in rows}},
    )


def shown_columns(columns: Iterable[Column]) -> list[Column]:
    """Without what another cell says already: the currency beside the amount, quantities beside the products, and
    SuperOffice's own number below ours.
    """
    found = list(columns)
    keys = {column.key for column in found}
    told = {said for teller, said in _TOLD_BY if teller in keys}
    return [column for column in found if column.key not in told]


def heads_of(columns: Sequence[Column], wanted: Filter, path: str) -> list[Head]:
    """The heads of a table, each with the address that sorts by it; a second time the other way round."""
    return [_head(column, wanted, path) for column in columns]


def _head(column: Column, wanted: Filter, path: str) -> Head:
    is_sorted = wanted.sort.removeprefix("-") == column.key
    is_falling = wanted.sort.startswith("-")
    order = ("descending" if is_falling else "ascending") if is_sorted else ""
    goes_down = not is_falling if is_sorted else column.kind in _FALLING_FIRST
    turned = wanted.changed(sort=("-" if goes_down else "") + column.key)
    return Head(column.key, str(column.title), column.kind in _NUMBERS, address(path, turned, "rows"), order)


def address(path: str, wanted: Filter, place: str = "") -> str:
    """A page with this filter."""
    query = wanted.query()
    return path + (f"?{query}" if query else "") + (f"#{place}" if place else "")


def shown_rows(
    rows: Sequence[Row],
    columns: Sequence[Column],
    run: Run,
    *,
    may_edit_keywords: bool,
    has_quantities: bool = False,
) -> list[ShownRow]:
    """The rows with their cells as HTML. One query: for the words of the keywords that found something.

    `has_quantities` writes how many of each product into the cell of the products.
    """
    words = _words(rows, columns, run, may_edit_keywords=may_edit_keywords, has_quantities=has_quantities)
    shown = [column for column in columns if column.key != "sale_number"]
    titles = [str(column.title) for column in shown]
    sale_words = _("Sale %(number)s in SuperOffice")
    return [
        ShownRow(
            row=row,
            own_number=row.sale.number if row.sale.number != str(row.sale_number) else "",
            sale_url=reverse("sale", args=[row.sale_number]),
            web_link=_leaving("sale", row.sale_number, sale_words % {"number": row.sale_number}, words),
            cells=[
                ShownCell(column.key, title, _CELLS[column.key](row, words), column.kind in _NUMBERS)
                for column, title in zip(shown, titles, strict=True)
            ],
        )
        for row in rows
    ]


def _reasons(rows: Sequence[Row], run: Run) -> dict[int, str]:
    """One line for each match: how many of what, by which keyword, and why that many."""
    matches = [match for row in rows for match in row.matches.all()]
    numbers = {match.keyword_number for match in matches} - {None}
    known = Keyword.objects.filter(keyword_list=run.keyword_list_id, number__in=numbers)
    keywords = dict(known.values_list("number", "text"))
    by_keyword, reasons = _("keyword “%(text)s”"), {name: str(words) for name, words in _REASONS.items()}
    told = {}
    for match in matches:
        parts = [f"{grouped(match.quantity)} × {match.product}"]
        if match.keyword_number is not None:
            parts.append(by_keyword % {"text": keywords.get(match.keyword_number, "–")})
        parts.append(reasons.get(match.quantity_source, match.quantity_source))
        told[match.pk] = " · ".join(parts)
    return told


# --- Cells --------------------------------------------------------------------------------------------------


def _customer(row: Row, words: _Words) -> SafeString | str:
    name = row.company_name or "–"
    if not row.company_id:
        return name
    title = _("%(name)s in SuperOffice") % {"name": row.company_name or _("Company")}
    # The sign never stands alone on a line: it stays with the last word.
    before, space, last = name.rpartition(" ")
    link = _leaving("company", row.company_id, title, words)
    return format_html('{}{}<span class="nowrap">{} {}</span>', before, space, last, link)


def _leaving(kind: str, number: int, title: str, words: _Words) -> SafeString:
    """A small link that leaves for SuperOffice; its words are for screen readers and the pointer."""
    return format_html(
        '<a class="leaves" href="{}" target="_blank" rel="noopener" title="{}" hx-boost="false">{}'
        '<span class="visually-hidden">{}</span></a>',
        reverse("in_superoffice", args=[kind, number]),
        title,
        words.leaves,
        title,
    )


def _heading(row: Row, words: _Words) -> SafeString:
    pieces = words.notes[row.pk].heading
    text = format_html_join("", "{}", ((_marked(text, match, words),) for text, match in pieces))
    if len(row.heading) <= _SHORT_HEADING:
        return format_html('<span class="heading-text">{}</span>', text or "–")
    # Two lines of it; a tap or the key Enter shows all.
    return format_html(
        '<details class="long-heading"><summary class="heading-text">{}</summary></details>', text
    )


def _keyword_link(row: Row, words: _Words) -> SafeString | str:
    """Where nothing was found: the way to a keyword with this heading, or with what is marked in it."""
    if not (words.may_edit_keywords and row.heading and row.stage in _UNREAD):
        return ""
    query = urlencode({"text": row.heading[:200], "from_sale": row.sale_number})
    url = f"{reverse('keyword_add')}?{query}"
    return format_html(
        '<a class="small" href="{}" data-keyword-from hx-boost="false">{}</a>', url, _("Add as keyword")
    )


def _marked(text: str, mark: Mark, words: _Words) -> SafeString | str:
    if mark is None:
        return text
    return format_html(
        '<mark title="{}">{}</mark>', mark if isinstance(mark, str) else words.why[mark.pk], text
    )


def _products(row: Row, words: _Words) -> SafeString | str:
    note = words.notes[row.pk]
    if not row.products:
        stage = words.stages.get(row.stage, row.stage)
        return format_html(
            '<span class="secondary">{}</span> {}{}', stage, _keyword_link(row, words), note.tag
        )
    products = _counted(row) if words.has_quantities else row.products
    told = [*(words.why[match.pk] for match in row.matches.all()), *note.lines]
    lines = format_html_join("", "<li>{}</li>", ((one,) for one in told))
    flag = "" if words.has_source or row.source in _NOTHING_TO_NOTE else _source(row, words)
    flag = format_html("{}{}", flag, note.tag)
    if not lines:
        return format_html("{} {}", products, flag)
    return format_html(
        '<details class="row-why"><summary>{}</summary><ul>{}</ul></details>{}', products, lines, flag
    )


def _counted(row: Row) -> str:
    """The products, each with how many of it: "2 × CD-01; 1 × Akku"."""
    names, numbers = row.products.split("; "), row.quantities.split("; ")
    if not row.quantities or len(names) != len(numbers):  # a product whose own name has a semicolon
        return f"{row.products} ({row.quantities})" if row.quantities else row.products
    pairs = zip(numbers, names, strict=True)
    return "; ".join(
        f"{grouped(quantity_of(number) * PART)}\N{NO-BREAK SPACE}× {name}" for number, name in pairs
    )


def _source(row: Row, words: _Words) -> SafeString | str:
    """Where the products come from; a contradiction asks for attention."""
    label = words.sources.get(row.source, row.source)
    if text := words.notes[row.pk].text:
        label = f"{label}: {text}"
    if row.source != Row.Source.CONTRADICTION:
        return format_html('<span class="secondary">{}</span>', label) if label else ""
    return format_html(
        '<span class="state tone-warn" title="{}">{}{}</span>',
        label,
        icon("exclamation-triangle"),
        _("Quote differs"),
    )


def _registered_on(row: Row, _words: _Words) -> str:
    at = row.sale.registered_at
    return day(timezone.localtime(at).date()) if at else ""


def _probability(row: Row, _words: _Words) -> str:
    percent = row.sale.probability
    # Translators: a share, e.g. 12 %; German puts a narrow space before the sign.
    return "" if percent is None else _("%(number)s%%") % {"number": percent}


_CELLS: dict[str, Callable[[Row, _Words], SafeString | str]] = {
    "customer": _customer,
    "heading": _heading,
    "products": _products,
    "quantities": lambda row, _words: row.quantities,
    "families": lambda row, _words: row.families,
    "source": _source,
    "status": lambda row, words: words.statuses.get(row.status, row.status),
    "stage": lambda row, words: words.stages.get(row.stage, row.stage),
    "amount": lambda row, _words: money_of(row.amount, row.currency),
    "currency": lambda row, _words: row.currency,
    "sale_date": lambda row, _words: day(row.sold_on),
    "owner": lambda row, _words: row.owner_name or "–",
    "person": lambda row, _words: row.person_name,
    "sale_no": lambda row, _words: row.sale.number,
    "sale_type": lambda row, _words: row.sale.sale_type,
    "probability": _probability,
    "registered_on": _registered_on,
    "changed_at": lambda row, _words: moment(row.sale.changed_at) if row.sale.changed_at else "",
    "description": lambda row, _words: format_html(
        '<span class="heading-text">{}</span>', row.sale.description
    ),
}
