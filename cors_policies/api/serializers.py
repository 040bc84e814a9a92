"""What do the bodies look like?

For the OpenAPI description only: the core reads and checks what is written.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cors_policies.core.policy import MAX_MAX_AGE, MAX_NAME, MAX_PRIORITY
from cors_policies.models import Policy

_WORD = r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$"


@extend_schema_field({"type": "string", "minLength": 1, "format": "origin-pattern"})
class OriginPatternField(serializers.CharField):
    """An origin pattern, however it is written."""


@extend_schema_field({"type": "string", "pattern": "^/", "format": "path-pattern"})
class PathPatternField(serializers.CharField):
    """A path pattern."""


def _origins() -> serializers.ListField:
    return serializers.ListField(child=OriginPatternField(), default=[])


def _tokens(default: list[str] | None = None) -> serializers.ListField:
    return serializers.ListField(child=serializers.RegexField(_WORD), default=default or [])


class PolicySerializer(serializers.Serializer[Any]):
    """A policy document."""

    name = serializers.SlugField(max_length=MAX_NAME)
    description = serializers.CharField(default="", allow_blank=True)
    mode = serializers.ChoiceField(choices=Policy.Mode.choices, default="live")
    host = serializers.CharField(default="", allow_blank=True)
    path = PathPatternField()
    priority = serializers.IntegerField(default=100, min_value=0, max_value=MAX_PRIORITY)
    allowed_origins = _origins()
    origin_groups = serializers.ListField(child=serializers.SlugField(max_length=MAX_NAME), default=[])
    allowed_methods = _tokens(["GET", "HEAD", "POST"])
    allowed_headers = _tokens(["content-type"])
    exposed_headers = _tokens()
    allow_credentials = serializers.BooleanField(default=False)
    max_age = serializers.IntegerField(default=600, min_value=0, max_value=MAX_MAX_AGE, allow_null=True)
    allow_private_network = serializers.BooleanField(default=False)
    reject_denied = serializers.BooleanField(default=False)
    tolerate_insecure_origins = serializers.BooleanField(default=False)
    tolerate_public_suffixes = serializers.BooleanField(default=False)
    tolerate_credentialed_regex = serializers.BooleanField(default=False)
    trust_for_csrf = serializers.BooleanField(default=False)
    expires_at = serializers.DateTimeField(default=None, allow_null=True)


class OriginGroupSerializer(serializers.Serializer[Any]):
    """An origin group document."""

    name = serializers.SlugField(max_length=MAX_NAME)
    description = serializers.CharField(default="", allow_blank=True)
    origins = _origins()


class OriginSerializer(serializers.Serializer[Any]):
    """An origin, and where it is used."""

    id = serializers.IntegerField(read_only=True)
    pattern = OriginPatternField()
    description = serializers.CharField(default="", allow_blank=True)
    policies = serializers.ListField(child=serializers.CharField(), read_only=True)
    origin_groups = serializers.ListField(child=serializers.CharField(), read_only=True)


class PatternsSerializer(serializers.Serializer[Any]):
    """Origins to add to a list, or to take out of it."""

    patterns = serializers.ListField(child=OriginPatternField(), min_length=1)


class ProblemSerializer(serializers.Serializer[Any]):
    """One reason for a refusal."""

    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class ErrorSerializer(serializers.Serializer[Any]):
    """The body of every refusal."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors: Any = ProblemSerializer(many=True)
