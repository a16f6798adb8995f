"""What runs of a report found: every sale in one row, as it was then, and what was found in it."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from connector.models import Connection
from reports.models.definitions import Report
from reports.models.keywords import Keyword, KeywordList
from reports.models.sales import Sale, Sync, status_label
from reports.models.work import Work, WorkQuerySet

STALE_AFTER = timedelta(hours=24)


class RunQuerySet(WorkQuerySet):
    def of_tenant(self, connection: Connection | None) -> Self:
        """Runs over the tenant in use; what an earlier one (the demo, say) left behind stays out of sight."""
        return self.filter(connection=connection)

    def newest_of_each(self, connection: Connection | None) -> dict[int, "Run"]:
        """The newest run over this tenant of each report, by the report's key."""
        mine = self.model.objects.filter(report=OuterRef("report"), connection=connection)
        newest = self.filter(pk=Subquery(mine.newest_first().values("pk")[:1]))
        return {run.report_id: run for run in newest}


class Run(Work):
    """One execution of a report: what it was asked, what it stands on, and what it found.

    `definition` is the report as it was then (its shape: `reports.definitions.definition`), so that a later change of
    the report changes no old result.
    """

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="runs")
    connection = models.ForeignKey(Connection, on_delete=models.SET_NULL, null=True)
    keyword_list = models.ForeignKey(KeywordList, on_delete=models.PROTECT)
    definition = models.JSONField(default=dict)
    intended_at = models.DateTimeField(null=True)  # the planned moment of a scheduled run
    sync = models.ForeignKey(Sync, on_delete=models.SET_NULL, null=True, related_name="+")
    data_at = models.DateTimeField(null=True)  # when SuperOffice was last read without a gap
    revision = models.PositiveBigIntegerField(null=True)  # of the local copy
    acts_as = models.CharField(max_length=200, blank=True)  # whose rights decided what was read
    expected_count = models.PositiveIntegerField(null=True)  # sales to look at
    cursor = models.JSONField(null=True)  # [order value, sale id] of the last row stored
    read_count = models.PositiveIntegerField(default=0)
    funnel = models.JSONField(default=dict)  # {stage: number of sales}
    figures = models.JSONField(default=dict)  # `reports.runs.figures` has its shape
    checksum = models.CharField(max_length=64, blank=True)  # SHA-256 over its rows in canonical form
    rows_removed_at = models.DateTimeField(null=True)  # only the figures were kept

    objects = RunQuerySet.as_manager()

    class Meta:
        permissions = [("download_run", _("May download results"))]
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(
                fields=["report"],
                condition=Q(status__in=["queued", "running"]),
                name="one_unfinished_run_per_report",
            ),
            models.UniqueConstraint(
                fields=["report", "intended_at"],
                condition=Q(intended_at__isnull=False),
                name="one_run_per_planned_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report} #{self.pk}"

    def is_stale(self, now: datetime) -> bool:
        """Whether it stands on older data than a newest result should."""
        return self.data_at is not None and now - self.data_at > STALE_AFTER

    @property
    def has_rows(self) -> bool:
        return self.rows_removed_at is None


class RowQuerySet(models.QuerySet["Row"]):
    def newest_sale_first(self) -> Self:
        return self.order_by("-sale_number")


class Row(models.Model):
    """One sale as it was in one run: it stands in exactly one stage of the funnel."""

    class Stage(models.TextChoices):
        NO_COMPANY = "no_company", _("No company")
        COMPANY_UNREADABLE = "company_unreadable", _("Company not readable")
        EMPTY_HEADING = "empty_heading", _("Empty heading")
        EXCLUDED = "excluded", _("Excluded by a keyword")
        NEGATED = "negated", _("Only negated or hidden")
        UNMATCHED = "unmatched", _("No product found")
        MATCHED = "matched", _("Product found")

    class Source(models.TextChoices):
        """Where a row's products come from."""

        HEADING = "heading", _("Heading")
        QUOTE = "quote", _("Quote")
        BOTH = "both", _("Heading and quote agree")
        CONTRADICTION = "contradiction", _("Heading and quote differ")
        TEXT = "text", _("Another text of the sale")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="rows")
    sale = models.ForeignKey(Sale, on_delete=models.CASCADE)
    sale_number = models.PositiveBigIntegerField()  # sale.sale_id again: the key of the pages
    stage = models.CharField(max_length=20, choices=Stage)
    source = models.CharField(max_length=13, choices=Source, blank=True)
    heading = models.TextField(blank=True)
    company_id = models.PositiveBigIntegerField(null=True)
    company_name = models.CharField(max_length=255, blank=True)
    person_name = models.CharField(max_length=255, blank=True)
    owner_name = models.CharField(max_length=255, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    currency = models.CharField(max_length=8, blank=True)
    status = models.CharField(max_length=40, blank=True)
    sold_on = models.DateField(null=True)
    # "A; B", in the order of the heading; neither a product nor a family has a semicolon in its name
    products = models.TextField(blank=True)
    quantities = models.TextField(blank=True)  # "2; 1", same order
    families = models.TextField(blank=True)  # "F; G", each once
    assumed_count = models.PositiveSmallIntegerField(default=0)  # products whose quantity nobody wrote

    objects = RowQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "sale_number"], name="each_sale_once_a_run")]
        indexes = [models.Index(F("run"), F("stage"), F("sale_number").desc(), name="row_stage_page")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.sale_number}: {self.stage}"

    def status_label(self) -> str:
        return status_label(self.status)


class Match(models.Model):
    """A product found in a sale: where, how many, and why that many."""

    row = models.ForeignKey(Row, on_delete=models.CASCADE, related_name="matches")
    keyword_number = models.PositiveIntegerField(null=True)  # null: a quote line that no keyword reads
    product = models.CharField(max_length=255)
    family = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=8, choices=Keyword.Kind)
    quantity = models.DecimalField(max_digits=18, decimal_places=4)
    quantity_source = models.CharField(max_length=20)  # as in matching.Match, or "quote"
    field = models.CharField(
        max_length=100, default="heading"
    )  # heading, quote, description or a column's name
    spans = models.JSONField()  # [[start, end], …] in that field; of a quote line, where the heading names it

    def __str__(self) -> str:
        return f"{self.product} × {self.quantity}"


class Download(Work):
    """A file somebody took or had made: who, what, how many rows. The trail of what left the house."""

    class Format(models.TextChoices):
        EXCEL = "excel", _("CSV for Excel (German)")
        DATA = "data", _("CSV for programs")
        XLSX = "xlsx", _("Excel workbook")

    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="downloads")
    report_name = models.CharField(
        max_length=100, blank=True
    )  # set when the report is removed: the trail stays
    format = models.CharField(max_length=5, choices=Format)
    query = models.CharField(max_length=2000, blank=True)  # filter, order and columns as in the address
    language = models.CharField(max_length=10, default="de")
    name = models.CharField(max_length=200)
    expected_count = models.PositiveIntegerField(default=0)
    row_count = models.PositiveIntegerField(default=0)
    byte_count = models.PositiveBigIntegerField(default=0)
    is_prepared = models.BooleanField(default=False)  # made in the background, waits in var/downloads
    removed_at = models.DateTimeField(null=True)  # the prepared file is gone

    objects = WorkQuerySet.as_manager()

    class Meta:
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(
                fields=["run", "started_by", "query", "language"],
                condition=Q(is_prepared=True, status__in=["queued", "running"]),
                name="one_unfinished_file_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def report_label(self) -> str:
        return self.run.report.name if self.run else self.report_name
