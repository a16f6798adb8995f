"""The matcher of the worked examples, built once: it does not change."""

import pytest

from reports.matching import Matcher
from tests.reports.matching.examples import read_keywords


@pytest.fixture(scope="session")
def matcher() -> Matcher:
    return Matcher(read_keywords())
