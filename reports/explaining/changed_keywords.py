"""Which of the keywords that differ between two lists is behind a change of one sale."""

from collections.abc import Iterable

from reports import matching
from reports.explaining.reasons import finder
from reports.keyword_lists.keywords import keywords_of, to_matching
from reports.keyword_lists.list_versions import difference
from reports.matching import Matcher, Result
from reports.models import Keyword, KeywordList


class ChangedKeywords:
    """The keywords that are new, gone or different from one version to another."""

    def __init__(self, before: KeywordList, after: KeywordList) -> None:
        found = difference(keywords_of(before), keywords_of(after))
        old = [*found.removed, *(change.before for change in found.changed)]
        new = [*found.added, *(change.after for change in found.changed)]
        self._texts = {one.number: one.text for one in (*old, *new)}
        self._finders = [_finder(old), _finder(new)]

    def behind(self, texts: Iterable[str]) -> str:
        """The first of them that stands in one of the texts, "" when none does: of several, the longest."""
        for text in texts:
            found = [hit for finder_ in self._finders for hit in _places(finder_.match(text))]
            if found:
                _start, _length, number = min(found, key=lambda hit: (-hit[1], hit[0], hit[2]))
                return self._texts[number]
        return ""


def _finder(keywords: Iterable[Keyword]) -> Matcher:
    return finder(_usable(keywords))


def _usable(keywords: Iterable[Keyword]) -> list[matching.Keyword]:
    return [to_matching(one) for one in keywords]


def _places(result: Result) -> list[tuple[int, int, int]]:
    """(start, length, number) of every keyword that stands in the text or nearly does."""
    hits = [(start, end - start, match.keyword_id) for match in result.matches for start, end in match.spans]
    return hits + [(one.start, one.end - one.start, one.keyword_id) for one in result.rejected]
