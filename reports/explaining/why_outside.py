"""Why a sale is none of those that a run was to look at: the choice of the report that leaves it out."""

from datetime import date

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.definitions import definition as definitions
from reports.definitions.definition import Definition
from reports.explaining.snapshots import day_of
from reports.models import Report, Run, Sale
from reports.templatetags.report_words import day
from reports.viewer.facet_panel import value_label

_ORDERS: dict[str, Promise] = {
    "number": gettext_lazy("by number"),
    "sold_on": gettext_lazy("by sale date"),
    "registered_at": gettext_lazy("by day of registration"),
    "changed_at": gettext_lazy("by last change"),
}


def outside(run: Run, sale: Sale) -> tuple[str, str] | None:
    """Why a sale, as it is today, is none of those the run was to look at: code and half a sentence."""
    definition = Definition.from_json(run.definition)
    if sale.registered_at and run.data_at and sale.registered_at > run.data_at:
        return "newer_than_run", _("it was made after SuperOffice was read for this run.")
    if found := _not_chosen(definition, sale) or _not_of_period(definition, sale, day_of(run)):
        return found
    if (rank := _rank(run, definition, sale)) is not None and rank > definition.limit:
        words = _("it is number %(rank)s %(order)s; the report looks at the newest %(limit)s.")
        order = str(_ORDERS[definition.ordered_by])
        told = words % {"rank": _grouped(rank), "order": order, "limit": _grouped(definition.limit)}
        return "beyond_limit", told
    if run.status in (Run.Status.CANCELLED, Run.Status.FAILED):
        return "not_reached", _("the run ended before it came to this sale.")
    return None


def _not_chosen(definition: Definition, sale: Sale) -> tuple[str, str] | None:
    if definition.statuses and sale.status not in definition.statuses:
        words = _("its status is %(status)s; the report looks at %(statuses)s.")
        listed = ", ".join(value_label("status", status) for status in definition.statuses)
        return "other_status", words % {"status": sale.status_label(), "statuses": listed}
    if definition.owner_ids and sale.owner_id not in definition.owner_ids:
        words = _("its owner, %(owner)s, is none of those the report looks at.")
        return "other_owner", words % {"owner": sale.owner_name or _("nobody")}
    if definition.companies == Report.Companies.WITHOUT and sale.company_id is not None:
        words = _("it has a company (%(company)s); the report looks at sales without one.")
        return "has_company", words % {"company": sale.company_name or sale.company_id}
    return None


def _not_of_period(definition: Definition, sale: Sale, today: date) -> tuple[str, str] | None:
    if definition.scope != Report.Scope.PERIOD:
        return None
    first, last = definitions.period_of(definition, today)
    column = "registered_at" if definition.ordered_by == "number" else definition.ordered_by
    moment = getattr(sale, column)
    label = str(Report.OrderedBy(column).label)
    if moment is None:
        return "no_day", _("it has no day (%(order)s) by which it would be of the period.") % {"order": label}
    own = moment if column == "sold_on" else timezone.localdate(moment)
    if (first and own < first) or (last and own > last):
        words = _("its day (%(order)s) is %(day)s; the report looks at %(first)s to %(last)s.")
        told = {"order": label, "day": day(own), "first": day(first), "last": day(last)}
        return "outside_period", words % told
    return None


def _rank(run: Run, definition: Definition, sale: Sale) -> int | None:
    """The place of the sale among those that use up the limit, as the copy is today; None without a limit."""
    if not definition.is_limited or run.connection is None:
        return None
    sales = definitions.sales_of(definition, run.connection, today=day_of(run))
    if definition.needs_company:
        sales = sales.exclude(company_id=None)
    behind = definitions.after(sales, definition, definitions.cursor_of(definition, sale))
    return sales.count() - behind.count() + (definition.needs_company and sale.company_id is None)


def _grouped(number: int) -> str:
    return str(number_format(number, use_l10n=True, force_grouping=True))
