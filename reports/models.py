"""Which sales are about which products, and why."""

from datetime import datetime
from typing import Self

from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from connector.models import Connection, Reachable


class Sale(models.Model):
    """The local copy of one sale: what a report or a mail needs of it. SuperOffice keeps the truth."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        SOLD = "sold", _("Sold")
        LOST = "lost", _("Lost")
        STALLED = "stalled", _("Stalled")

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    sale_id = models.PositiveBigIntegerField(_("sale"))
    heading = models.TextField(_("heading"), blank=True)
    company_id = models.PositiveBigIntegerField(null=True)  # null: the sale has no company
    company_name = models.CharField(_("customer"), max_length=255, blank=True)
    company_no_mailing = models.BooleanField(default=False)
    company_stop = models.BooleanField(default=False)
    person_id = models.PositiveBigIntegerField(null=True)
    person_name = models.CharField(_("person"), max_length=255, blank=True)
    person_email = models.CharField(max_length=254, blank=True)
    person_no_mailing = models.BooleanField(default=False)
    person_retired = models.BooleanField(default=False)
    person_bounced = models.BooleanField(default=False)
    owner_id = models.PositiveBigIntegerField(null=True)
    owner_name = models.CharField(_("owner"), max_length=255, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=8, blank=True)
    status = models.CharField(
        _("status"), max_length=40
    )  # one of Status, or SuperOffice's text for an unknown one
    sold_on = models.DateField(_("sale date"), null=True)
    changed_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField()  # when SuperOffice told us all this

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "sale_id"], name="one_copy_per_sale")]

    def __str__(self) -> str:
        return f"{self.sale_id}: {self.heading[:60]}"

    def status_label(self) -> str:
        return str(dict(self.Status.choices).get(self.status, self.status))


class KeywordListQuerySet(models.QuerySet["KeywordList"]):
    def newest_first(self) -> Self:
        return self.order_by("-version")


class KeywordList(models.Model):
    """One immutable version of the keywords. A change makes the next version."""

    version = models.PositiveIntegerField(_("version"), unique=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    author = models.ForeignKey(User, on_delete=models.PROTECT, null=True)
    reason = models.CharField(_("reason"), max_length=200)
    checksum = models.CharField(max_length=64)  # SHA-256 over the canonical JSON of its keywords
    created_at = models.DateTimeField(auto_now_add=True)

    objects = KeywordListQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.version} · {self.reason}"


class Keyword(models.Model):
    """A text that stands for a product, a service or a tag; `reports.matching` says what the fields mean."""

    class Type(models.TextChoices):
        WORD = "word", _("word")
        CODE = "code", _("code")
        REGEX = "regex", _("regular expression")

    class Kind(models.TextChoices):
        PRODUCT = "product", _("product")
        SERVICE = "service", _("service")
        TAG = "tag", _("tag")

    class Polarity(models.TextChoices):
        POSITIVE = "positive", _("finds")
        MASK = "mask", _("hides what it covers")
        VETO = "veto", _("excludes the sale")

    class Inflect(models.TextChoices):
        NONE = "none", _("exactly as written")
        S = "s", _("also with -s")
        YES = "yes", _("with German endings")

    class Compound(models.TextChoices):
        NONE = "none", _("not in compounds")
        START = "start", _("as first part")
        END = "end", _("as last part")
        ANY = "any", _("anywhere")

    keyword_list = models.ForeignKey(KeywordList, on_delete=models.CASCADE, related_name="keywords")
    number = models.PositiveIntegerField()  # the same keyword keeps it from version to version
    product = models.CharField(_("product"), max_length=100, blank=True)
    family = models.CharField(_("family"), max_length=100, blank=True)
    text = models.CharField(_("keyword"), max_length=200)
    type = models.CharField(_("type"), max_length=8, choices=Type, default=Type.WORD)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, blank=True, default=Kind.PRODUCT)
    polarity = models.CharField(_("effect"), max_length=8, choices=Polarity, default=Polarity.POSITIVE)
    generic = models.BooleanField(
        _("family name"), default=False, help_text=_("Gives way to a specific product.")
    )
    inflect = models.CharField(_("endings"), max_length=4, choices=Inflect, default=Inflect.NONE)
    compound = models.CharField(_("compounds"), max_length=5, choices=Compound, default=Compound.NONE)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["keyword_list", "number"], name="keyword_number_once_a_list")
        ]

    def __str__(self) -> str:
        return self.text


class ReportQuerySet(models.QuerySet["Report"]):
    def with_newest_run(self, connection: Connection | None) -> list["Report"]:
        """All reports by name, each with `newest_run` over this tenant (or None); two queries."""
        newest = (
            Run.objects.filter(report=OuterRef("report"), connection=connection)
            .newest_first()
            .values("pk")[:1]
        )
        runs = {run.report_id: run for run in Run.objects.filter(pk=Subquery(newest))}
        reports = list(self.order_by("name"))
        for report in reports:
            report.newest_run = runs.get(report.pk)
        return reports


class Report(models.Model):
    """A saved definition: which sales to look at, and when to do so by itself."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    limit = models.PositiveIntegerField(
        _("newest sales"), default=1000, help_text=_("So many of the newest sales that have a company.")
    )
    cron = models.CharField(
        _("schedule"),
        max_length=60,
        blank=True,
        default="0 6 * * *",
        help_text=_("Five fields: minute hour day month weekday. Empty: only by hand."),
    )
    newest_run: "Run | None"

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")

    def __str__(self) -> str:
        return self.name


