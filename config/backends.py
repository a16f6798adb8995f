"""Who may sign in, asked at the door and again at every request."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User

from config.demo_data import tenant_is_demo


class DeskBackend(ModelBackend):
    """Django's, but the demo's users are let in only while the tenant in use is the demo one.

    The worker deactivates them too; this is for the time until it has seen that a real tenant was added.
    """

    def user_can_authenticate(self, user: Any) -> bool:
        if not super().user_can_authenticate(user):
            return False
        return not hasattr(user, "demologin") or tenant_is_demo()

    def get_user(self, user_id: Any) -> User | None:
        # The mark comes with the user, so that asking for it costs nobody a query.
        user = User.objects.select_related("demologin").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
