"""How does Django load the app, and what starts with it.

Before you edit: `ready` runs in every process, `migrate` included, before the database may be asked anything.
"""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CorsPoliciesConfig(AppConfig):
    """The app under its one label, `cors_policies`."""

    name = "cors_policies"
    label = "cors_policies"
    verbose_name = _("CORS policies")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connects the receivers and registers the system checks."""
        from cors_policies import checks, receivers

        receivers.connect()
        checks.register_checks()
