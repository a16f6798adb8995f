"""What is amiss in the data of SuperOffice itself, as counted in `Run.figures["quality"]`: for page, file and mail."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.models import Row, Run
from reports.templatetags.report_words import grouped
from reports.viewer.filters import Choice, Filter
from reports.viewer.flaws import FLAWS
from reports.viewer.result_table import address


@dataclass(frozen=True, slots=True)
class Flaw:
    """`count` of all sales looked at have it; `url` shows them, empty where none has it or the rows are gone; `note` is
    what to know beside the number.
    """

    key: str
    label: str
    count: int
    url: str = ""
    note: str = ""


def flaws_of(run: Run, path: str = "") -> list[Flaw]:
    """All kinds of flaws, those that no sale has too; none for a run whose figures were never counted.

    With the `path` of its page, and while it has its rows, with the way to its sales.
    """
    quality = run.figures.get("quality", {})
    if "empty" not in quality:
        return []
    is_shown = bool(path) and run.is_finished and run.has_rows
    return [
        Flaw(
            key,
            str(label),
            count,
            _address(key, path) if is_shown and count else "",
            _elsewhere(run, count) if key == "empty" else "",
        )
        for key, label in FLAWS.items()
        for count in [int(quality.get(key, 0))]
    ]


def _address(key: str, path: str) -> str:
    """All sales with it, in whatever stage they stand."""
    everywhere = Filter().choosing("stage", Choice(included=("all",)))
    return address(path, everywhere.choosing("flaw", Choice(included=(key,))), "rows")


def _elsewhere(run: Run, count: int) -> str:
    """Why the funnel counts fewer empty headings; empty where it does not."""
    others = count - int(run.funnel.get(Row.Stage.EMPTY_HEADING, 0))
    if others <= 0:
        return ""
    words = ngettext(
        "%(count)s of them stands in another stage: without a company, or with a product from quote or further texts",
        "%(count)s of them stand in other stages: without a company, or with a product from quote or further texts",
        others,
    )
    return words % {"count": grouped(others)}


def quality_sentence(run: Run) -> str:
    """What is amiss, in one sentence; empty where nothing is."""
    parts = [f"{grouped(flaw.count)} × {flaw.label}" for flaw in flaws_of(run) if flaw.count]
    return _("To be mended in SuperOffice: %(flaws)s.") % {"flaws": " · ".join(parts)} if parts else ""
