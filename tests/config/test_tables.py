"""What the worker waits for: every migration, and the permissions that `migrate` makes after the last one."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType

from config.tables import migrations_are_missing, permissions_are_missing

pytestmark = pytest.mark.django_db


def test_a_finished_database_lacks_nothing() -> None:
    assert not migrations_are_missing()
    assert not permissions_are_missing()


def test_one_missing_permission_is_noticed() -> None:
    Permission.objects.get(codename="change_mailbox").delete()
    assert permissions_are_missing()


def test_looking_makes_no_rows() -> None:
    ContentType.objects.get(app_label="connector", model="mailbox").delete()
    ContentType.objects.clear_cache()
    before = ContentType.objects.count()
    assert permissions_are_missing()
    assert ContentType.objects.count() == before
