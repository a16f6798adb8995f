"""`python -m benchmarks [SUBJECT …]`, called by `make bench`: prints a table and writes var/bench.json."""

import json
import os
import sys
import tempfile
from pathlib import Path

import django


def main(wanted: list[str]) -> int:
    root = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory(prefix="sales-desk-bench-") as directory:
        os.environ |= {"ENV_FILE": os.devnull, "VAR_DIR": directory, "LOCAL_KEYS": "1"}
        os.environ.pop("DATABASE_URL", None)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
        from django.core.management import call_command  # noqa: PLC0415 (after the set-up)

        call_command("migrate", verbosity=0)
        from benchmarks import (  # noqa: PLC0415
            call_log,
            csv_file,
            matching,
            preview,
            reading,
            report_command,
            report_page,
        )

        subjects = (report_command, reading, call_log, csv_file, matching, preview, report_page)
        chosen = [one for one in subjects if not wanted or one.__name__.rpartition(".")[2] in wanted]
        figures = [figure.as_json() for subject in chosen for figure in subject.measure()]
    target = root / "var" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(_table(figures))
    return 0


def _table(figures: list[dict[str, object]]) -> str:
    lines = [f"{'figure':60} {'value':>9} {'yardstick':>9} {'ratio':>6} {'goal':>6}  met"]
    for figure in figures:
        met = "yes" if figure["met"] else "NO"
        value, yardstick = (f"{figure[name]} {figure['unit']}" for name in ("value", "yardstick"))
        lines.append(
            f"{figure['name']:60} {value:>9} {yardstick:>9} {figure['ratio']:>6} {figure['goal']:>6}  {met}"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
