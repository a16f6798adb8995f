"""The one way from an edit to the next version of the keyword list: previewed, reasoned, and nothing half-saved."""

from collections.abc import Sequence

from django.contrib.auth.models import User

from reports.keyword_lists.keywords import checksum, save_version
from reports.models import Keyword, KeywordList
from reports.preview.corpus import current_corpus
from reports.preview.effects import Effect, Preview, preview

REASON_LENGTH = 110  # characters of a reason, and of the one for lost sales: together they fit into one line
LOSS_LENGTH = 70


class NothingChanged(Exception):
    """The edit leaves every keyword as it is; there is no version to make."""


class LosesSales(Exception):
    """So many matched sales would be lost that somebody has to say why that is right."""

    def __init__(self, seen: Preview) -> None:
        super().__init__(f"{seen.count(Effect.LOST)} sales would be lost")
        self.preview = seen


def save_list(
    keywords: Sequence[Keyword],
    *,
    parent: KeywordList,
    author: User | None,
    reason: str,
    loss_reason: str = "",
) -> KeywordList:
    """Store the next version after `parent`.

    Raises ListChanged when `parent` is no longer the newest, NothingChanged when nothing differs, LosesSales when
    more than ten matched sales (or 5 %) would be lost and `loss_reason` does not say why, Busy while another large
    change is worked out, and ValueError for a keyword that cannot be used. Nothing is stored then.
    """
    if all(keyword.number for keyword in keywords) and checksum(keywords) == parent.checksum:
        raise NothingChanged
    seen = preview(current_corpus(), parent, keywords)
    if seen.is_costly:
        if not loss_reason.strip():
            raise LosesSales(seen)
        reason = f"{reason} (−{seen.count(Effect.LOST)}: {loss_reason.strip()})"
    return save_version(list(keywords), parent=parent, author=author, reason=reason[:200])
