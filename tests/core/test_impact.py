"""Is it known whom a change would cut off, let in, and give credentials, and nothing said beyond that?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from cors_policies.core.comparing.impact import (
    MAX_NAMED,
    MAX_PARTS,
    Effect,
    Impact,
    Opened,
    PolicySide,
    Seen,
    Traffic,
    find_impact,
)
from cors_policies.core.engine import ALLOWED, METHOD_NOT_ALLOWED, ORIGIN_NOT_ALLOWED, UNGOVERNED
from cors_policies.core.path_group import Site
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import Shield, compile_snapshot

APP = "https://app.example"
OTHER = "https://other.example"
Groups = Mapping[str, Iterable[str]]


def side(*policies: Mapping[str, Any], groups: Groups | None = None) -> PolicySide:
    """A set of live policies; one without a name is called after its place, one without a path is for all."""
    found = parse_policy_set(
        {
            "policies": [{"name": f"p{at}", "path": "/**", **policy} for at, policy in enumerate(policies)],
            "origin_groups": [
                {"name": name, "origins": [*origins]} for name, origins in (groups or {}).items()
            ],
        }
    )
    by_name = {group.name: group for group in found.origin_groups}
    return PolicySide(compile_snapshot(found.policies, by_name), found.policies, by_name)


def broken(found: PolicySide, site: Site) -> PolicySide:
    """The set, with a policy there that is invalid as it is stored."""
    snapshot = compile_snapshot(found.policies, found.groups, shields=[Shield(site)])
    return replace(found, snapshot=snapshot, broken=[site])


def seen(path: str = "/**", reason: str = ALLOWED, **facts: Any) -> Seen:
    """What was seen: the app's GET, allowed."""
    return Seen(
        **{"host": "", "path": path, "origin": APP, "method": "GET", "reason": reason, "count": 3, **facts}
    )


def impact(old: PolicySide, new: PolicySide, *rows: Seen) -> Impact:
    """What a change means for these rows."""
    return find_impact(old, new, Traffic(rows, is_known=True))


def lets(*origins: str, **keys: Any) -> dict[str, Any]:
    """A policy that allows these origins."""
    return {"allowed_origins": [*origins], **keys}


