"""The one way from an edit to the next version of the keyword list: previewed, reasoned, and nothing half-saved."""

from collections.abc import Sequence

from django.contrib.auth.models import User

from connector.services import current_connection
from reports.keyword_lists.keywords import checksum, save_version
from reports.keyword_lists.loss_words import figures
from reports.models import Keyword, KeywordList
from reports.preview.corpus import corpus_of
from reports.preview.effects import Effect, Preview, preview
from reports.suggesting.accuracy import Accuracy, accuracy_of

# Characters of a reason, and of the one for what gets worse: with the figures between them they fit into one line.
REASON_LENGTH = 95
LOSS_LENGTH = 55


class NothingChanged(Exception):
    """The edit leaves every keyword as it is; there is no version to make."""


class Costly(Exception):
    """So many matched sales would be lost, or headings that somebody looked at be read so much worse, that somebody
    has to say why that is right."""

    def __init__(self, seen: Preview, accuracy: Accuracy | None) -> None:
        super().__init__(_figures(seen, accuracy))
        self.preview = seen
        self.accuracy = accuracy


def save_list(
    keywords: Sequence[Keyword],
    *,
    parent: KeywordList,
    author: User | None,
    reason: str,
    loss_reason: str = "",
) -> KeywordList:
    """Store the next version after `parent`.

    Raises ListChanged when `parent` is no longer the newest, NothingChanged when nothing differs, Costly when more
    than ten matched sales (or 5 %) would be lost or precision or recall on labelled headings would fall, and
    `loss_reason` does not say why, Busy while another large change is worked out, and ValueError for a keyword that
    cannot be used. Nothing is stored then.
    """
    if all(keyword.number for keyword in keywords) and checksum(keywords) == parent.checksum:
        raise NothingChanged
    connection = current_connection()
    corpus = corpus_of(connection)
    seen = preview(corpus, parent, keywords)
    accuracy = accuracy_of(corpus, connection, parent, keywords)
    if seen.is_costly or (accuracy is not None and accuracy.is_lower):
        if not loss_reason.strip():
            raise Costly(seen, accuracy)
        reason = f"{reason} ({_figures(seen, accuracy)}: {loss_reason.strip()})"
    return save_version(list(keywords), parent=parent, author=author, reason=reason[:200])


def _figures(seen: Preview, accuracy: Accuracy | None) -> str:
    """ "−12, right 96→94 %": what gets worse, for the list of versions."""
    lost = [f"−{seen.count(Effect.LOST)}"] if seen.is_costly else []
    return ", ".join([*lost, *(figures(accuracy.before, accuracy.after) if accuracy else ())])
