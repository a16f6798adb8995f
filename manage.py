#!/usr/bin/env python
"""The door to every command: `python manage.py help` lists them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 (settings first)

    from config.env import SettingsError  # noqa: PLC0415

    try:
        execute_from_command_line(sys.argv)
    except SettingsError as error:
        sys.exit(f"Sales Desk cannot start: {error}")


if __name__ == "__main__":
    main()
