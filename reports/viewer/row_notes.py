"""What a row of a result says beside its columns: where heading and quote differ, which text named the product, and
words that two products claim. Asked of the keywords of its run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from connector.models import Connection
from connector.templatetags.desk import icon
from reports.definitions.definition import DESCRIPTION
from reports.keyword_lists.keywords import matcher_of
from reports.matching import Matcher, Result
from reports.models import LocalCopy, Match, Row, Run
from reports.runs.figures import NOTED
from reports.runs.highlight import highlighted, pieces
from reports.viewer.disagreement import contradicting, disagreement
from reports.viewer.flaws import FLAWS

Mark = Match | str | None  # a stored match, words for what only the heading names, or plain text
_AROUND = 40  # characters before and behind the words of a further text


@dataclass(frozen=True, slots=True)
class RowNote:
    """`heading` in pieces with what was found in it; `lines` stand under its products, `tag` beside them; `text` is the
    name of the further text that named the products.
    """

    heading: Sequence[tuple[str, Mark]] = ()
    lines: Sequence[SafeString | str] = field(default_factory=list)
    tag: SafeString | str = ""
    text: str = ""


def notes_of(rows: Sequence[Row], run: Run) -> dict[int, RowNote]:
    """A note for each row, by its key. At most one query, once the list is known."""
    matcher = matcher_of(run.keyword_list)
    texts = text_labels(run.connection) if any(row.source == Row.Source.TEXT for row in rows) else {}
    results = matcher.match_many(row.heading for row in rows)
    return {row.pk: _note(row, result, matcher, texts) for row, result in zip(rows, results, strict=True)}


def text_labels(connection: Connection | None) -> dict[str, str]:
    """The further texts of a tenant's sales, by the names of their columns, for people."""
    columns = LocalCopy.objects.filter(connection=connection).values_list("text_columns", flat=True).first()
    named = {column["name"]: column["label"] or column["name"] for column in columns or []}
    return {DESCRIPTION: _("Description"), **named}


def _note(row: Row, result: Result, matcher: Matcher, texts: Mapping[str, str]) -> RowNote:
    heading: Sequence[tuple[str, Mark]] = highlighted(row)
    lines: list[SafeString | str] = []
    text = ""
    if row.source == Row.Source.CONTRADICTION:
        quoted = {match.product: match.quantity for match in row.matches.all() if match.field == "quote"}
        heading = _with_contradiction(row, result, contradicting(result, quoted, matcher))
        lines.append(disagreement(result, quoted, matcher))
    elif row.source == Row.Source.TEXT:
        found = dict.fromkeys(match.field for match in row.matches.all() if match.field != "heading")
        text = ", ".join(texts.get(name, name) for name in found)
        lines += [_excerpt(row, name, texts.get(name, name), matcher) for name in found]
    is_conflict = NOTED["conflicts"] in result.flags
    if is_conflict:
        lines.append(conflict_words(row.heading, result))
    return RowNote(heading, [line for line in lines if line], _tag() if is_conflict else "", text)


def _with_contradiction(row: Row, result: Result, products: Iterable[str]) -> Sequence[tuple[str, Mark]]:
    """The heading with what it says against the quote marked too: no match of the row stands there."""
    words = _("Quote differs")
    marks: list[tuple[Sequence[int], Match | str]] = [
        (span, match)
        for match in row.matches.all()
        if match.field in ("heading", "quote")
        for span in match.spans
    ]
    known = {(span[0], span[1]) for span, _mark in marks}
    named = set(products)
    marks += [
        (span, f"{words}: {match.product}")
        for match in result.matches
        if match.product in named
        for span in match.spans
        if span not in known
    ]
    return pieces(row.heading, marks)


def _excerpt(row: Row, name: str, label: str, matcher: Matcher) -> SafeString | str:
    """The words of a further text around what was found; as it is today, so nothing where that is no longer there."""
    text = row.sale.description if name == DESCRIPTION else str(row.sale.texts.get(name) or "")
    products = {match.product for match in row.matches.all() if match.field == name}
    spans = [
        span for match in matcher.match(text).matches if match.product in products for span in match.spans
    ]
    if not spans:
        return ""
    first = max(0, min(start for start, _end in spans) - _AROUND)
    last = max(end for _start, end in spans) + _AROUND
    cut = pieces(text[first:last], (((start - first, end - first), True) for start, end in spans))
    marked = format_html_join(
        "", "{}", ((format_html("<mark>{}</mark>", words) if mark else words,) for words, mark in cut)
    )
    before, after = "…" if first else "", "…" if last < len(text) else ""
    return format_html("{}: {}{}{}", label, before, marked, after)


def conflict_words(heading: str, result: Result) -> str:
    """ "“CD-01”: OMNIE CD-01, Akku CD-01": words that two keywords claim, and for what; both count."""
    claims = [(span, match.product) for match in result.matches for span in match.spans]
    parts = [
        _("“%(words)s”: %(products)s")
        % {"words": heading[min(one[0], two[0]) : max(one[1], two[1])], "products": f"{product}, {other}"}
        for (one, product), (two, other) in combinations(claims, 2)
        if product != other and one[0] < two[1] and two[0] < one[1]
    ]
    return " · ".join([str(FLAWS["conflicts"]), *parts])


def _tag() -> SafeString:
    return format_html('<span class="state tone-warn">{}{}</span>', icon("tags"), FLAWS["conflicts"])
