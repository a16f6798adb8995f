from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks, user_admin  # noqa: F401, PLC0415 (both register themselves)


class DeskAdminConfig(AdminConfig):
    default_site = "config.admin_site.DeskAdminSite"
