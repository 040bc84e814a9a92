"""The demo site for WSGI servers, with the requests of the lab recorded."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

django_application = get_wsgi_application()

from project.lab.recording import recorded  # noqa: E402 - it needs the apps, which are ready now

application = recorded(django_application)
