"""An imported file beside the list that it goes into: what only both together show."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from reports.keyword_lists.keyword_files import COLUMNS, MOST_LINES, LineProblem, ReadFile, merged
from reports.keyword_lists.keyword_rules import (
    expression_problem,
    expressions_of,
    identity,
    other_family_problem,
)
from reports.models import Keyword


def fit_into(
    read: ReadFile, current: Sequence[Keyword], *, replace: bool, may_use_expressions: bool
) -> list[Keyword]:
    """The list after the import; what keeps it from being stored is added to the problems of `read`.

    Keywords of the file without a family get that of their product. Lines that the list has just so are no problem.
    """
    known = {identity(keyword): keyword for keyword in current}
    news = [
        (line, keyword)
        for line, keyword in zip(read.lines, read.keywords, strict=True)
        if not _is_same(keyword, known.get(identity(keyword)))
    ]
    after = merged(current, read.keywords, replace=replace)
    changed = {identity(keyword) for _line, keyword in news}
    read.problems += _family_problems(news, [one for one in after if identity(one) not in changed])
    if not may_use_expressions:
        read.problems += _expression_problems(news, known)
    if len(after) > MOST_LINES:
        words = _("The list would have %(count)s keywords; %(most)s are the limit.")
        read.problems.append(LineProblem(0, "", words % {"count": len(after), "most": MOST_LINES}))
    fitted = merged(current, read.keywords, replace=replace)
    if not may_use_expressions and expressions_of(current) - expressions_of(fitted):
        read.problems.append(LineProblem(0, "", expression_problem()[1]))
    return fitted


def _is_same(keyword: Keyword, other: Keyword | None) -> bool:
    names = ["text" if name == "keyword" else name for name in COLUMNS]
    return other is not None and all(getattr(keyword, name) == getattr(other, name) for name in names)


def _family_problems(news: Sequence[tuple[int, Keyword]], unchanged: Sequence[Keyword]) -> list[LineProblem]:
    """A product has one family: what stays says which, or else the first line that names one."""
    families: dict[str, list[str]] = {}
    for keyword in unchanged:
        if keyword.family and _is_product(keyword):
            families.setdefault(keyword.product, []).append(keyword.family)
    problems = []
    named = [(line, keyword) for line, keyword in news if _is_product(keyword)]
    for line, keyword in named:
        if not keyword.family:
            continue
        found = families.setdefault(keyword.product, [keyword.family])
        if keyword.family not in found:
            problems.append(LineProblem(line, *other_family_problem(keyword, found[0])))
    for _line, keyword in named:
        if not keyword.family and keyword.product in families:
            keyword.family = families[keyword.product][0]
    return problems


def _is_product(keyword: Keyword) -> bool:
    return bool(keyword.product) and keyword.polarity == Keyword.Polarity.POSITIVE


def _expression_problems(
    news: Sequence[tuple[int, Keyword]], known: dict[tuple[str, str], Keyword]
) -> list[LineProblem]:
    regex = Keyword.Type.REGEX
    return [
        LineProblem(line, *expression_problem())
        for line, keyword in news
        for before in [known.get(identity(keyword))]
        if keyword.type == regex or (before is not None and before.type == regex)
    ]
