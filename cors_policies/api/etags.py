"""Is what the client saw still what there is?

RFC 9110, sections 8.8.3 and 13.1.
"""

from __future__ import annotations

import hashlib
import json

from django.utils.http import parse_etags
from rest_framework.request import Request

from cors_policies.api.errors import PreconditionFailed
from cors_policies.core.policy import Document
from cors_policies.translating import told


def etag(document: Document) -> str:
    """A strong entity tag that changes exactly when the document does."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def numbered_etag(number: int) -> str:
    """The entity tag of the whole set: the number of its last revision."""
    return f'"{number}"'


def check_if_match(request: Request, document: Document) -> None:
    """Raises ``precondition_failed`` for an ``If-Match`` that the document does not match."""
    if "If-Match" in request.headers:
        check_tag(request, etag(document))


def check_tag(request: Request, tag: str) -> None:
    """Raises ``precondition_failed`` for an ``If-Match`` that the entity tag is not among."""
    header = request.headers.get("If-Match")
    if header is None:
        return
    tags = parse_etags(header)
    if not tags:
        raise PreconditionFailed(told('If-Match holds no entity tag. Write it as it was sent, as in "11".'))
    if tags != ["*"] and tag not in tags:
        raise PreconditionFailed