class TestCutOff:
    """Who was seen, is allowed by the old set and not by the new one is cut off, for the new set's reason."""

    @pytest.mark.parametrize(
        ("old", "new", "row", "reason"),
        [
            pytest.param(side(lets(APP, OTHER)), side(lets(OTHER)), seen(), ORIGIN_NOT_ALLOWED, id="origin"),
            pytest.param(
                side(lets(APP, allowed_methods=["GET", "PUT"])),
                side(lets(APP)),
                seen(method="PUT"),
                METHOD_NOT_ALLOWED,
                id="method",
            ),
            pytest.param(side(lets(APP)), side(), seen(), UNGOVERNED, id="policy-deleted"),
            pytest.param(
                side({"origin_groups": ["g"]}, groups={"g": [APP]}),
                side({"origin_groups": ["g"]}, groups={"g": [OTHER]}),
                seen(),
                ORIGIN_NOT_ALLOWED,
                id="out-of-a-group",
            ),
            pytest.param(
                side(lets("https://*.example.com")),
                side(lets("https://*.a.example.com")),
                seen(origin="https://b.example.com"),
                ORIGIN_NOT_ALLOWED,
                id="narrower-wildcard",
            ),
            pytest.param(
                side(lets(APP, path="/api/**")),
                side(lets(APP, path="/other/**")),
                seen("/api/**"),
                UNGOVERNED,
                id="path-moved",
            ),
            pytest.param(
                side(lets(APP, path="/api/v1/**"), lets(OTHER, path="/api/**")),
                side(lets(OTHER, path="/api/**")),
                seen("/api/v1/**"),
                ORIGIN_NOT_ALLOWED,
                id="left-to-a-broader-pattern",
            ),
            pytest.param(
                side(lets(APP, host="*.example.com")),
                side(lets(OTHER, host="*.example.com")),
                seen(host="*.example.com"),
                ORIGIN_NOT_ALLOWED,
                id="hosts-below",
            ),
            pytest.param(
                side(lets("https://api.example.com", host="api.example.com")),
                side({"host": "api.example.com"}),
                seen(host="api.example.com", origin="https://api.example.com"),
                ORIGIN_NOT_ALLOWED,
                id="never-taken-for-the-same-origin",
            ),
        ],
    )
    def test_found(self, old: PolicySide, new: PolicySide, row: Seen, reason: str) -> None:
        found = impact(old, new, row)

        assert (found.cut_off, found.let_in) == ((Effect(row, reason),), ())
        assert found.is_grave

    @pytest.mark.parametrize(
        ("old", "new", "row"),
        [
            pytest.param(side(lets(APP)), side(lets(APP)), seen(), id="no-change"),
            pytest.param(side(lets(APP)), side(lets(APP, OTHER)), seen(), id="wider"),
            pytest.param(
                side(lets(APP)), side(lets("https://*.example")), seen(), id="covered-by-a-wildcard-instead"
            ),
            pytest.param(
                side(lets(APP)),
                side({"origin_groups": ["g"]}, groups={"g": [APP]}),
                seen(),
                id="through-a-group-instead",
            ),
            pytest.param(
                side(lets(APP, OTHER)),
                side(lets(APP)),
                seen(reason=ORIGIN_NOT_ALLOWED),
                id="was-refused-then",
            ),
            pytest.param(side(lets(OTHER)), side(), seen(), id="cut-off-before-this"),
            pytest.param(side(lets(APP)), side(lets(OTHER)), seen(origin=""), id="counted-without-origin"),
            pytest.param(
                side(lets(APP, allowed_methods=["GET", "PUT"])), side(lets(APP)), seen(), id="another-method"
            ),
            pytest.param(
                side(lets(APP, path="/a/**"), lets(APP, path="/b/**")),
                side(lets(APP, path="/b/**")),
                seen("/b/**"),
                id="another-path",
            ),
            pytest.param(
                side(lets(APP, path="/b")), side(), seen("/gone/**"), id="pattern-of-an-earlier-set"
            ),
            pytest.param(
                side(lets(APP, path="/a/**"), lets(path="/a/*/**"), lets(path="/a")),
                side(lets(path="/a/*/**"), lets(path="/a")),
                seen("/a/**"),
                id="pattern-that-others-leave-nothing",
            ),
        ],
    )
    def test_not_found(self, old: PolicySide, new: PolicySide, row: Seen) -> None:
        found = impact(old, new, row)

        assert (found.cut_off, found.let_in, found.is_grave) == ((), (), False)

    @pytest.mark.parametrize(
        "path", ["/", "/a", "/a/*", "/a/**", "/a/*.json", "/**/b", "/a/**/b", "/*", "/**", "/a/*/c/**"]
    )
    def test_any_pattern_is_asked_about(self, path: str) -> None:
        others = [lets(OTHER, path=other) for other in ("/", "/a", "/a/*", "/**") if other != path]

        found = impact(side(lets(APP, path=path), *others), side(*others), seen(path))

        assert [effect.seen for effect in found.cut_off] == [seen(path)]

    def test_most_frequent_ones_come_first(self) -> None:
        rows = [seen(count=2), seen(count=9, method="POST"), seen(count=2, method="HEAD")]

        found = impact(side(lets(APP)), side(), *rows)

        assert [(effect.seen.count, effect.seen.method) for effect in found.cut_off] == [
            (9, "POST"),
            (2, "GET"),
            (2, "HEAD"),
        ]


