"""The keyword list as German Excel shows it: the names of its columns, and the words in them.

Files keep these words for good: they are not the translations of the pages, which may change.
"""

from collections.abc import Mapping

GERMAN_COLUMNS = {
    "Produkt": "product",
    "Familie": "family",
    "Suchwort": "keyword",
    "Typ": "type",
    "Art": "kind",
    "Wirkung": "polarity",
    "Familienname": "generic",
    "Endungen": "inflect",
    "Zusammensetzungen": "compound",
    "Notiz": "note",
}
GERMAN_VALUES: dict[str, dict[str, str]] = {
    "type": {"word": "Wort", "code": "Code", "regex": "regulärer Ausdruck"},
    "kind": {"product": "Produkt", "service": "Dienstleistung", "tag": "Merkmal"},
    "polarity": {
        "positive": "nennt ein Produkt",
        "mask": "ist hier nicht gemeint",
        "veto": "schließt den Verkauf aus",
    },
    "generic": {"yes": "ja", "no": "nein"},
    "inflect": {"none": "genau wie geschrieben", "s": "auch mit -s", "yes": "mit deutschen Endungen"},
    "compound": {
        "none": "nicht in Zusammensetzungen",
        "start": "als erster Teil",
        "end": "als letzter Teil",
        "any": "überall",
    },
}
_VALUES = {
    column: {german.casefold(): value for value, german in words.items()}
    for column, words in GERMAN_VALUES.items()
}


def in_german(column: str, value: str) -> str:
    """A value of a column in German; texts that people write stay."""
    return GERMAN_VALUES.get(column, {}).get(value, value)


def value_of(column: str, cell: str) -> str:
    """The value that a cell means, German or not, whatever its case; what is not known stays."""
    folded = " ".join(cell.casefold().split())
    return _VALUES.get(column, {}).get(folded, folded)


def is_german(heads: Mapping[str, str], column: str) -> bool:
    """Whether the file calls the column by its German name."""
    return heads.get(column, "").casefold() in {german.casefold() for german in GERMAN_COLUMNS}
