"""The keyword list as a file: written so that it can be read again, read without half a change."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from reports import matching
from reports.export import DATA, Dialect, TableRow, csv_chunks, read_table
from reports.keyword_lists.german_files import GERMAN_COLUMNS, in_german, is_german, value_of
from reports.keyword_lists.keyword_rules import identity, problems_of, sameness
from reports.keyword_lists.keywords import copy_of, field_of, to_matching
from reports.models import Keyword

COLUMNS = (
    "product",
    "family",
    "keyword",
    "type",
    "kind",
    "polarity",
    "generic",
    "inflect",
    "compound",
    "note",
)
_REQUIRED = ("product", "keyword")
MOST_LINES = 10_000
MOST_WEIGHT = 50_000  # of all expressions together
LEAST_WEIGHT = 50  # what even the shortest expression counts for: at most a thousand of them
MOST_PROBLEMS = 100  # that are told; more are only counted
_YES, _NO = ("yes", "ja", "true", "1"), ("no", "nein", "false", "0", "")
_TRUTH = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
_LINE_BREAKS = re.compile(r"[\r\n]+")
# What an empty cell means. Masks and vetoes have no kind.
_DEFAULTS = {"type": "word", "polarity": "positive", "inflect": "none", "compound": "none"}


def csv_of(keywords: Sequence[Keyword], dialect: Dialect = DATA) -> str:
    """The list by number, with a header line: in German for people, with the fixed words for programs.

    Formula-like texts have an apostrophe, which reading takes off.
    """
    rows = [_cells(keyword) for keyword in sorted(keywords, key=lambda keyword: keyword.number or 0)]
    if not dialect.is_for_people:
        return "".join(csv_chunks(rows, dialect, columns=COLUMNS))
    translated = [tuple(map(in_german, COLUMNS, cells)) for cells in rows]
    return "".join(csv_chunks(translated, dialect, columns=tuple(GERMAN_COLUMNS)))


def _cells(keyword: Keyword) -> tuple[str, ...]:
    values = {name: getattr(keyword, name) for name in COLUMNS if name != "keyword"}
    values |= {"keyword": keyword.text, "generic": "yes" if keyword.generic else "no"}
    return tuple(values[name] for name in COLUMNS)


# --- Reading --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineProblem:
    """Why one line cannot be taken."""

    line: int
    column: str
    sentence: str


@dataclass(slots=True)
class ReadFile:
    """What a file says: keywords, or why it cannot be taken. Only one of the two is of use."""

    keywords: list[Keyword] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)  # of each keyword
    problems: list[LineProblem] = field(default_factory=list)
    heads: Mapping[str, str] = field(default_factory=dict)  # the columns as the file calls them

    @property
    def shown_problems(self) -> list[LineProblem]:
        """The first ones, with the columns by their names in the file."""
        return [
            replace(problem, column=self.heads.get(problem.column, problem.column))
            for problem in self.problems[:MOST_PROBLEMS]
        ]

    @property
    def more_problems_count(self) -> int:
        return max(0, len(self.problems) - MOST_PROBLEMS)


def read_keywords(text: str) -> ReadFile:
    """The keywords of a CSV with the columns of `csv_of`, German or not, in its order and without numbers.

    Raises BadTable when the text is no such table. What is wrong with single lines is in the result.
    """
    optional = [name for name in COLUMNS if name not in _REQUIRED]
    rows = read_table(text, required=_REQUIRED, optional=optional, aliases=GERMAN_COLUMNS)
    if len(rows) > MOST_LINES:
        words = _("The file has %(count)s keywords; %(most)s are the limit.")
        return ReadFile(problems=[LineProblem(0, "", words % {"count": len(rows), "most": MOST_LINES})])
    if not rows:
        return ReadFile(problems=[LineProblem(0, "", _("The file has no keyword."))])
    read, lines = ReadFile(heads=rows[0].heads), dict[tuple[str, str], int]()
    for row in rows:
        keyword, problems = _read_row(row)
        first = lines.setdefault(sameness(keyword), row.line)
        if first != row.line and not problems:
            words = _("Line %(line)s has the same keyword for the same product.") % {"line": first}
            problems.append(LineProblem(row.line, "keyword", words))
        read.keywords.append(keyword)
        read.lines.append(row.line)
        read.problems += problems
    if not read.problems:
        read.problems += _too_heavy(read.keywords)
    return read


def _too_heavy(keywords: Sequence[Keyword]) -> list[LineProblem]:
    """Each expression is looked for in each text by itself: too many of them keep everybody waiting."""
    weights = [matching.weight_of(to_matching(keyword)) for keyword in keywords]
    if sum(max(weight, LEAST_WEIGHT) for weight in weights if weight) <= MOST_WEIGHT:
        return []
    words = _(
        "The regular expressions of this file are too many or too complex together. Use words or codes where you can."
    )
    return [LineProblem(0, "", words)]


def _read_row(row: TableRow) -> tuple[Keyword, list[LineProblem]]:
    cells = {name: _LINE_BREAKS.sub(" ", cell).strip() for name, cell in row.items()}
    problems = []
    generic = value_of("generic", cells.pop("generic"))
    if generic not in _TRUTH:
        words = _("“%(value)s” is neither yes nor no.") % {"value": generic[:50]}
        problems.append(LineProblem(row.line, "generic", words))
    for name, default in _DEFAULTS.items():
        cells[name] = value_of(name, cells[name]) or default
    cells["kind"] = value_of("kind", cells["kind"]) or ("product" if cells["polarity"] == "positive" else "")
    keyword = Keyword(text=cells.pop("keyword"), generic=_TRUTH.get(generic, False), **cells)
    return keyword, problems + _problems(keyword, row.line, row.heads)


def _problems(keyword: Keyword, line: int, heads: Mapping[str, str]) -> list[LineProblem]:
    """What the columns hold, then what the matcher can use: one problem a field is enough."""
    found: dict[str, str] = {}
    try:
        keyword.clean_fields(exclude=["keyword_list", "number"])
    except ValidationError as error:
        found = {
            name: " ".join(_sentence(name, one, heads) for one in errors)
            for name, errors in error.error_dict.items()
        }
    for name, sentence in problems_of(keyword):
        found.setdefault(name, str(sentence))
    problems = []
    if not keyword.text:
        problems.append(LineProblem(line, "", _("The keyword is missing.")))
        found.pop("text", None)
    columns = {"text": "keyword"}
    return problems + [LineProblem(line, columns.get(name, name), words) for name, words in found.items()]


def _sentence(name: str, error: ValidationError, heads: Mapping[str, str]) -> str:
    """Django's words; for a value that is none of the known ones these are named, as the column's name is."""
    if error.code != "invalid_choice" or not error.params:
        return " ".join(error.messages)
    values = [str(value) for value, _label in field_of(name).flatchoices if value]
    known = ", ".join(in_german(name, value) if is_german(heads, name) else value for value in values)
    words = _("“%(value)s” is not known. Known are: %(known)s.")
    return words % {"value": str(error.params["value"])[:50], "known": known}


def merged(current: Sequence[Keyword], read: Sequence[Keyword], *, replace: bool) -> list[Keyword]:
    """The list after the import: a keyword with the same text and product keeps its number.

    With `replace` the file is the whole list; without, keywords that it does not have stay.
    """
    numbers = {identity(keyword): keyword.number for keyword in current}
    taken = [copy_of(keyword, number=numbers.get(identity(keyword))) for keyword in read]
    kept = {keyword.number for keyword in taken}
    rest = [] if replace else [keyword for keyword in current if keyword.number not in kept]
    return [*rest, *taken]