class TestPartly:
    """A new narrower pattern answers part of what was seen on a broader one, and that is said."""

    OLD = side(lets(APP, path="/api/**"))

    @pytest.mark.parametrize(
        "new",
        [
            pytest.param(lets(OTHER, path="/api/admin/**"), id="narrower-path"),
            pytest.param(lets(path="/api/*.csv"), id="shield"),
            pytest.param(lets(OTHER, path="/api/**", host="a.example.com"), id="a-host-of-its-own"),
        ],
    )
    def test_cut_off_from_part(self, new: Mapping[str, Any]) -> None:
        found = impact(self.OLD, side(lets(APP, path="/api/**"), new), seen("/api/**"))

        assert found.cut_off == (Effect(seen("/api/**"), ORIGIN_NOT_ALLOWED, is_partly=True),)

    @pytest.mark.parametrize(
        "new",
        [
            pytest.param(lets(APP, path="/api/admin/**"), id="allows-it-too"),
            pytest.param(lets(OTHER, path="/elsewhere/**"), id="beside-it"),
            pytest.param(lets(OTHER, path="/**"), id="broader"),
        ],
    )
    def test_not_cut_off(self, new: Mapping[str, Any]) -> None:
        found = impact(self.OLD, side(lets(APP, path="/api/**"), new), seen("/api/**"))

        assert (found.cut_off, found.let_in) == ((), ())

    def test_once_however_many_parts(self) -> None:
        new = [lets(path=f"/api/{at}") for at in range(3)]

        found = impact(self.OLD, side(lets(APP, path="/api/**"), *new), seen("/api/**"))

        assert len(found.cut_off) == 1

    @pytest.mark.parametrize(("before", "count"), [(MAX_PARTS - 1, 1), (MAX_PARTS, 0)])
    def test_number_of_parts_that_are_tried_is_bounded(self, before: int, count: int) -> None:
        harmless = [lets(APP, path=f"/api/{at}") for at in range(before)]
        new = side(lets(APP, path="/api/**"), *harmless, lets(path="/api/shield"))

        assert len(impact(self.OLD, new, seen("/api/**")).cut_off) == count


class TestLetIn:
    """Who was refused for its origin or method, and is allowed by the new set, is let in. Not grave."""

    @pytest.mark.parametrize(
        ("old", "new", "row"),
        [
            (side(lets(OTHER)), side(lets(OTHER, APP)), seen(reason=ORIGIN_NOT_ALLOWED)),
            (
                side(lets(APP)),
                side(lets(APP, allowed_methods=["*"])),
                seen(reason=METHOD_NOT_ALLOWED, method="PUT"),
            ),
        ],
    )
    def test_found(self, old: PolicySide, new: PolicySide, row: Seen) -> None:
        found = impact(old, new, row)

        assert (found.let_in, found.cut_off, found.is_grave) == ((Effect(row, ALLOWED),), (), False)

    @pytest.mark.parametrize("reason", ["header-not-allowed", "bad-request-headers", ALLOWED, ""])
    def test_other_reasons_say_nothing(self, reason: str) -> None:
        assert impact(side(lets(OTHER)), side(lets(OTHER, APP)), seen(reason=reason)).let_in == ()

    def test_allowed_already_is_not_let_in(self) -> None:
        both = side(lets(APP))

        assert impact(both, both, seen(reason=ORIGIN_NOT_ALLOWED)).let_in == ()


CREDENTIALED = lets(APP, allow_credentials=True)
EVERYWHERE = Site("", "/**")


