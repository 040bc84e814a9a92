"""The demo's settings, with a database of this test run's own.

Before you edit:

* A file, not SQLite's memory: threads (a live server's, the store's refresher) then have connections of their
  own, as in production. One database in memory would be one connection for all of them.
* Named after the process, so that two runs at a time do not meet.
* ``TEST_DATABASE`` names another one, as JSON: tests/services runs the tests on every kind that way.
"""

import json
import os
import tempfile
from pathlib import Path

from project.settings import *
from project.settings import DATABASES as DEMO_DATABASES

DATABASES = {
    "default": {
        **DEMO_DATABASES["default"],
        # Nothing here outlives a crash, so nothing is flushed to the disk.
        "OPTIONS": {"timeout": 20, "init_command": "PRAGMA synchronous=OFF"},
        "TEST": {"NAME": Path(tempfile.gettempdir()) / f"cors_policies-test-{os.getpid()}.sqlite3"},
    },
}

if "TEST_DATABASE" in os.environ:
    DATABASES["default"] = json.loads(os.environ["TEST_DATABASE"])
    if DATABASES["default"]["ENGINE"].endswith("mysql"):
        from tests.services.drivers import use_pymysql

        use_pymysql()

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast: tests sign in often
