"""Every address of Sales Desk. `PUBLIC` is the one place that lists what needs no login."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from config import health, pages
from connector.sign_in_views import superoffice_callback

PUBLIC = [
    path("healthz", login_not_required(health.healthz), name="healthz"),
    path("readyz", login_not_required(health.readyz), name="readyz"),
    path("login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    # It sends strangers to the login itself, because the address holds a code that must not travel on.
    path("superoffice/callback/", login_not_required(superoffice_callback), name="superoffice_callback"),
    path("language/", login_not_required(set_language), name="set_language"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *PUBLIC,
    path("", pages.home, name="home"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("password/", auth_views.PasswordChangeView.as_view(), name="password_change"),
    path("password/done/", auth_views.PasswordChangeDoneView.as_view(), name="password_change_done"),
    path("jobs/", pages.jobs, name="jobs"),
    path("admin/login/", pages.admin_login),
    path("admin/", admin.site.urls),
    path("", include("connector.urls")),
    path("", include("reports.urls")),
    path("", include("outreach.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("styleguide/", pages.styleguide, name="styleguide"))

handler403 = "config.pages.forbidden"
handler404 = "config.pages.not_found"
handler500 = "config.pages.server_error"
