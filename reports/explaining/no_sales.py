"""Why the choices of a report fit no sale at all: the one choice that stands in the way, in a sentence."""

from dataclasses import replace
from datetime import date, datetime

from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.definitions.definition import Definition, day_words, period_column, period_of, sales_of
from reports.explaining.snapshots import day_of
from reports.models import Report, Run, Sale


def fits_no_sale(run: Run) -> str:
    """A sentence about a run that looked at no sale, although the local copy has some."""
    definition = Definition.from_json(run.definition)
    today, connection = day_of(run), run.connection
    assert connection is not None  # it has sales

    def fits(one: Definition) -> bool:
        return sales_of(one, connection, today=today).exists()

    if fits(definition):
        return _("No sale fitted the choices of this report when it ran; today some do. Run it again.")
    only = Definition(scope=Report.Scope.ALL, companies=Report.Companies.ANY)
    if definition.scope == Report.Scope.PERIOD:
        period = replace(definition, statuses=(), owner_ids=(), companies=Report.Companies.ANY)
        if not fits(period):
            return _of_period(run, period)
    if definition.statuses and not fits(replace(only, statuses=definition.statuses)):
        return _("No sale has a status that this report looks at.")
    if definition.owner_ids and not fits(replace(only, owner_ids=definition.owner_ids)):
        return _("None of the owners that this report looks at has a sale.")
    if definition.companies == Report.Companies.WITHOUT and not fits(
        replace(only, companies=definition.companies)
    ):
        return _("Every sale has a company, and this report looks at those without one.")
    return _("No sale fits all choices of this report together; each of them fits some.")


def _of_period(run: Run, definition: Definition) -> str:
    """The period has no sale: where the sales lie instead."""
    first, last = period_of(definition, day_of(run))
    days = _first_and_last(run, definition)
    if days is None:
        return _("No sale has the day that the period of this report goes by.")
    earliest, latest = days
    words = _(
        "No sale lies in the period of this report: the first one is of %(earliest)s, the last of %(latest)s."
    )
    if last and last < earliest:
        words = _("The period of this report ends on %(last)s, before the first sale (%(earliest)s).")
    elif first and first > latest:
        words = _("The period of this report begins on %(first)s, after the last sale (%(latest)s).")
    told = {"first": first, "last": last, "earliest": earliest, "latest": latest}
    return words % {name: day_words(value) for name, value in told.items()}


def _first_and_last(run: Run, definition: Definition) -> tuple[date, date] | None:
    """The days of the first and the last sale, as the period of the report counts days; None without any."""
    column = period_column(definition)
    found = Sale.objects.of_tenant(run.connection).present().aggregate(first=Min(column), last=Max(column))
    if found["first"] is None:
        return None
    return _local_day(found["first"]), _local_day(found["last"])


def _local_day(value: date | datetime) -> date:
    return timezone.localdate(value) if isinstance(value, datetime) else value
