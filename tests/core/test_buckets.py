"""Do the buckets' rules let through what the policies let through, and is the rest refused?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given

from cors_policies.core.engine import ALLOWED, StatedFacts, decide
from cors_policies.core.exporting.bucket_rules import BucketExport, may_meet
from cors_policies.core.exporting.gcs import export_gcs
from cors_policies.core.exporting.groups import (
    ExportedGroup,
    InexpressibleError,
    choose_group,
    collect_groups,
)
from cors_policies.core.exporting.s3 import METHODS, export_s3
from cors_policies.core.origins import parse_origin_pattern, parse_serialized_origin
from cors_policies.core.policy_set import parse_policy_set
from cors_policies.core.snapshot import Snapshot, compile_snapshot
from tests.core.bucket_models import (
    BucketAnswer,
    BucketRequest,
    check_gcs,
    check_s3,
    gcs_answer,
    s3_answer,
)
from tests.core.exporting import NOW, groups_of, places, refusals
from tests.strategies import MEETING_ORIGINS, MEETING_PATTERNS, Document, policy_set_documents

Export = Callable[[Sequence[ExportedGroup], ExportedGroup], BucketExport]
ORIGINS = [origin for origin in MEETING_ORIGINS if origin != "null"]
NAMES: tuple[tuple[str, ...], ...] = ((), ("x-a",), ("x-a", "x-b"), ("content-type",), ("authorization",))
A = "https://a.test"


def exported(export: Export, *policies: dict[str, Any], **keys: Any) -> BucketExport:
    """The export of the only path group."""
    groups = groups_of(*policies, **keys)
    return export(groups, choose_group(groups, None))


def refused(export: Export, *policies: dict[str, Any], **keys: Any) -> list[tuple[str, str]]:
    """Policy and field of all that the service cannot do."""
    groups = groups_of(*policies, **keys)
    return refusals(lambda: export(groups, groups[-1]))


def engine_answers(snapshot: Snapshot, request: BucketRequest) -> tuple[bool, frozenset[str], int | None]:
    """Whether preflight and actual request are allowed, which names are exposed, and for how long."""
    facts = StatedFacts(method=request.method, path="/a", origin=request.origin)
    names = ",".join(request.names)
    asked = replace(facts, method="OPTIONS", requested_method=request.method, requested_headers=names)
    preflight, actual = decide(snapshot, asked), decide(snapshot, facts)
    exposed = dict(actual.headers).get("Access-Control-Expose-Headers", "")
    age = dict(preflight.headers).get("Access-Control-Max-Age")
    allowed = preflight.reason == actual.reason == ALLOWED
    return allowed, frozenset(exposed.split(", ")) - {""}, None if age is None else int(age)


def one_path(document: Document) -> tuple[list[ExportedGroup], Snapshot]:
    """Groups and snapshot of the set with its policies on one path, without what is always refused."""
    for policy in document["policies"]:
        policy.update(path="/a", host="", reject_denied=False, allow_private_network=False, expires_at=None)
        policy.update(resource_policy=None, timing_allow_origin=False)
    policy_set = parse_policy_set(document)
    by_name = {group.name: group for group in policy_set.origin_groups}
    return collect_groups(policy_set.policies, by_name, NOW), compile_snapshot(policy_set.policies, by_name)


class TestS3:
    """S3 takes the rules, and lets through what the policies let through."""

    def test_rules(self) -> None:
        found = exported(
            export_s3,
            {
                "allowed_origins": [A, "http://localhost:*"],
                "exposed_headers": ["etag"],
                "allow_credentials": True,
            },
            {"allowed_origins": ["*"], "allowed_methods": ["GET"], "allowed_headers": [], "max_age": None},
        )

        assert found.rules == {
            "CORSRules": [
                {
                    "ID": "p0",
                    "AllowedOrigins": [A, "http://localhost", "http://localhost:*"],
                    "AllowedMethods": ["GET", "HEAD", "POST"],
                    "AllowedHeaders": ["content-type"],
                    "ExposeHeaders": ["etag"],
                    "MaxAgeSeconds": 600,
                },
                {"ID": "p1", "AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"]},
            ]
        }
        assert found.remarks == ()

    @given(document=policy_set_documents())
    def test_agrees_with_the_middleware(self, document: Document) -> None:
        groups, snapshot = one_path(document)
        try:
            rules = export_s3(groups, choose_group(groups, None)).rules
        except InexpressibleError:
            return
        check_s3(rules)
        for request in (BucketRequest(*asked) for asked in product(ORIGINS, METHODS, NAMES)):
            answer = s3_answer(rules, request)
            allowed, exposed, age = engine_answers(snapshot, request)
            assert answer.allowed is allowed
            assert not allowed or (answer.exposed, answer.max_age) == (exposed, age)

    @pytest.mark.parametrize(
        ("policy", "fields"),
        [
            pytest.param({"allowed_origins": ["https://*.a.test:*"]}, ["allowed_origins.0"], id="two-stars"),
            pytest.param(
                {"allowed_origins": ["https://a-*.a.test"]}, ["allowed_origins.0"], id="inside-a-label"
            ),
            pytest.param({"allowed_origins": ["~https://a"]}, ["allowed_origins.0"], id="expression"),
            pytest.param({"allowed_origins": [A, "null"]}, ["allowed_origins.1"], id="null"),
            pytest.param({"allowed_methods": ["PATCH", "OPTIONS"]}, ["allowed_methods"] * 2, id="methods"),
            pytest.param({"allowed_headers": ["*"]}, ["allowed_headers"], id="star-without-authorization"),
            pytest.param({"allowed_headers": ["x-*"]}, ["allowed_headers"], id="star-in-a-name"),
            pytest.param({"exposed_headers": ["*"]}, ["exposed_headers"], id="expose-any"),
            pytest.param({"exposed_headers": ["x-*"]}, ["exposed_headers"], id="expose-star-in-a-name"),
            pytest.param({"reject_denied": True}, ["reject_denied"], id="rejecting"),
            pytest.param({"allow_private_network": True}, ["allow_private_network"], id="private-network"),
            pytest.param({"expires_at": "2031-01-01T00:00:00Z"}, ["expires_at"], id="expires"),
            pytest.param({"resource_policy": "cross-origin"}, ["resource_policy"], id="embedding"),
            pytest.param({"timing_allow_origin": True}, ["timing_allow_origin"], id="timing"),
            pytest.param(
                {"reject_denied": True, "exposed_headers": ["*"]},
                ["reject_denied", "exposed_headers"],
                id="all",
            ),
        ],
    )
    def test_refuses(self, policy: dict[str, Any], fields: list[str]) -> None:
        policy = {"allowed_origins": [A], "allow_credentials": False, **policy}

        assert refused(export_s3, policy) == [("p0", field) for field in fields]

    @pytest.mark.parametrize(
        "policies",
        [
            pytest.param([{"allowed_origins": []}], id="nobody"),
            pytest.param([{"allowed_origins": [A], "allowed_methods": []}], id="no-method"),
            pytest.param([{"allowed_origins": [f"https://{n}.test"]} for n in range(101)], id="many-rules"),
            pytest.param([{"allowed_origins": [f"https://{n}.test" for n in range(1800)]}], id="many-bytes"),
        ],
    )
    def test_limits(self, policies: list[dict[str, Any]]) -> None:
        assert refused(export_s3, *policies) == [("", "")]

    def test_remarks(self) -> None:
        plain = exported(export_s3, {"allowed_origins": [A], "allowed_methods": ["*"]})

        assert places(plain.remarks) == [("p0", "allow_credentials"), ("p0", "allowed_methods")]
        assert exported(export_s3, {"allowed_origins": ["*"]}).remarks == ()


class TestCloudStorage:
    """Cloud Storage takes the entries, and lets through what the policies let through."""

    def test_entries(self) -> None:
        found = exported(
            export_gcs,
            {"allowed_origins": [A], "allowed_headers": ["content-type", "x-a"], "exposed_headers": ["x-a"]},
            {"origin_groups": ["all"], "allowed_headers": [], "allowed_methods": ["GET"]},
            {"allowed_origins": []},
            groups={"all": [A, "*"]},
        )

        assert found.rules == [
            {
                "origin": [A],
                "method": ["GET", "HEAD", "POST"],
                "responseHeader": ["content-type", "x-a"],
                "maxAgeSeconds": 600,
            },
            {"origin": ["*"], "method": ["GET", "HEAD"], "maxAgeSeconds": 600},
        ]
        assert found.remarks == ()

    @given(document=policy_set_documents())
    def test_agrees_with_the_middleware(self, document: Document) -> None:
        groups, snapshot = one_path(document)
        try:
            export = export_gcs(groups, choose_group(groups, None))
        except InexpressibleError:
            return
        check_gcs(export.rules)
        told = {remark.field for remark in export.remarks}
        for request in (BucketRequest(*asked) for asked in product(ORIGINS, METHODS, NAMES)):
            answer: BucketAnswer = gcs_answer(export.rules, request)  # type: ignore[arg-type]
            allowed, exposed, _ = engine_answers(snapshot, request)
            assert answer.allowed is allowed or (answer.allowed and "exposed_headers" in told)
            if allowed:
                assert answer.exposed >= exposed
                assert (
                    answer.exposed - {"content-type"} == exposed - {"content-type"}
                    or "allowed_headers" in told
                )

    @pytest.mark.parametrize(
        ("policy", "fields"),
        [
            pytest.param({"allow_credentials": True}, ["allow_credentials"], id="credentials"),
            pytest.param({"allowed_origins": ["https://*.a.test"]}, ["allowed_origins.0"], id="wildcard"),
            pytest.param({"allowed_origins": ["app://*"]}, ["allowed_origins.0"], id="scheme"),
            pytest.param({"allowed_origins": ["http://localhost:*"]}, ["allowed_origins.0"], id="any-port"),
            pytest.param({"allowed_origins": ["~https://a"]}, ["allowed_origins.0"], id="expression"),
            pytest.param({"allowed_origins": ["null"]}, ["allowed_origins.0"], id="null"),
            pytest.param({"allowed_headers": ["*"]}, ["allowed_headers"], id="any-request-header"),
            pytest.param({"exposed_headers": ["*"]}, ["exposed_headers"], id="any-response-header"),
            pytest.param({"reject_denied": True}, ["reject_denied"], id="rejecting"),
            pytest.param(
                {"resource_policy": "same-site", "timing_allow_origin": True},
                ["resource_policy", "timing_allow_origin"],
                id="embedding",
            ),
        ],
    )
    def test_refuses(self, policy: dict[str, Any], fields: list[str]) -> None:
        assert refused(export_gcs, {"allowed_origins": [A], **policy}) == [("p0", field) for field in fields]

    def test_nobody_is_an_empty_list(self) -> None:
        assert exported(export_gcs, {"allowed_origins": []}).rules == []

    def test_remarks(self) -> None:
        policy = {
            "allowed_origins": [A],
            "allowed_headers": ["x-a"],
            "exposed_headers": ["x-b"],
            "max_age": None,
        }

        found = exported(export_gcs, policy).remarks

        assert places(found) == [("p0", "exposed_headers"), ("p0", "allowed_headers"), ("p0", "max_age")]


@pytest.mark.parametrize("export", [export_s3, export_gcs])
class TestOneConfiguration:
    """A bucket has one configuration, and tries all of it."""

    def test_refuses_a_path_that_others_shield(self, export: Export) -> None:
        paths = ["/media/private", "/media/x/**", "/fonts", "/media/**"]
        policies = [{"path": path, "allowed_origins": [A]} for path in paths]

        groups = groups_of(*policies)

        assert refusals(lambda: export(groups, choose_group(groups, "/media/**"))) == [
            ("p0", "path"), ("p1", "path"),
        ]  # fmt: skip

    def test_takes_a_path_that_only_another_host_shields(self, export: Export) -> None:
        groups = groups_of(
            {"path": "/media/private", "host": "api.test"}, {"path": "/media/**", "allowed_origins": [A]}
        )

        assert export(groups, choose_group(groups, "/media/**")).rules

    @pytest.mark.parametrize(
        ("later", "is_refused"),
        [
            pytest.param({"allowed_methods": ["GET", "PUT"]}, True, id="more-methods"),
            pytest.param({"allowed_methods": ["*"]}, True, id="all-methods"),
            pytest.param({"allowed_methods": ["HEAD"]}, False, id="fewer-methods"),
            pytest.param(
                {"allowed_methods": ["PUT"], "allowed_origins": ["https://b.test"]}, False, id="others"
            ),
            pytest.param({"allowed_methods": ["PUT"], "allowed_origins": ["*"]}, True, id="everybody"),
        ],
    )
    def test_refuses_a_policy_that_would_be_tried_after_a_denial(
        self, export: Export, later: dict[str, Any], is_refused: bool
    ) -> None:
        policies = [{"allowed_origins": [A], "allowed_methods": ["GET"]}, {"allowed_origins": [A], **later}]

        if is_refused:
            assert refused(export, *policies) == [("p1", "allowed_origins")]
        else:
            assert exported(export, *policies).rules

    def test_header_names_matter_to_s3_alone(self, export: Export) -> None:
        policies = [{"allowed_origins": [A]}, {"allowed_origins": [A], "allowed_headers": ["x-a"]}]

        if export is export_s3:
            assert refused(export, *policies) == [("p1", "allowed_origins")]
        else:
            assert exported(export, *policies).rules


class TestMeeting:
    """Patterns that do not meet have no origin in common."""

    @pytest.mark.parametrize("one", MEETING_PATTERNS)
    def test_is_never_denied_of_those_that_do(self, one: str) -> None:
        for other, origin in product(MEETING_PATTERNS, MEETING_ORIGINS):
            patterns = parse_origin_pattern(one), parse_origin_pattern(other)
            if all(pattern.matches(origin) for pattern in patterns):
                assert may_meet(*patterns)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (A, "https://b.test"), ("https://*.a.test", A), ("https://*.a.test", "http://*.a.test"),
            ("https://*.a.test", "https://*.b.test"), ("app://*", "https://*.a.test"), ("null", "app://*"),
        ],
    )  # fmt: skip
    def test_tells_others_apart(self, one: str, other: str) -> None:
        assert not may_meet(parse_origin_pattern(one), parse_origin_pattern(other))
        assert not may_meet(parse_origin_pattern(other), parse_origin_pattern(one))


def test_origins_asked_for_are_those_of_browsers() -> None:
    assert all(parse_serialized_origin(origin) for origin in ORIGINS)
