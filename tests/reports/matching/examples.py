"""The keyword list and the worked examples of the specification, and a short way to write a result."""

import csv
from pathlib import Path

from reports.matching import Keyword, Matcher, Result

HERE = Path(__file__).parent


def read_rows(name: str) -> list[dict[str, str]]:
    """The rows of a file beside this one."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_keywords() -> list[Keyword]:
    """The list of the worked examples; a keyword's id is its line."""
    return [
        Keyword(
            id=number,
            text=row["keyword"],
            type=row["type"],
            kind=row["kind"],
            polarity=row["polarity"],
            product=row["product"],
            family=row["family"],
            generic=row["generic"] == "yes",
            inflect=row["inflect"],
            compound=row["compound"],
            note=row["note"],
        )
        for number, row in enumerate(read_rows("keywords.csv"), start=1)
    ]


def keyword(text: str, product: str | None = None, **changes: object) -> Keyword:
    """A plain product keyword for `text`, with `changes`."""
    values: dict[str, object] = {
        "id": 1,
        "text": text,
        "type": "word",
        "kind": "product",
        "polarity": "positive",
        "product": text if product is None else product,
        "family": "",
        "generic": False,
        "inflect": "none",
        "compound": "none",
    }
    return Keyword(**{**values, **changes})  # type: ignore[arg-type]


def mask(text: str, **changes: object) -> Keyword:
    """A keyword that hides what it overlaps."""
    return keyword(text, **{"product": "", "id": 90, "kind": "", "polarity": "mask", **changes})  # type: ignore[arg-type]


def veto(text: str, **changes: object) -> Keyword:
    """A keyword that removes the sale, or the product or family given."""
    return keyword(text, **{"product": "", "id": 91, "kind": "", "polarity": "veto", **changes})  # type: ignore[arg-type]


def brief(result: Result) -> str:
    """A result as the worked examples write it: "OMNIE CD-01×2; [Nachlass]"."""
    if result.status == "excluded":
        return "EXCLUDED"
    if result.status == "empty_heading":
        return "EMPTY"
    found = [f"{match.product}×{match.quantity}" for match in result.matches]
    return "; ".join(found + [f"[{tag.product}]" for tag in result.tags])


def rules(result: Result) -> list[str]:
    """The failed rules, in order of appearance."""
    return [reason.rule for reason in result.rejected]


def found(keywords: list[Keyword] | Keyword, heading: str) -> str:
    """What these keywords find in the heading, in brief."""
    return brief(Matcher(keywords if isinstance(keywords, list) else [keywords]).match(heading))
