"""The faults are tried on the desk of the outreach tests."""

from tests.outreach.conftest import _short_times, desk, mail_script, template, tenant_change

__all__ = ["_short_times", "desk", "mail_script", "template", "tenant_change"]
