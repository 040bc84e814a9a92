"""Public suffixes: does everybody share the names right below this host?

Before you edit:

* The list comes from the ``publicsuffixlist`` package, private section included: ``github.io`` is as shared
  as ``com``.
* The list is parsed at the first question only. Few policies ever ask it, and never on the request path.
"""

from __future__ import annotations

from functools import lru_cache

from publicsuffixlist import PublicSuffixList


@lru_cache(maxsize=1)
def _suffix_list() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True)


def is_public_suffix(host: str) -> bool:
    """Whether strangers can register names directly under the canonical ``host`` (https://publicsuffix.org/list/).

    True for an unlisted top-level domain too, and for a host that a wildcard rule stands below
    (``kawasaki.jp``); false for ``localhost``, which is always this machine.
    """
    return host != "localhost" and _suffix_list().is_public(host)


def registrable_domain(host: str) -> str:
    """The part of the canonical domain ``host`` that somebody has registered: all names below it are theirs.

    ``example.co.uk`` of ``www.example.co.uk``; the host itself where it is a public suffix.
    """
    return "localhost" if host.endswith(".localhost") else _suffix_list().privatesuffix(host) or host