class TestOpened:
    """Credentials are opened where a pattern may send them to a place, and no policy there let it before."""

    @pytest.mark.parametrize(
        ("old", "new", "origins"),
        [
            pytest.param(side(), side(CREDENTIALED), (APP,), id="new-policy"),
            pytest.param(side(lets(APP)), side(CREDENTIALED), (APP,), id="credentials-switched-on"),
            pytest.param(
                side(CREDENTIALED),
                side(lets(APP, OTHER, allow_credentials=True)),
                (OTHER,),
                id="one-origin-more",
            ),
            pytest.param(
                side({"origin_groups": ["g"], "allow_credentials": True}, groups={"g": [APP]}),
                side({"origin_groups": ["g"], "allow_credentials": True}, groups={"g": [APP, OTHER]}),
                (OTHER,),
                id="one-more-in-its-group",
            ),
            pytest.param(
                side(CREDENTIALED),
                side({**CREDENTIALED, "origin_groups": ["g"]}, groups={"g": [APP, OTHER]}),
                (OTHER,),
                id="a-group-more",
            ),
        ],
    )
    def test_found(self, old: PolicySide, new: PolicySide, origins: tuple[str, ...]) -> None:
        found = impact(old, new)

        assert found.opened == (Opened("p0", EVERYWHERE, origins),)
        assert found.is_grave

    def test_another_place_is_opened(self) -> None:
        found = impact(side({**CREDENTIALED, "path": "/a"}), side({**CREDENTIALED, "path": "/a/**"}))

        assert found.opened == (Opened("p0", Site("", "/a/**"), (APP,)),)

    @pytest.mark.parametrize(
        "shield",
        [
            pytest.param(side(CREDENTIALED, {"path": "/a/**"}), id="nobody"),
            pytest.param(side(CREDENTIALED, lets(APP, path="/a/**")), id="without-credentials"),
            pytest.param(side(CREDENTIALED, lets(OTHER, path="/a/**", allow_credentials=True)), id="others"),
            pytest.param(broken(side(CREDENTIALED), Site("", "/a/**")), id="broken"),
        ],
    )
    def test_path_is_left_to_a_broader_policy(self, shield: PolicySide) -> None:
        found = impact(shield, side(CREDENTIALED))

        assert found.opened == (Opened("p0", Site("", "/a/**"), (APP,)),)

    def test_path_is_left_to_a_group_of_a_broader_policy(self) -> None:
        broader = {"origin_groups": ["g"], "allow_credentials": True}
        old = side(broader, {"path": "/a/**"}, {"path": "/b/**"}, groups={"g": [APP, OTHER]})

        found = impact(old, side(broader, groups={"g": [APP, OTHER]}))

        assert found.opened == tuple(
            Opened("p0", Site("", path), (APP, OTHER)) for path in ("/a/**", "/b/**")
        )

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param(
                side(CREDENTIALED, {**CREDENTIALED, "path": "/a/**"}),
                side(CREDENTIALED),
                id="left-by-itself",
            ),
            pytest.param(side(lets(APP), {"path": "/a/**"}), side(lets(APP)), id="left-without-credentials"),
            pytest.param(side({"path": "/a/**"}), side(), id="left-to-nobody"),
            pytest.param(
                side(CREDENTIALED, {"path": "/a/**"}, {"path": "/a/**", "name": "twin"}),
                side(CREDENTIALED, {"path": "/a/**"}),
                id="one-of-two-goes",
            ),
            pytest.param(
                broken(side(CREDENTIALED), Site("", "/a/**")),
                broken(side(CREDENTIALED), Site("", "/a/**")),
                id="stays-broken",
            ),
            pytest.param(side(CREDENTIALED), side(CREDENTIALED), id="no-change"),
            pytest.param(side(CREDENTIALED), side({**CREDENTIALED, "name": "renamed"}), id="renamed"),
            pytest.param(side(CREDENTIALED), side(lets(APP)), id="credentials-switched-off"),
            pytest.param(side(CREDENTIALED), side(lets(allow_credentials=True)), id="one-origin-less"),
            pytest.param(side(lets(APP)), side(lets(APP, OTHER)), id="without-credentials"),
            pytest.param(side(), side(lets(allow_credentials=True)), id="nobody"),
            pytest.param(
                side(CREDENTIALED),
                side({"origin_groups": ["g"], "allow_credentials": True}, groups={"g": [APP]}),
                id="into-a-group",
            ),
            pytest.param(
                side({"origin_groups": ["g"], "allow_credentials": True}, groups={"g": [APP]}),
                side({"origin_groups": ["h"], "allow_credentials": True}, groups={"h": [APP]}),
                id="into-another-group",
            ),
        ],
    )
    def test_not_found(self, old: PolicySide, new: PolicySide) -> None:
        assert impact(old, new).opened == ()


class TestDocument:
    """The document says what is known, how much, what is not; long lists of origins are cut and counted."""

    def test_whole(self) -> None:
        many = [f"https://o{at}.example" for at in range(MAX_NAMED + 5)]
        traffic = Traffic((seen(), seen(origin=OTHER, reason=ORIGIN_NOT_ALLOWED)), is_known=True, unnamed=7)

        found = find_impact(side(lets(APP)), side(lets(OTHER, *many, allow_credentials=True)), traffic)

        row = {"host": "", "path": "/**", "method": "GET", "count": 3, "partly": False}
        assert found.to_document() == {
            "days": 7,
            "known": True,
            "unnamed": 7,
            "cut_off": [{**row, "origin": APP, "reason": ORIGIN_NOT_ALLOWED}],
            "let_in": [{**row, "origin": OTHER, "reason": ALLOWED}],
            "opened_credentials": [
                {
                    "policy": "p0",
                    "host": "",
                    "path": "/**",
                    "origins": [OTHER, *many][:MAX_NAMED],
                    "origin_count": MAX_NAMED + 6,
                }
            ],
        }

    def test_nothing_known(self) -> None:
        found = find_impact(side(lets(APP)), side(), replace(Traffic(), unnamed=0))

        assert found.to_document() == {
            "days": 7,
            "known": False,
            "unnamed": 0,
            "cut_off": [],
            "let_in": [],
            "opened_credentials": [],
        }
