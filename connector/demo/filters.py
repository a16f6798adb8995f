"""The `$filter` language of archive queries: text in, a test for one record out.

Only what SuperOffice is known to accept is accepted. `le`, `ge`, `null`, doubled quotes, unquoted dates and list
texts are refused with a `QueryError`, because the real tenant refuses them too or nobody has seen it do otherwise.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

Scalar = str | int | float | bool | datetime | None
Test = Callable[[Any], bool]


class QueryError(Exception):
    """The query is one that the tenant refuses; the text says why."""


class FilterColumn(Protocol):
    """What this module must know about a column: its restriction type and the value that filters see."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    def key(self, record: Any) -> Scalar: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a filter may refer to besides its columns."""

    today: date
    associate_id: int


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\\]|\\.)*')
      | (?P<number>[-+]?\d+(?:\.\d+)?(?![\w/]))
      | (?P<word>[A-Za-z_][\w/:.]*)
      | (?P<sign>!=|[<>]=|[=<>(),])
    )""",
    re.VERBOSE,
)
_FUNCTIONS = ("startswith", "endswith", "substringof")
_UNARY_DAYS = ("today", "beforetoday", "aftertoday")
_PERIODS = ("lastweek", "thisweek", "nextweek", "lastmonth", "thismonth", "nextmonth", "lastquarter",
"thisquarter",
            "nextquarter", "thishalf", "lastyear", "thisyear", "nextyear")  # fmt: skip
_NUMBER_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "=": operator.eq, "equals": operator.eq, "set": operator.eq,
    "ne": operator.ne, "unequals": operator.ne, "!=": operator.ne,
    "gt": operator.gt, "greater": operator.gt, ">": operator.gt,
    "lt": operator.lt, "less": operator.lt, "<": operator.lt,
}  # fmt: skip
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "is": operator.eq, "eq": operator.eq, "=": operator.eq, "equals": operator.eq,
    "isnot": operator.ne,
    "begins": str.startswith, "startswith": str.startswith,
    "notbegins": lambda have, want: not have.startswith(want),
    "contains": lambda have, want: want in have, "substringof": lambda have, want: want in have,
    "notcontains": lambda have, want: want not in have,
    "ends": str.endswith, "endswith": str.endswith,
}  # fmt: skip
_DAY_TESTS: dict[str, Callable[[date, date], bool]] = {
    "before": operator.lt, "after": operator.gt, "date": operator.eq, "beforeorequal": operator.le,
}  # fmt: skip
_MOMENT_TESTS: dict[str, Callable[[datetime, datetime], bool]] = {
    "beforetime": operator.lt, "aftertime": operator.gt, "datetime": operator.eq,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def compile_filter(text: str, columns: Mapping[str, FilterColumn], surroundings: Surroundings) -> Test:
    """Make a test from filter text. `columns` maps lower-case names. Raises QueryError."""
    return _Parser(_tokens(text), columns, surroundings).parse()


def _tokens(text: str) -> list[_Token]:
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise QueryError(f"Syntax error in filter near '{text[position : position + 20]}'")
        kind = match.lastgroup or ""
        tokens.append(_Token(kind, match.group(kind)))
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens; `and` binds tighter than `or`."""

    def __init__(
        self, tokens: list[_Token], columns: Mapping[str, FilterColumn], around: Surroundings
    ) -> None:
        self.tokens = tokens
        self.columns = columns
        self.around = around
        self.position = 0

    def parse(self) -> Test:
        test = self._either()
        if self.position < len(self.tokens):
            raise QueryError(f"Unexpected '{self.tokens[self.position].text}' in filter")
        return test

    def _either(self) -> Test:
        tests = [self._all()]
        while self._taken("or"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._taken("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def _one(self) -> Test:
        if self._taken("("):
            test = self._either()
            self._expect(")")
            return test
        word = self._next("word")
        if self._peek() == "(" and word.lower() in _FUNCTIONS:
            return self._function(word.lower())
        column = self._column(word)
        sign = self._next("word", "sign").lower()
        if sign in ("currentassociate", *_UNARY_DAYS, *_PERIODS):
            return _unary(column, sign, self.around)
        return _binary(column, sign, self._values(), self.around)

    def _function(self, name: str) -> Test:
        self._expect("(")
        first = self._value() if name == "substringof" else self._column(self._next("word"))
        self._expect(",")
        second = self._column(self._next("word")) if name == "substringof" else self._value()
        self._expect(")")
        column, value = (second, first) if name == "substringof" else (first, second)
        return _binary(column, name, [value], self.around)

    def _values(self) -> list[Any]:
        if not self._taken("("):
            return [self._value()]
        values = [self._value()]
        while self._taken(","):
            values.append(self._value())
        self._expect(")")
        return values

    def _value(self) -> Any:
        token = self._next_token()
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        if token.kind == "word" and token.text.lower() in ("true", "false"):
            return token.text.lower() == "true"
        raise QueryError(f"'{token.text}' is not a value that a filter understands")

    def _column(self, name: str) -> FilterColumn:
        column = self.columns.get(name.lower())
        if column is None:
            raise QueryError(f"Unknown column '{name}' in filter")
        if not column.kind:
            raise QueryError(f"Column '{column.name}' cannot be used in a filter")
        return column

    def _peek(self) -> str:
        return self.tokens[self.position].text if self.position < len(self.tokens) else ""

    def _taken(self, text: str) -> bool:
        token = self.tokens[self.position] if self.position < len(self.tokens) else None
        if token is None or token.kind == "text" or token.text.lower() != text:
            return False
        self.position += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._taken(text):
            raise QueryError(f"Expected '{text}' in filter, found '{self._peek() or 'the end'}'")

    def _next_token(self) -> _Token:
        if self.position >= len(self.tokens):
            raise QueryError("The filter ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def _next(self, *kinds: str) -> str:
        token = self._next_token()
        if token.kind not in kinds:
            raise QueryError(f"Unexpected '{token.text}' in filter")
        return token.text


def _binary(column: FilterColumn, sign: str, values: list[Any], around: Surroundings) -> Test:
    make = _BINARY[column.kind]
    test = make(sign, values)
    if test is None:
        raise QueryError(
            f"Operator '{sign}' is not supported for column '{column.name}' of type {column.kind}"
        )
    key = column.key
    return lambda record: test(key(record))


def _number(values: list[Any]) -> list[float]:
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        raise QueryError("A number is expected here")
    return values


def _single(values: list[Any]) -> Any:
    if len(values) != 1:
        raise QueryError("One value is expected here")
    return values[0]


def _pair(values: list[Any]) -> tuple[Any, Any]:
    if len(values) != 2:
        raise QueryError("'between' needs two values")
    return values[0], values[1]


def _numbers(sign: str, values: list[Any]) -> Test | None:
    numbers = _number(values)
    if sign in _NUMBER_SIGNS:
        compare, wanted = _NUMBER_SIGNS[sign], _single(numbers)
        return lambda have: compare(have, wanted)
    if sign == "between":
        low, high = _pair(numbers)
        return lambda have: low <= have <= high
    if sign == "in":
        chosen = frozenset(numbers)
        return lambda have: have in chosen
    return None


def _texts(sign: str, values: list[Any]) -> Test | None:
    if not all(isinstance(value, str) for value in values):
        raise QueryError("A text in single quotes is expected here")
    texts = [value.casefold() for value in values]
    if sign in _TEXT_TESTS:
        compare, wanted = _TEXT_TESTS[sign], _single(texts)
        return lambda have: compare(have.casefold(), wanted)
    if sign == "between":
        low, high = _pair(texts)
        return lambda have: low <= have.casefold() <= high
    if sign == "in":
        chosen = frozenset(texts)
        return lambda have: have.casefold() in chosen
    return None


def _flags(sign: str, values: list[Any]) -> Test | None:
    wanted = _single(values)
    if sign not in ("set", "eq", "=", "equals"):
        return None
    if wanted not in (True, False, 0, 1):
        raise QueryError("true or false is expected here")
    return lambda have: have == bool(wanted)


def _list_ids(sign: str, values: list[Any]) -> Test | None:
    chosen = frozenset(_number(values))
    if sign in ("oneof", "in"):
        return lambda have: have in chosen
    if sign == "notoneof":
        return lambda have: have not in chosen
    if sign in ("eq", "=", "equals", "set"):
        return lambda have: have == _single(values)
    if sign in ("ne", "unequals"):
        return lambda have: have != _single(values)
    return None


def _keys(sign: str, values: list[Any]) -> Test | None:
    """Lists that somebody else keeps: their keys are texts, also when they look like numbers."""
    chosen = frozenset(str(value).casefold() for value in values)
    if sign in ("oneof", "in", "eq", "=", "equals", "is"):
        return lambda have: have.casefold() in chosen
    if sign == "notoneof":
        return lambda have: have.casefold() not in chosen
    return None


def _associates(sign: str, values: list[Any]) -> Test | None:
    chosen = frozenset(_number(values))
    if sign == "associateisoneof":
        return lambda have: have in chosen
    if sign == "associateisnotoneof":
        return lambda have: have not in chosen
    return None


def _dates(sign: str, values: list[Any]) -> Test | None:
    moments = [_moment(value) for value in values]
    if sign in _DAY_TESTS:
        compare, day = _DAY_TESTS[sign], _single(moments).date()
        return lambda have: have is not None and compare(have.date(), day)
    if sign in _MOMENT_TESTS:
        compare_moments, moment = _MOMENT_TESTS[sign], _single(moments)
        return lambda have: have is not None and compare_moments(have, moment)
    if sign in ("between", "datebetween"):
        low, high = _pair(moments)
        return lambda have: have is not None and low.date() <= have.date() <= high.date()
    return None


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise QueryError("A date in single quotes is expected here")
    try:
        return datetime.fromisoformat(value.removesuffix("Z")).replace(tzinfo=None)
    except ValueError:
        raise QueryError(f"'{value}' is not a date") from None


_BINARY: dict[str, Callable[[str, list[Any]], Test | None]] = {
    "int": _numbers, "decimal": _numbers, "string": _texts, "positiveString": _texts, "bool": _flags,
    "listAny": _list_ids, "listExternal": _keys, "associate": _associates, "date": _dates,
}  # fmt: skip


def _unary(column: FilterColumn, sign: str, around: Surroundings) -> Test:
    key = column.key
    if sign == "currentassociate" and column.kind == "associate":
        return lambda record: key(record) == around.associate_id
    if column.kind != "date" or sign == "currentassociate":
        raise QueryError(
            f"Operator '{sign}' is not supported for column '{column.name}' of type {column.kind}"
        )
    low, high = _span(sign, around.today)
    return lambda record: (have := key(record)) is not None and low <= have < high  # type: ignore[operator]


def _span(sign: str, today: date) -> tuple[datetime, datetime]:
    """First moment inside and first moment after the period, weeks beginning on Monday."""
    tomorrow = today + timedelta(days=1)
    if sign in _UNARY_DAYS:
        first, last = {
            "today": (today, tomorrow),
            "beforetoday": (date.min, today),
            "aftertoday": (tomorrow, date.max),
        }[sign]
    else:
        first, last = _period(sign, today)
    return datetime.combine(first, time()), datetime.combine(last, time())


def _period(sign: str, today: date) -> tuple[date, date]:
    step = {"last": -1, "this": 0, "next": 1}[sign[:4]]
    unit = sign[4:]
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
        return monday, monday + timedelta(weeks=1)
    months = {"month": 1, "quarter": 3, "half": 6, "year": 12}[unit]
    # Months counted from year 0, so that a period is one multiplication away from its neighbours.
    index = (today.year * 12 + today.month - 1) // months + step
    return _month(index * months), _month((index + 1) * months)


def _month(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)
