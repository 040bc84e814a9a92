"""How does a project test what its policies let through: without a browser, and without the database?

``override_cors_policies`` puts policies in force for a block or a test; ``browser_fetch`` calls the project
as a page on another origin would, and gives what that page's script would get. See docs/testing.md.
"""

from cors_policies.testing.blocked import CorsBlocked
from cors_policies.testing.fetching import browser_fetch
from cors_policies.testing.overriding import override_cors_policies

__all__ = ["CorsBlocked", "browser_fetch", "override_cors_policies"]
