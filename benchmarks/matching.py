"""A million headings and a thousand keywords, beside bare Aho-Corasick and beside the loop everybody writes first.

Everything takes turns, batch by batch, so that a machine that gets slower gets slower for all, and the clock is the
process's own, so that neighbours do not count. The headings are made outside the clock, and only one batch of them is
ever in memory.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from ahocorasick_rs import AhoCorasick, Implementation

from benchmarks.figures import Figure
from benchmarks.headings import headings, keywords
from reports.matching import Keyword, Matcher
from reports.matching.normalise import fold, squeeze, squeeze_words

HEADINGS = 1_000_000
BATCH = 20_000
NAIVE_SAMPLE = 200  # of each batch


def measure() -> list[Figure]:
    matching, searching, looping = seconds(HEADINGS)
    name = f"matching {HEADINGS:,} headings, 1,000 keywords, beside"
    return [
        Figure(f"{name} bare Aho-Corasick", matching, "s", searching, goal=12.0),
        Figure(f"{name} a naive loop", matching, "s", looping, goal=1 / 6),
    ]


def seconds(count: int) -> tuple[float, float, float]:
    """Ours, bare Aho-Corasick, and the naive loop measured on every hundredth heading and scaled.

    Bare Aho-Corasick gets what is done with the texts before and after for nothing: they are folded and squeezed
    already, and nobody looks at what it finds. It is asked heading by heading, with overlaps, once in each view, since
    that is how results for each heading are had from it. The naive loop too gets its texts folded, all 1,000 keywords
    for each. Ours starts from the heading as it was typed and ends with the results.
    """
    listed = keywords()
    codes, words = bare_automata(listed)
    texts = [fold(keyword.text).text for keyword in listed]
    waiting = deque[str]()
    results = Matcher(listed).match_many(taken_from(waiting))
    matching = searching = looping = 0.0
    for batch in in_batches(headings(count)):
        folded = [fold(heading).text for heading in batch]
        squeezed = [squeeze(text) for text in folded]
        plain = [squeeze_words(text, short) for text, short in zip(folded, squeezed, strict=True)]
        searching += clocked(lambda: search(codes, squeezed)) + clocked(lambda: search(words, plain))  # noqa: B023
        waiting.extend(batch)
        matching += clocked(lambda: deque(islice(results, len(batch)), maxlen=0))  # noqa: B023
        sample = folded[:NAIVE_SAMPLE]
        looping += (
            clocked(lambda: [[text for text in texts if text in one] for one in sample])  # noqa: B023
            * len(batch)
            / len(sample)
        )
    return matching, searching, looping


def taken_from(waiting: deque[str]) -> Iterator[str]:
    """What waits, one after the other: the stream of a run, filled outside the clock. It ends when nothing waits, so
    `BATCH` must be a multiple of what the matcher takes at a time.
    """
    while waiting:
        yield waiting.popleft()


def bare_automata(listed: Iterable[Keyword]) -> tuple[AhoCorasick, AhoCorasick]:
    """One for the code view and one for the word view, each keyword in its one plain spelling."""
    codes, words = set[str](), set[str]()
    for keyword in listed:
        text = fold(keyword.text).text
        short = squeeze(text)
        if keyword.type == "code":
            codes.add(short)
        else:
            words.add(squeeze_words(text, short))
    return _automaton(codes), _automaton(words)


def _automaton(texts: set[str]) -> AhoCorasick:
    return AhoCorasick(sorted(texts), implementation=Implementation.DFA)


def search(automaton: AhoCorasick, texts: Iterable[str]) -> None:
    for text in texts:
        automaton.find_matches_as_indexes(text, overlapping=True)


def in_batches(stream: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(stream, BATCH)):
        yield batch


def clocked(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
