"""What is to be said about the mail of a result: stored as codes with the names and words that belong to them, so
that each reader gets a sentence in their language."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.models import Occurrence


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to know; `who` is a user's name, `words` numbers, what a mail server said, or in ISO form when
    something was decided."""

    code: str
    who: str = ""
    words: str = ""


_SENTENCES: dict[str, Promise] = {
    # --- why a user got nothing ---
    "no_address": _("%(who)s has no e-mail address here and got nothing."),
    "inactive": _("%(who)s does not work here any more and got nothing."),
    "may_not_see": _("%(who)s may not see this report and got nothing."),
    "bad_address": _("The e-mail address of %(who)s cannot be written to."),
    "refused": _("The mail server refused the mail to %(who)s: %(words)s"),
    "deferred": _("The mail server did not take the mail to %(who)s: %(words)s"),
    "unclear": _("The mail server did not confirm the mail to %(who)s: it may have been sent."),
    "not_tried": _("The mail to %(who)s was not tried any more, because the mail server stopped answering."),
    "later": _(
        "Whoever is named here and can still get it gets it later: we try again by ourselves for a day."
    ),
    "gave_up": _("We tried for a day, and stop now. Whoever got nothing can be sent it after all."),
    # --- why nobody did ---
    "no_mailbox": _("There is no mailbox to send from. Once there is one, the result can be sent after all."),
    "mailbox_paused": _("The mailbox is paused. The mail leaves when it goes on."),
    "waits": _("The mail server cannot be used right now: %(words)s We try again by ourselves for a day."),
    "given_up": _("The mail server could not be used for a day: %(words)s"),
    "misconfigured": _("The mail server does not let us send: %(words)s"),
    "nobody": _("There was nobody left to write to."),
    "interrupted": _(
        "The worker stopped while the mail was being sent: it may have been sent, to all or some."
    ),
    "unexpected": _("The mail could not be made: %(words)s"),
    "other_tenant": _("Nothing was sent: the result is of a tenant that is not in use any more."),
    "drift": _(
        "Held back: this result has far fewer sales than the ones before it (%(words)s). Look at it, and send it "
        "after all if it is right."
    ),
    # --- what was different ---
    "too_large": _("The file would have been larger than 10 MB: the mail has a link instead."),
    "rows_gone": _("The sales of this run were not kept: the mail has a link instead of a file."),
    "no_download_right": _("%(who)s may not download results and got a link without the file."),
    "released": _("Sent after all by %(who)s."),
    "no_result": _("The run ended without a result."),
}
_LONGEST_WORDS = 300


def stored(notes: Iterable[Note]) -> str:
    """The notes as Occurrence.mail_problem holds them; empty for none."""
    found = [{key: value[:_LONGEST_WORDS] for key, value in asdict(note).items() if value} for note in notes]
    return json.dumps(found, ensure_ascii=False) if found else ""


def notes_of(occurrence: Occurrence) -> list[Note]:
    """What `stored` made; a text that it did not make is shown as it is."""
    if not occurrence.mail_problem:
        return []
    try:
        return [Note(**entry) for entry in json.loads(occurrence.mail_problem)]
    except (ValueError, TypeError):
        return [Note("said", words=occurrence.mail_problem)]


def sentence(note: Note) -> str:
    """The note in the active language; of an unknown one its words."""
    template = _SENTENCES.get(note.code)
    return str(template) % {"who": note.who or "–", "words": note.words} if template else note.words
