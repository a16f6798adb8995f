"""Why an expression that somebody typed cannot be taken, in a sentence that says what to change."""

from datetime import datetime

from croniter import CroniterError, croniter
from django.utils.dates import MONTHS
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from reports.schedules.schedule import is_cron_field, is_seldom_enough, is_valid_cron

FIVE_FIELDS = gettext_lazy("Write five fields: minute hour day month weekday, like 0 6 * * 1-5.")
_SHORTCUTS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# Name, smallest and largest value of each field, in their order.
_FIELDS: tuple[tuple[Promise, int, int], ...] = (
    (gettext_lazy("minute"), 0, 59),
    (gettext_lazy("hour"), 0, 23),
    (gettext_lazy("day of the month"), 1, 31),
    (gettext_lazy("month"), 1, 12),
    (gettext_lazy("weekday"), 0, 7),
)
_BEGINNING = datetime(2026, 1, 1)  # noqa: DTZ001 # only whether a field can be read is asked


def cron_problem(cron: str) -> str:
    """A sentence in the active language; empty when the expression can be taken."""
    if full := _SHORTCUTS.get(cron.strip().lower()):
        words = gettext("“%(shortcut)s” is not understood here. Write it in five fields: %(full)s")
        return words % {"shortcut": cron.strip(), "full": full}
    fields = cron.split()
    if len(fields) != len(_FIELDS):
        return str(FIVE_FIELDS)
    for place, field in enumerate(fields):
        if problem := _field_problem(place, field):
            return problem
    if not is_valid_cron(cron):
        return _never(fields[2], fields[3])
    return "" if is_seldom_enough(cron) else gettext("Not more often than every 15 minutes.")


def _field_problem(place: int, field: str) -> str:
    name, least, most = _FIELDS[place]
    values = {"field": name, "value": field[:30], "least": least, "most": most}
    if not _is_readable(place, field):
        words = gettext(
            "The %(field)s cannot be “%(value)s”: it goes from %(least)s to %(most)s, or * for all."
        )
        return words % values
    if any(step > most - least + 1 for step in _steps(field)):
        words = gettext("The %(field)s cannot take the step of “%(value)s”: it only goes up to %(most)s.")
        return words % values
    return ""


def _is_readable(place: int, field: str) -> bool:
    """Whether the field is right by itself, with all others free."""
    if not is_cron_field(field):
        return False
    alone = ["*"] * len(_FIELDS)
    alone[place] = field
    try:
        croniter(" ".join(alone), _BEGINNING)
    except CroniterError:
        return False
    return True


def _steps(field: str) -> list[int]:
    """30 of "*/30": croniter takes any step, and a long one is only ever the first value."""
    steps = (part.partition("/")[2] for part in field.split(","))
    return [int(step) for step in steps if step.isdecimal()]


def _never(day: str, month: str) -> str:
    if day.isdecimal() and month.isdecimal() and int(month) in MONTHS:
        words = gettext("This moment never comes: there is no %(day)s %(month)s.")
        return words % {"day": int(day), "month": MONTHS[int(month)]}
    return gettext("This moment never comes: none of these months has such a day.")
