"""What every test gets without asking."""

import os

from hypothesis import settings

# A time limit for each example fails on a busy machine, and says nothing of the code.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
