"""The local copy: what SuperOffice knows of sales, quotes and products, and how old and complete that is."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connector.models import Connection
from reports.models.work import Work, WorkQuerySet


class SaleQuerySet(models.QuerySet["Sale"]):
    def of_tenant(self, connection: Connection | None) -> Self:
        return self.filter(connection=connection)

    def present(self) -> Self:
        """Without those that have disappeared from SuperOffice, deleted or merged into another."""
        return self.filter(removed_at=None)


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
    changed_at = models.DateTimeField(_("changed in SuperOffice"), null=True)
    read_at = models.DateTimeField(_("read"))  # when SuperOffice told us all this
    number = models.CharField(
        _("sale number"), max_length=100, blank=True
    )  # SuperOffice's own text, not the id
    sale_type = models.CharField(_("sale type"), max_length=255, blank=True)
    stage_name = models.CharField(_("stage in SuperOffice"), max_length=255, blank=True)
    probability = models.PositiveSmallIntegerField(_("probability"), null=True)  # percent
    registered_at = models.DateTimeField(_("registered"), null=True)
    description = models.TextField(_("description"), blank=True)
    texts = models.JSONField(default=dict)  # {column of SuperOffice: text}: user-defined fields
    has_quote = models.BooleanField(_("has a quote"), default=False)
    removed_at = models.DateTimeField(_("gone since"), null=True)  # it is no longer in SuperOffice

    objects = SaleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "sale_id"], name="one_copy_per_sale")]
        indexes = [models.Index(fields=["connection", "-sold_on", "-sale_id"], name="sale_by_day")]

    def __str__(self) -> str:
        return f"{self.sale_id}: {self.heading[:60]}"

    def status_label(self) -> str:
        return status_label(self.status)


def status_label(status: str) -> str:
    """A sale's status for people: our word, or SuperOffice's own for one we do not know."""
    return str(dict(Sale.Status.choices).get(status, status))


class QuoteLine(models.Model):
    """One line of the quote alternative that counts: the accepted one of the active version, else the likely one."""

    sale = models.ForeignKey(Sale, on_delete=models.CASCADE, related_name="quote_lines")
    line_id = models.PositiveBigIntegerField()
    rank = models.PositiveIntegerField(default=0)
    name = models.CharField(_("product"), max_length=255, blank=True)
    code = models.CharField(_("code"), max_length=255, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=18, decimal_places=4)
    total_price = models.DecimalField(_("total"), max_digits=18, decimal_places=2)
    family_key = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sale", "line_id"], name="quote_line_once_a_sale")]

    def __str__(self) -> str:
        return f"{self.quantity.normalize():f} × {self.name}"


class ProductFamily(models.Model):
    """One family of the tenant's product list."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    family_id = models.PositiveBigIntegerField()
    name = models.CharField(_("family"), max_length=255)
    rank = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "family_id"], name="one_copy_per_family")
        ]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """One product of the tenant's price lists."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    product_id = models.PositiveBigIntegerField()
    name = models.CharField(_("product"), max_length=255, blank=True)
    code = models.CharField(_("code"), max_length=255, blank=True)
    family_name = models.CharField(_("family"), max_length=255, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "product_id"], name="one_copy_per_product")
        ]

    def __str__(self) -> str:
        return self.name


class LocalCopy(models.Model):
    """How old and how complete the copy of one tenant is. `revision` grows with every change of a sale."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="local_copy")
    revision = models.PositiveBigIntegerField(default=0)
    complete_at = models.DateTimeField(null=True)  # a reading of all sales ended without a gap
    read_at = models.DateTimeField(null=True)  # a reading of any kind ended without a gap
    quotes_at = models.DateTimeField(null=True)  # null: not read yet, or the tenant has none
    catalogue_at = models.DateTimeField(null=True)
    sale_count = models.PositiveIntegerField(default=0)  # present ones, without a company too
    without_company_count = models.PositiveIntegerField(default=0)
    acts_as = models.CharField(max_length=200, blank=True)  # whose rights decided what was read
    text_columns = models.JSONField(
        default=list
    )  # [{"name", "label"}]: further texts that keywords can search
    quotes_problem = models.CharField(max_length=40, blank=True)  # why there are no quote lines

    def __str__(self) -> str:
        return f"copy of {self.connection}"

    @property
    def is_complete(self) -> bool:
        return self.complete_at is not None


class SyncQuerySet(WorkQuerySet):
    def of_tenant(self, connection: Connection | None) -> Self:
        return self.filter(connection=connection)


class Sync(Work):
    """One reading of SuperOffice into the local copy. `cursor` is the last number of `step` that is stored."""

    class Kind(models.TextChoices):
        CHANGES = "changes", _("What changed")
        FULL = "full", _("All sales")

    class Step(models.TextChoices):
        SALES = "sales", _("Sales")
        COMPARISON = "comparison", _("Comparison of numbers")
        QUOTES = "quotes", _("Quotes")
        CATALOGUE = "catalogue", _("Products")

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="syncs")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.CHANGES)
    step = models.CharField(max_length=10, choices=Step, default=Step.SALES)
    since = models.DateField(null=True)  # changes on or after this day, of the tenant; null: everything
    cursor = models.PositiveBigIntegerField(default=0)
    expected_count = models.PositiveIntegerField(null=True)  # an upper bound for the progress
    page_count = models.PositiveIntegerField(default=0)
    read_count = models.PositiveIntegerField(default=0)
    without_company_count = models.PositiveIntegerField(default=0)
    new_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    removed_count = models.PositiveIntegerField(default=0)
    line_count = models.PositiveIntegerField(default=0)
    acts_as = models.CharField(max_length=200, blank=True)

    objects = SyncQuerySet.as_manager()

    class Meta:
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(status__in=["queued", "running"]),
                name="one_unfinished_sync_per_tenant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"
