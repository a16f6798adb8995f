"""The words of a heading, to pick a keyword from: a whole heading is hardly ever one."""

import re

MOST_WORDS = 3  # of a text that may be a keyword; with more it is a heading
_MOST_PICKS = 20
_EDGES = " ,;:!?()[]{}<>\"'„“”‚‘’»«+–—=*|/\\.-_&"
_QUANTITY = re.compile(r"[0-9.,]*\s*[x×]?", re.IGNORECASE)


def is_heading(text: str) -> bool:
    """Whether a text is too long for a keyword, so that somebody should pick from it."""
    return len(words_of(text)) > MOST_WORDS


def words_of(heading: str) -> list[str]:
    """The different words and codes in their order, without quantities ("2x") and single letters."""
    words: dict[str, str] = {}
    for part in heading.split():
        word = part.strip(_EDGES)
        if len(word) > 1 and not _QUANTITY.fullmatch(word):
            words.setdefault(word.casefold(), word)
    return list(words.values())[:_MOST_PICKS]
