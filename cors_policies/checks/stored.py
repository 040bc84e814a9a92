"""What of the stored policies is not obeyed, has no effect here, or opens more than its editor can see?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any, Final

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.db import Error as DatabaseError

from cors_policies.checks.installation import CSRF_MIDDLEWARE, DJANGO_CSRF_MIDDLEWARE, kinds_of
from cors_policies.conf import get_settings
from cors_policies.core.guardrails import GUARDRAIL, NOTHING_ALLOWED
from cors_policies.core.path_group import Site
from cors_policies.core.policy import Policy
from cors_policies.core.policy_map.placing import place, sample_hosts
from cors_policies.core.texts import say
from cors_policies.documents import BrokenRow, StoredSet, read_policy_set
from cors_policies.translating import told, translated
from cors_policies.urls_seen import addresses

_API: Final = "cors-policy-list"
"""The name of the address at which the policies can be changed."""


def check_stored_set(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """E002, W008 and W009, of what is stored.

    Silent where the tables cannot be read: ``migrate`` runs this before it has made them.
    """
    using = get_settings().DATABASE_ALIAS
    if using not in (databases or ()):
        return []
    try:
        stored = read_policy_set(using)
    except DatabaseError:
        return []
    return [*_broken_rows(stored), *_idle_trust(stored), *_open_api(stored)]


def _broken_rows(stored: StoredSet) -> Iterator[CheckMessage]:
    """E002: rows that are invalid as they are stored, and so are not obeyed.

    Where guard rails cannot be read, E001 says so, and no row is to blame.
    """
    unreadable = get_settings().GUARDRAILS is NOTHING_ALLOWED
    for row in stored.broken:
        if unreadable and all(problem.code == GUARDRAIL for problem in row.problems):
            continue
        yield checks.Error(_broken(row), hint=translated(_CONSEQUENCES[row.kind]), id="cors_policies.E002")


def _idle_trust(stored: StoredSet) -> Iterator[CheckMessage]:
    """W008: ``trust_for_csrf`` on a policy, and the middleware that asks for it is not installed."""
    if any(CSRF_MIDDLEWARE in kinds_of(name) for name in settings.MIDDLEWARE):
        return
    trusting = (policy.name for policy in stored.policies if policy.is_live and policy.trust_for_csrf)
    for name in trusting:
        yield checks.Warning(
            told('The policy "{name}" trusts its origins for CSRF, and no check asks it.', name=name),
            hint=told(
                'Put "{ours}" in the place of "{django}" in MIDDLEWARE, or switch trust_for_csrf off.',
                ours=CSRF_MIDDLEWARE,
                django=DJANGO_CSRF_MIDDLEWARE,
            ),
            id="cors_policies.W008",
        )


def _open_api(stored: StoredSet) -> Iterator[CheckMessage]:
    """W009: pages of other origins may use an editor's cookies to change policies."""
    address = next((seen.example for seen in addresses()[0] if seen.name.rpartition(":")[2] == _API), "")
    sites = _sites(stored, address) if address else frozenset()
    for policy in stored.policies:
        if (policy.host, policy.path) in sites and _takes_cookies(policy):
            yield checks.Warning(
                told(
                    'The policy "{name}" lets pages of other origins call {address} with cookies: such a '
                    "page can make the browser of somebody who may change policies do so.",
                    name=policy.name,
                    address=address,
                ),
                hint=_way_out(policy.host, f"{address.rstrip('/').rpartition('/')[0]}/**"),
                id="cors_policies.W009",
            )


def _sites(stored: StoredSet, path: str) -> frozenset[Site]:
    """Hosts and path patterns that govern the path, on whatever host."""
    snapshot = stored.compile(datetime.now(timezone.utc))
    known = {policy.host for policy in stored.policies}
    return frozenset(filter(None, place(snapshot, path, sample_hosts(known, known)).values()))


def _takes_cookies(policy: Policy) -> bool:
    return bool(
        policy.is_live and policy.allow_credentials and (policy.allowed_origins or policy.origin_groups)
    )


def _way_out(host: str, path: str) -> str:
    if not host:
        return told(
            "Add a policy with the path {path} and no origins, which keeps every page out of there; or give "
            "the API an address that no policy governs.",
            path=path,
        )
    return told(
        "Add a policy with the host {host}, the path {path} and no origins, which keeps every page out of "
        "there; or give the API an address that no policy governs.",
        host=host,
        path=path,
    )


def _broken(row: BrokenRow) -> str:
    problems = " ".join(f"{problem.attr}: {translated(problem.message)}" for problem in row.problems)
    if row.kind == "policy":
        return told(
            'The policy "{name}" is invalid as stored, and is not obeyed: {problems}',
            name=row.name,
            problems=problems,
        )
    return told(
        'The origin group "{name}" is invalid as stored, and is not obeyed: {problems}',
        name=row.name,
        problems=problems,
    )


_CONSEQUENCES: Final = {
    "policy": say(
        "Correct it in the admin, or delete it. Until then it lets nobody in, and no broader policy "
        "governs its path."
    ),
    "origin group": say(
        "Correct it in the admin, or delete it. Until then no policy that names it is obeyed."
    ),
}
