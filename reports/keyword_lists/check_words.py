"""What the checks found, in sentences."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext

from connector.templatetags.desk import share
from reports.keyword_lists.keyword_checks import Finding
from reports.preview.preview_words import RULES

# In the order in which they deserve a look.
KINDS: dict[str, Promise] = {
    "conflict": gettext_lazy("Two products for the same words"),
    "never_counts": gettext_lazy("Never counts"),
    "takes_much": gettext_lazy("Takes much away"),
    "dead": gettext_lazy("In no sale at all"),
    "excel": gettext_lazy("Changed by Excel"),
    "twin": gettext_lazy("Known in one language only"),
}


def sentence_of(finding: Finding) -> str:
    """One sentence in the active language."""
    words = {
        "keyword": finding.keyword,
        "count": finding.count,
        "product": finding.product,
        "other": finding.other,
        "rule": RULES.get(finding.rule, ""),
        "share": share(round(finding.share * 100), 100),
    }
    return _template(finding) % words


def _template(finding: Finding) -> str:
    if finding.kind == "conflict":
        return ngettext(
            "In %(count)s sale the same words stand for %(product)s and for %(other)s.",
            "In %(count)s sales the same words stand for %(product)s and for %(other)s.",
            finding.count,
        )
    if finding.kind == "takes_much":
        return ngettext(
            "“%(keyword)s” takes %(count)s sale away from %(product)s, %(share)s of all.",
            "“%(keyword)s” takes %(count)s sales away from %(product)s, %(share)s of all.",
            finding.count,
        )
    if finding.kind == "never_counts":
        return _never_counts(finding)
    return str(_FIXED[finding.kind + finding.missing])


# Sentences without a number.
_FIXED: dict[str, Promise] = {
    "dead": gettext_lazy("“%(keyword)s” stands in no sale of the local copy."),
    "excel": gettext_lazy("Excel changes “%(keyword)s” when it opens a CSV; a workbook keeps it."),
    "twinen": gettext_lazy("%(product)s has a German keyword and no English one."),
    "twinde": gettext_lazy("%(product)s has an English keyword and no German one."),
}


def _never_counts(finding: Finding) -> str:
    if not finding.rule:
        return ngettext(
            "“%(keyword)s” stands in %(count)s sale and never counts.",
            "“%(keyword)s” stands in %(count)s sales and never counts.",
            finding.count,
        )
    return ngettext(
        "“%(keyword)s” stands in %(count)s sale and never counts: %(rule)s.",
        "“%(keyword)s” stands in %(count)s sales and never counts: %(rule)s.",
        finding.count,
    )
