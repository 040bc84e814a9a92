"""How is the demo site set up where its admin is walked through, tested in a browser and pictured?

Before you edit: it differs from the demo in what a careful deployment would add: a strict
Content-Security-Policy on every page, and every request counted.
"""

from project.settings import *
from project.settings import MIDDLEWARE as DEMO_MIDDLEWARE

MIDDLEWARE = ["project.content_policy.ContentPolicyMiddleware", *DEMO_MIDDLEWARE]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # its users live for minutes
CORS_POLICIES = {"OBSERVE": "all"}
