"""The demo's settings, on the databases and caches that the environment names as JSON."""

import json
import os

from project.settings import *

DATABASES = json.loads(os.environ["SITE_DATABASES"])
CORS_POLICIES = json.loads(os.environ["SITE_CORS_POLICIES"])
if "SITE_CACHES" in os.environ:
    CACHES = json.loads(os.environ["SITE_CACHES"])

if "SITE_BEHIND_PROXY" in os.environ:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True

if any(database["ENGINE"].endswith("mysql") for database in DATABASES.values()):
    from tests.services.drivers import use_pymysql

    use_pymysql()
