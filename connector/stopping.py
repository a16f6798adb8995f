"""Whether the worker is about to end: long loops ask between two steps and leave early."""

import os
from pathlib import Path

VARIABLE = "DESK_STOP_FILE"


def is_stopping() -> bool:
    """True once the worker was told to end. Always False in a process that no worker started."""
    path = os.environ.get(VARIABLE, "")
    return path != "" and Path(path).exists()
