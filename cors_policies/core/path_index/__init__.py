"""Which of all path patterns is the most specific one that matches this path?"""

from cors_policies.core.path_index.index import PathIndex

__all__ = ["PathIndex"]
