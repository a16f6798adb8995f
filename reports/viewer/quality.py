"""What is amiss in the data of SuperOffice itself, as counted in `Run.figures["quality"]`: for page, file and mail."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.models import Row, Run
from reports.templatetags.report_words import grouped
from reports.viewer.filters import Choice, Filter
from reports.viewer.result_table import address

_LABELS: dict[str, Promise] = {
    "mojibake": gettext_lazy("Heading with broken umlauts, read as if repaired"),
    "empty": gettext_lazy("Empty heading"),
    "long": gettext_lazy("Heading over 200 characters"),
    "no_amount": gettext_lazy("No amount"),
    "no_currency": gettext_lazy("No currency"),
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """`count` of all sales looked at have it; `url` shows them, empty where no filter can say it."""

    key: str
    label: str
    count: int
    url: str = ""


def flaws_of(run: Run, path: str = "") -> list[Flaw]:
    """All kinds of flaws, those that no sale has too; none for a run whose figures were never counted.

    With the `path` of its page, and while it has its rows, with the way to its sales.
    """
    quality = run.figures.get("quality", {})
    if "empty" not in quality:
        return []
    ways = _ways(run, path) if path and run.is_finished and run.has_rows else {}
    return [
        Flaw(key, str(label), count, ways.get(key, "") if count else "")
        for key, label in _LABELS.items()
        for count in [int(quality.get(key, 0))]
    ]


def _ways(run: Run, path: str) -> dict[str, str]:
    """A currency that is missing is a value of a facet; a stage has all empty headings unless quotes or other
    texts gave some of them a product.
    """
    everywhere = Filter().choosing("stage", Choice(included=("all",)))
    ways = {"no_currency": everywhere.choosing("currency", Choice(included=("",)))}
    if run.figures["quality"]["empty"] == run.funnel.get(Row.Stage.EMPTY_HEADING):
        ways["empty"] = Filter().choosing("stage", Choice(included=(Row.Stage.EMPTY_HEADING.value,)))
    return {key: address(path, wanted, "rows") for key, wanted in ways.items()}


def quality_sentence(run: Run) -> str:
    """What is amiss, in one sentence; empty where nothing is."""
    parts = [f"{grouped(flaw.count)} × {flaw.label}" for flaw in flaws_of(run) if flaw.count]
    return _("To be mended in SuperOffice: %(flaws)s.") % {"flaws": " · ".join(parts)} if parts else ""
