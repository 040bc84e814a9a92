"""A policy as a value: what is allowed, in normalised form.

Before you edit:

* Attributes are the keys of the JSON document, in its order; lists are tuples.
  :mod:`cors_policies.core.validation` is the only place that makes a policy from what somebody wrote.
* ``to_document`` and validation are inverse: a document that was read is stored again without a change.
* Two keys stand in a document only where they say something (docs/adr/0011), so that documents that were
  written before there were such keys are still what is stored. Who needs a value for each key asks for
  :func:`completed`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import Any, Final

from cors_policies.core.timestamps import timestamp_text

MAX_NAME: Final = 100
MAX_PRIORITY: Final = 32767
MAX_MAX_AGE: Final = 86400

Document = dict[str, Any]
"""A JSON object as it was written or is shown."""


RESOURCE_POLICIES: Final = ("same-origin", "same-site", "cross-origin")
"""Values of ``Cross-Origin-Resource-Policy``, the narrowest first."""
ABSENT_BY_DEFAULT: Final[Document] = {"resource_policy": None, "timing_allow_origin": False}
"""The keys that a document leaves out where they have their default, which is this one."""


class Mode(str, Enum):
    """Whether a policy is obeyed."""

    LIVE = "live"
    TRIAL = "trial"
    """Decided and recorded, never applied."""
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy. The defaults are the documented ones."""

    name: str
    description: str = ""
    mode: str = Mode.LIVE.value
    host: str = ""
    path: str
    priority: int = 100
    allowed_origins: tuple[str, ...] = ()
    origin_groups: tuple[str, ...] = ()
    allowed_methods: tuple[str, ...] = ("GET", "HEAD", "POST")
    allowed_headers: tuple[str, ...] = ("content-type",)
    exposed_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age: int | None = 600
    allow_private_network: bool = False
    reject_denied: bool = False
    tolerate_insecure_origins: bool = False
    tolerate_public_suffixes: bool = False
    tolerate_credentialed_regex: bool = False
    trust_for_csrf: bool = False
    expires_at: datetime | None = None
    """From then on it is as if the policy were absent; ``None``: never."""
    resource_policy: str | None = None
    """Who may embed the responses of the path; ``None``: what the view says."""
    timing_allow_origin: bool = False

    def to_document(self) -> Document:
        """The JSON document of this policy, every key included but those that are absent by default."""
        return shown(_to_document(self, POLICY_KEYS))

    @property
    def is_live(self) -> bool:
        """Whether requests obey this policy, until it expires."""
        return self.mode == Mode.LIVE.value

    def is_in_force(self, now: datetime) -> bool:
        """Whether requests obey this policy at that time."""
        return self.is_live and not has_ended(self.expires_at, now)

    @property
    def order(self) -> tuple[int, str]:
        """Where it is tried among the policies of its path group, the smallest first."""
        return self.priority, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginGroup:
    """Origins under a name, for policies to share."""

    name: str
    description: str = ""
    origins: tuple[str, ...] = ()

    def to_document(self) -> Document:
        """The JSON document of this group, every key included."""
        return _to_document(self, GROUP_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedOrigin:
    """An origin pattern with somebody's note on it. The note is no part of the policy set."""

    pattern: str
    description: str = ""


def has_ended(expires_at: datetime | None, now: datetime) -> bool:
    """Whether what expires then has expired; what has no end never has."""
    return expires_at is not None and expires_at <= now


ORIGIN_KEYS: Final = tuple(field.name for field in fields(DescribedOrigin))
POLICY_KEYS: Final = tuple(field.name for field in fields(Policy))
GROUP_KEYS: Final = tuple(field.name for field in fields(OriginGroup))


def shown(document: Document) -> Document:
    """The document as it is shown: without the keys that are absent by default, where they have it."""
    return {
        key: value
        for key, value in document.items()
        if key not in ABSENT_BY_DEFAULT or value is not ABSENT_BY_DEFAULT[key]
    }


def completed(document: Document) -> Document:
    """The policy document with the keys that are absent from it by default."""
    return document | {key: value for key, value in ABSENT_BY_DEFAULT.items() if key not in document}


def _to_document(value: Policy | OriginGroup, keys: tuple[str, ...]) -> Document:
    items = ((key, getattr(value, key)) for key in keys)
    return {key: _to_json(item) for key, item in items}


def _to_json(item: Any) -> Any:
    if isinstance(item, datetime):
        return timestamp_text(item)
    return list(item) if isinstance(item, tuple) else item