class RunQuerySet(models.QuerySet["Run"]):
    def of_tenant(self, connection: Connection | None) -> Self:
        """Runs over the tenant in use; what an earlier one (the demo, say) left behind stays out of sight."""
        return self.filter(connection=connection)

    def unfinished(self) -> Self:
        return self.filter(status__in=[Run.Status.QUEUED, Run.Status.RUNNING])

    def with_result(self) -> Self:
        return self.filter(status__in=[Run.Status.SUCCEEDED, Run.Status.INCOMPLETE])

    def newest_first(self) -> Self:
        return self.order_by("-pk")

    def abandoned(self, now: datetime) -> Self:
        return self.filter(status=Run.Status.RUNNING, lease_until__lt=now)


class Run(Reachable):
    """One execution of a report. `fence` grows with every claim, so that a worker that was thought dead
    cannot write into somebody else's run."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        INCOMPLETE = "incomplete", _("Incomplete")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="runs")
    connection = models.ForeignKey(Connection, on_delete=models.SET_NULL, null=True)
    keyword_list = models.ForeignKey(KeywordList, on_delete=models.PROTECT)
    limit = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True)  # null: the schedule
    intended_at = models.DateTimeField(null=True)  # the planned moment of a scheduled run
    queued_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    alive_at = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=80, blank=True)
    attempt_count = models.PositiveIntegerField(default=0)
    last_sale_id = models.PositiveBigIntegerField(null=True)  # keyset: everything at and above is done
    read_count = models.PositiveIntegerField(default=0)
    funnel = models.JSONField(default=dict)  # {stage: number of sales}

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
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
            models.CheckConstraint(
                condition=Q(
                    status__in=["queued", "running", "succeeded", "incomplete", "failed", "cancelled"]
                ),
                name="run_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["succeeded", "incomplete", "failed"]) | Q(finished_at__isnull=False),
                name="finished_run_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report} #{self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.status not in {self.Status.QUEUED, self.Status.RUNNING}

    @property
    def has_result(self) -> bool:
        return self.status in {self.Status.SUCCEEDED, self.Status.INCOMPLETE}

    @property
    def with_company_count(self) -> int:
        return self.read_count - int(self.funnel.get("no_company", 0))


class RowQuerySet(models.QuerySet["Row"]):
    def with_company(self) -> Self:
        return self.exclude(stage=Row.Stage.NO_COMPANY)

    def newest_sale_first(self) -> Self:
        return self.order_by("-sale_number")

    def after(self, sale_number: int) -> Self:
        """The next keyset page."""
        return self.filter(sale_number__lt=sale_number)


class Row(models.Model):
    """Where one sale went in one run: it stands in exactly one stage of the funnel."""

    class Stage(models.TextChoices):
        NO_COMPANY = "no_company", _("No company")
        COMPANY_UNREADABLE = "company_unreadable", _("Company not readable")
        EMPTY_HEADING = "empty_heading", _("Empty heading")
        EXCLUDED = "excluded", _("Excluded by a keyword")
        UNMATCHED = "unmatched", _("No product found")
        MATCHED = "matched", _("Product found")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="rows")
    sale = models.ForeignKey(Sale, on_delete=models.CASCADE)
    sale_number = models.PositiveBigIntegerField()  # sale.sale_id again: the key of the pages
    stage = models.CharField(max_length=20, choices=Stage)
    products = models.TextField(blank=True)  # "A; B", in the order of the heading
    quantities = models.TextField(blank=True)  # "2; 1", same order

    objects = RowQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "sale_number"], name="each_sale_once_a_run")]
        indexes = [models.Index(F("run"), F("stage"), F("sale_number").desc(), name="row_stage_page")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.sale_number}: {self.stage}"


class Match(models.Model):
    """A product found in a heading: where, how many, and why that many."""

    row = models.ForeignKey(Row, on_delete=models.CASCADE, related_name="matches")
    keyword_number = models.PositiveIntegerField()
    product = models.CharField(max_length=100)
    family = models.CharField(max_length=100, blank=True)
    kind = models.CharField(max_length=8, choices=Keyword.Kind)
    quantity = models.PositiveIntegerField()
    quantity_source = models.CharField(max_length=20)
    spans = models.JSONField()  # [[start, end], …] in the heading

    def __str__(self) -> str:
        return f"{self.product} × {self.quantity}"
