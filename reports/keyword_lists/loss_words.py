"""What gets worse by another keyword list, in sentences: sales that are lost, headings that are read less well."""

from collections.abc import Iterator

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.preview.effects import Effect, Preview
from reports.suggesting.accuracy import Accuracy, Worse
from reports.suggesting.labels import Score

MOST_HEADINGS = 5
MOST_FAMILIES = 5


def costs(seen: Preview, accuracy: Accuracy | None) -> Iterator[str]:
    """Why a reason of its own is asked for, a sentence each."""
    if seen.is_costly:
        count = seen.count(Effect.LOST)
        yield ngettext(
            "After this, no product is found any more in %(count)s sale.",
            "After this, no product is found any more in %(count)s sales.",
            count,
        ) % {"count": count}
    if accuracy is not None and accuracy.is_lower:
        yield _overall(accuracy)


def accuracy_words(accuracy: Accuracy) -> Iterator[str]:
    """The figures before and after, those of the families that are read less well, and which headings are."""
    yield _overall(accuracy)
    for name, scores in list(accuracy.lower_families.items())[:MOST_FAMILIES]:
        words = _("Of these in the family “%(family)s”: %(figures)s.")
        yield words % {"family": name or _("without a family"), "figures": _both(*scores)}
    for one in accuracy.worse[:MOST_HEADINGS]:
        yield _heading(one)
    more = len(accuracy.worse) - MOST_HEADINGS
    if more > 0:
        yield ngettext("And %(count)s more heading.", "And %(count)s more headings.", more) % {"count": more}


def figures(before: Score, after: Score) -> Iterator[str]:
    """The shares that fall, "right 96→94 %", short enough for the list of versions."""
    right, found = _("right %(old)s→%(new)s%%"), _("found %(old)s→%(new)s%%")
    pairs = (right, before.precision, after.precision), (found, before.recall, after.recall)
    for words, old, new in pairs:
        if old is not None and new is not None and new < old:
            yield words % dict(zip(("old", "new"), _shares(old, new), strict=True))


def _overall(accuracy: Accuracy) -> str:
    words = ngettext(
        "In the %(count)s heading that somebody looked at, the keywords get less accurate: %(figures)s.",
        "In the %(count)s headings that somebody looked at, the keywords get less accurate: %(figures)s.",
        accuracy.label_count,
    )
    return words % {"count": accuracy.label_count, "figures": _both(accuracy.before, accuracy.after)}


def _both(before: Score, after: Score) -> str:
    """Both shares before and after, also one that does not fall: people weigh them against each other."""
    right = _("right of what is found %(shares)s") % {"shares": _change(before.precision, after.precision)}
    found = _("found of what is there %(shares)s") % {"shares": _change(before.recall, after.recall)}
    return f"{right}; {found}"


def _change(old: float | None, new: float | None) -> str:
    if old is None or new is None:
        return " → ".join("–" if share is None else _percent(f"{100 * share:.0f}") for share in (old, new))
    if old == new:
        return _("%(share)s as before") % {"share": _percent(f"{100 * new:.0f}")}
    return " → ".join(map(_percent, _shares(old, new)))


def _percent(number: str) -> str:
    return _("%(number)s%%") % {"number": number}


def _shares(old: float, new: float) -> tuple[str, str]:
    """Two shares in per cent; with one decimal where whole ones would hide that they differ."""
    whole = f"{100 * old:.0f}", f"{100 * new:.0f}"
    if old == new or whole[0] != whole[1]:
        return whole
    return number_format(100 * old, decimal_pos=1), number_format(100 * new, decimal_pos=1)


def _heading(one: Worse) -> str:
    return _("“%(heading)s” (sale %(number)s): %(before)s → %(after)s") % {
        "heading": " ".join(one.label.heading.split())[:120],
        "number": one.label.sale.sale_id,
        "before": one.before or _("no product"),
        "after": one.after or _("no product"),
    }
