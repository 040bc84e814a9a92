"""What a lint finds in a policy set, said as data.

Before you edit:

* All but ``detail`` is public: pipelines decide by ``level`` and ``code`` (docs/linting.md lists them).
* A *problem* is a reason to refuse a document; every one is a finding of level ``error``. The other findings
  are about documents that are accepted, and obeyed as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ERROR: Final = "error"
WARNING: Final = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at.

    ``level`` is :data:`ERROR` or :data:`WARNING`; ``policy`` is the name of the policy that it is about, or
    ``None``; ``attr`` is the place within that policy (``allowed_origins.2``), in an origin group
    (``origin_groups.partners.origins.0``) or, for a problem, in the document, or ``None`` for the whole;
    ``detail`` says in a sentence or two what is wrong and what to write instead.
    """

    level: str
    code: str
    policy: str | None
    attr: str | None
    detail: str

    def to_document(self) -> dict[str, str | None]:
        """The JSON object."""
        return {
            "level": self.level,
            "code": self.code,
            "policy": self.policy,
            "attr": self.attr,
            "detail": self.detail,
        }


def group_attr(name: str, place: int) -> str:
    """The place of an entry in an origin group."""
    return f"origin_groups.{name}.origins.{place}"
