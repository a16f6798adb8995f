"""Keywords in immutable list versions, and what people decided about texts that are no keyword."""

from typing import Self

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _


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

    class Meta:
        permissions = [("edit_keywords", _("May edit keywords"))]

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


class TextVerdict(models.Model):
    """What somebody decided about a suggested text: no product at all, or not worth a suggestion."""

    class Verdict(models.TextChoices):
        IGNORED = "ignored", _("Ignored")
        NO_PRODUCT = "no_product", _("No product")

    text = models.CharField(_("text"), max_length=200, unique=True)  # normalised, as suggestions compare it
    verdict = models.CharField(max_length=10, choices=Verdict)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.text


class FindingVerdict(models.Model):
    """Somebody looked at a finding of the checks and said that it is fine like this; it is about no version."""

    kind = models.CharField(max_length=16)  # of the finding
    subject = models.CharField(
        max_length=210
    )  # what it is about: a keyword's text, a product, or two products
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="one_verdict_per_finding")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}"


class Label(models.Model):
    """Somebody looked at a heading and at what was found in it, and said whether that is right."""

    sale = models.ForeignKey("reports.Sale", on_delete=models.CASCADE, related_name="labels")
    heading = models.TextField()  # as it was then
    products = models.TextField(blank=True)  # what was shown: "2 × A; B", empty: nothing found
    is_right = models.BooleanField()
    truth = models.TextField(
        blank=True
    )  # the products that are in it, when it was wrong and somebody said so
    labelled_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    labelled_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sale"], name="one_label_per_sale")]

    def __str__(self) -> str:
        return f"{self.sale_id}: {self.is_right}"
