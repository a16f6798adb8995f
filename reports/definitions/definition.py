"""What a run was asked: the sales of a report, as values that can be stored, compared and said in a sentence."""

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from connector.models import Connection
from reports.models import Report, Sale, status_label

DESCRIPTION = "description"  # the name of a sale's description among the columns to search
# No sale is of another day, and from here no moment of a day is beyond what a computer can name.
EARLIEST_DAY, LATEST_DAY = date(1900, 1, 1), date(2200, 12, 31)
Cursor = list[Any]  # [order value, sale id] of a sale, as JSON holds it


@dataclass(frozen=True, slots=True)
class Definition:
    """The choices of a Report, see there. Days are inclusive; empty `statuses` and `owner_ids` mean all."""

    scope: str = Report.Scope.NEWEST.value
    limit: int = 1000
    ordered_by: str = Report.OrderedBy.NUMBER.value
    period: str = ""
    period_from: date | None = None
    period_to: date | None = None
    statuses: tuple[str, ...] = ()
    owner_ids: tuple[int, ...] = ()
    companies: str = Report.Companies.WITH.value
    search_columns: tuple[str, ...] = ()
    use_quotes: bool = True
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, report: Report) -> "Definition":
        return cls.from_json({field.name: getattr(report, field.name) for field in fields(cls)})

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Definition":
        """The reverse of `as_json`. What is missing has its default, what is unknown is passed over."""
        values = {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
        for name in ("statuses", "owner_ids", "search_columns", "columns"):
            if name in values:
                values[name] = tuple(values[name] or ())
        for name in ("period_from", "period_to"):
            if isinstance(values.get(name), str):
                values[name] = parse_date(values[name])
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        for name, value in values.items():
            if isinstance(value, date):
                values[name] = value.isoformat()
            elif isinstance(value, tuple):
                values[name] = list(value)
        return values

    @property
    def needs_company(self) -> bool:
        """Whether a sale without a company is only counted."""
        return self.companies == Report.Companies.WITH

    @property
    def is_limited(self) -> bool:
        return self.scope == Report.Scope.NEWEST

    def texts_of(self, sale: Sale) -> dict[str, str]:
        """The further texts to search in this sale, by the names of their columns."""
        return {
            name: sale.description if name == DESCRIPTION else str(sale.texts.get(name) or "")
            for name in self.search_columns
        }


# --- Which sales ----------------------------------------------------------------------------------------

# The column that makes a sale new; None: its id does.
_ORDERS = {"number": None, "sold_on": "sold_on", "registered_at": "registered_at", "changed_at": "changed_at"}


def sales_of(definition: Definition, connection: Connection, *, today: date) -> QuerySet[Sale]:
    """The sales of the local copy that fit, newest first where there is a limit, which has not yet cut them.

    `today` is a day of the house's time zone. A sale without a company is left out only where the report
    wants them that way: otherwise it is counted, and seen in the funnel.
    """
    sales: QuerySet[Sale] = Sale.objects.of_tenant(connection).present()
    if definition.statuses:
        sales = sales.filter(status__in=definition.statuses)
    if definition.owner_ids:
        sales = sales.filter(owner_id__in=definition.owner_ids)
    if definition.companies == Report.Companies.WITHOUT:
        sales = sales.filter(company_id=None)
    column = _ORDERS[definition.ordered_by]
    if definition.scope == Report.Scope.PERIOD:
        sales = _within(sales, period_column(definition), *period_of(definition, today))
    column = _order_of(definition)
    return sales.order_by(*([F(column).desc(nulls_last=True)] if column else []), "-sale_id")


def period_column(definition: Definition) -> str:
    """The column with the day by which a sale is of a period. Reports of earlier releases may name the number: it is
    given when a sale is registered, so that is its day.
    """
    return _ORDERS[definition.ordered_by] or "registered_at"


def _order_of(definition: Definition) -> str | None:
    """The column that sorts the sales; None: their numbers do. Where all are wanted no order says which, and a number
    never changes: no sale can move past a run that is on its way."""
    return _ORDERS[definition.ordered_by] if definition.is_limited else None


def is_movable(definition: Definition) -> bool:
    """Whether a sale that changes may take another place in the order."""
    return _order_of(definition) is not None


def _within(sales: QuerySet[Sale], column: str, first: date | None, last: date | None) -> QuerySet[Sale]:
    """Sales whose day is not before `first` and not after `last`; without a day they are of no period."""
    first, last = (day and min(max(day, EARLIEST_DAY), LATEST_DAY) for day in (first, last))
    sales = sales.filter(**{f"{column}__isnull": False})
    if column == "sold_on":
        bounds: tuple[Any, Any] = (first, last and last + timedelta(days=1))
    else:
        bounds = (first and _midnight(first), last and _midnight(last + timedelta(days=1)))
    if bounds[0]:
        sales = sales.filter(**{f"{column}__gte": bounds[0]})
    if bounds[1]:
        sales = sales.filter(**{f"{column}__lt": bounds[1]})
    return sales


def _midnight(day: date) -> datetime:
    """When a day begins in the house's time zone; in SuperOffice's UTC that is another hour in summer."""
    return timezone.make_aware(datetime.combine(day, time()))


def cursor_of(definition: Definition, sale: Sale) -> Cursor:
    """Where `sale` stands in the order of the definition."""
    column = _order_of(definition)
    value = getattr(sale, column) if column else sale.sale_id
    return [value.isoformat() if isinstance(value, date) else value, sale.sale_id]


def after(sales: QuerySet[Sale], definition: Definition, cursor: Cursor | None) -> QuerySet[Sale]:
    """Those of `sales_of` that come behind the cursor."""
    if cursor is None:
        return sales
    value, sale_id = cursor
    column = _order_of(definition)
    if column is None:
        return sales.filter(sale_id__lt=sale_id)
    if value is None:
        return sales.filter(**{column: None}, sale_id__lt=sale_id)
    moment = _moment(column, value)
    older = Q(**{f"{column}__lt": moment}) | Q(**{column: None})
    return sales.filter(older | Q(**{column: moment}, sale_id__lt=sale_id))


def up_to(sales: QuerySet[Sale], definition: Definition, cursor: Cursor) -> QuerySet[Sale]:
    """The others: those of `sales_of` that come before the cursor, and the sale it stands on."""
    value, sale_id = cursor
    column = _order_of(definition)
    if column is None:
        return sales.filter(sale_id__gte=sale_id)
    if value is None:
        return sales.filter(Q(**{f"{column}__isnull": False}) | Q(sale_id__gte=sale_id))
    moment = _moment(column, value)
    return sales.filter(Q(**{f"{column}__gt": moment}) | Q(**{column: moment}, sale_id__gte=sale_id))


def _moment(column: str, value: str) -> date | None:
    return parse_date(value) if column == "sold_on" else parse_datetime(value)


def count_of(definition: Definition, connection: Connection, *, today: date) -> int:
    """How many sales a run over the local copy of now would look at, those without a company included."""
    sales = sales_of(definition, connection, today=today)
    if not definition.is_limited:
        return sales.count()
    if not definition.needs_company:
        return sales[: definition.limit].count()
    last = sales.exclude(company_id=None)[definition.limit - 1 : definition.limit].first()
    if last is None:
        return sales.count()
    return sales.count() - after(sales, definition, cursor_of(definition, last)).count()


def company_count_of(definition: Definition, connection: Connection, *, today: date) -> int:
    """How many of the sales that `count_of` counts have a company."""
    sales = sales_of(definition, connection, today=today)
    if definition.is_limited and not definition.needs_company:
        newest = sales[: definition.limit].values("pk")
        return Sale.objects.filter(pk__in=newest).exclude(company_id=None).count()
    with_company = sales.exclude(company_id=None)
    return with_company[: definition.limit].count() if definition.is_limited else with_company.count()


# --- Periods --------------------------------------------------------------------------------------------


def period_of(definition: Definition, today: date) -> tuple[date | None, date | None]:
    """First and last day, both inclusive; None where there is no bound. "The last 30 days" end today."""
    if definition.scope != Report.Scope.PERIOD:
        return None, None
    if definition.period == Report.Period.FIXED:
        return definition.period_from, definition.period_to
    if definition.period in _DAYS:
        return today - timedelta(days=_DAYS[definition.period] - 1), today
    months, is_last = _MONTHS[definition.period]
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    if is_last:
        return _months_later(first, -months), first - timedelta(days=1)
    return first, _months_later(first, months) - timedelta(days=1)


_DAYS = {"last_30_days": 30, "last_90_days": 90, "last_365_days": 365}
# How many months it has, and whether it is the one before today's.
_MONTHS = {
    "this_month": (1, False),
    "last_month": (1, True),
    "this_quarter": (3, False),
    "last_quarter": (3, True),
    "this_year": (12, False),
    "last_year": (12, True),
}


def _months_later(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


# --- In words -------------------------------------------------------------------------------------------


def sentence(definition: Definition, *, today: date | None = None, list_version: int | None = None) -> str:
    """Which sales these are, in the active language: "the newest 1,000 sales with a company, by number".

    `today` is the day that a period such as "this month" is meant from, usually the present one; `list_version` the
    version of the keyword list that the report stays with, None where it takes the current one.
    """
    companies = str(Report.Companies(definition.companies).label)
    words = [f"{_scope_words(definition, today or timezone.localdate())} {companies}"]
    if definition.scope != Report.Scope.ALL:
        words.append(_order_words(definition))
    if definition.statuses:
        listed = ", ".join(status_label(status) for status in definition.statuses)
        words.append(_("status %(statuses)s") % {"statuses": listed})
    if count := len(definition.owner_ids):
        words.append(ngettext("of one owner", "of %(count)s owners", count) % {"count": count})
    if list_version is not None:
        words.append(_("always with version %(version)s of the keyword list") % {"version": list_version})
    return ", ".join(words)


def _order_words(definition: Definition) -> str:
    by = definition.ordered_by
    if by == Report.OrderedBy.NUMBER and definition.scope == Report.Scope.PERIOD:
        by = Report.OrderedBy.REGISTERED_AT
    return {
        "number": _("by number"),
        "sold_on": _("by sale date"),
        "registered_at": _("by day of registration"),
        "changed_at": _("by last change"),
    }[by]


def pinned_version(report: Report) -> int | None:
    """The version of the keyword list that the report stays with; None where it takes the current one."""
    return report.keyword_list.version if report.keyword_list else None


def _scope_words(definition: Definition, today: date) -> str:
    if definition.scope == Report.Scope.ALL:
        return _("all sales")
    if definition.is_limited:
        count = number_format(definition.limit, use_l10n=True, force_grouping=True)
        return ngettext("the newest sale", "the newest %(count)s sales", definition.limit) % {"count": count}
    if definition.period != Report.Period.FIXED:
        first, last = (day_words(day) for day in period_of(definition, today))
        named = {"period": Report.Period(definition.period).label, "first": first, "last": last}
        return _("the sales of %(period)s (%(first)s–%(last)s)") % named
    first, last = (day_words(day) for day in (definition.period_from, definition.period_to))
    if first and last:
        return _("the sales from %(first)s to %(last)s") % {"first": first, "last": last}
    if first:
        return _("the sales since %(first)s") % {"first": first}
    return _("the sales until %(last)s") % {"last": last} if last else _("all sales")


def day_words(value: date | None) -> str:
    """A day in the active language; nothing for none."""
    return date_format(value, "d.m.Y" if get_language() == "de" else "j M Y") if value else ""
