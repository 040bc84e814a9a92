"""What do the bodies look like?

For the OpenAPI description only: the core reads and checks what is written.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cors_policies.core.browser import ALLOWED, CREDENTIALS_NOT_ALLOWED, DENIED, UNGOVERNED
from cors_policies.core.browser_request import CREDENTIALS_MODES, SCHEMES
from cors_policies.core.comparing.impact import MAX_NAMED
from cors_policies.core.engine import REASONS
from cors_policies.core.policy import MAX_MAX_AGE, MAX_NAME, MAX_PRIORITY, RESOURCE_POLICIES
from cors_policies.models import Policy, Revision, RevisionChange

_ABSENT = "Absent from answers where it has its default."
_WORD = r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$"


@extend_schema_field({"type": "string", "minLength": 1, "format": "origin-pattern"})
class OriginPatternField(serializers.CharField):
    """An origin pattern, however it is written."""


@extend_schema_field({"type": "string", "pattern": "^/", "format": "path-pattern"})
class PathPatternField(serializers.CharField):
    """A path pattern."""


def _origins() -> serializers.ListField:
    return serializers.ListField(child=OriginPatternField(), default=[])


def _texts() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField())


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
    resource_policy = serializers.ChoiceField(
        choices=RESOURCE_POLICIES, required=False, allow_null=True, help_text=_ABSENT
    )
    timing_allow_origin = serializers.BooleanField(required=False, help_text=_ABSENT)


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


class PolicySetSerializer(serializers.Serializer[Any]):
    """A policy set document."""

    origin_groups = OriginGroupSerializer(many=True, required=False)
    policies = PolicySerializer(many=True)


class BrowserRequestSerializer(serializers.Serializer[Any]):
    """A call of ``fetch()``, as the script writes it, and the page and server that it is between."""

    method = serializers.CharField()
    path = serializers.CharField()
    origin = serializers.CharField(required=False, allow_blank=True, allow_null=True)
    host = serializers.CharField(default="", allow_blank=True)
    scheme = serializers.ChoiceField(choices=SCHEMES, default="https")
    headers = serializers.DictField(child=serializers.CharField(allow_blank=True), default={})
    credentials = serializers.ChoiceField(choices=CREDENTIALS_MODES, default="omit")
    policy_set = PolicySetSerializer(required=False)


class AnswerSerializer(serializers.Serializer[Any]):
    """An answer of the server; the status is null where the view decides it."""

    status = serializers.IntegerField(allow_null=True)
    headers = serializers.DictField(child=serializers.CharField())


class EvaluationSerializer(serializers.Serializer[Any]):
    """What a browser would do."""

    outcome = serializers.ChoiceField(choices=[ALLOWED, DENIED, UNGOVERNED])
    reason = serializers.ChoiceField(choices=[*REASONS, CREDENTIALS_NOT_ALLOWED])
    policy = serializers.CharField(allow_null=True)
    path_group = _texts()
    preflight = AnswerSerializer(allow_null=True)
    actual = AnswerSerializer(allow_null=True)
    explanation = _texts()


class ObservationSerializer(serializers.Serializer[Any]):
    """How often one origin was answered in one way."""

    host = serializers.CharField(help_text="The host pattern of the path group.")
    path = serializers.CharField(help_text="The path pattern of the path group.")
    origin = serializers.CharField(help_text="As it was sent; empty for all that were folded.")
    method = serializers.CharField(help_text="The requested one of a preflight.")
    reason = serializers.CharField()
    policy = serializers.CharField(allow_null=True, help_text="The policy that governs the origin.")
    count = serializers.IntegerField()
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()


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


class NamesSerializer(serializers.Serializer[Any]):
    """What becomes of named documents."""

    created = serializers.ListField(child=serializers.CharField())
    updated = serializers.ListField(child=serializers.CharField())
    deleted = serializers.ListField(child=serializers.CharField())
    unchanged = serializers.IntegerField(min_value=0)


class EffectSerializer(serializers.Serializer[Any]):
    """What was seen, and would be answered otherwise."""

    host = serializers.CharField(help_text="The host pattern of the path group that answered.")
    path = serializers.CharField(help_text="The path pattern of the path group that answered.")
    origin = serializers.CharField()
    method = serializers.CharField()
    count = serializers.IntegerField(min_value=1, help_text="How often, in these days.")
    reason = serializers.ChoiceField(choices=REASONS, help_text="Of the answer from then on.")
    partly = serializers.BooleanField(help_text="Only on some paths of the pattern; how often is not known.")


class OpenedSerializer(serializers.Serializer[Any]):
    """Origins that a policy would let send credentials, where none did before."""

    policy = serializers.CharField()
    host = serializers.CharField()
    path = serializers.CharField()
    origins = serializers.ListField(child=serializers.CharField(), help_text=f"The first {MAX_NAMED}.")
    origin_count = serializers.IntegerField(min_value=1)


class ImpactSerializer(serializers.Serializer[Any]):
    """What a change would mean for those who were seen in the last days."""

    days = serializers.IntegerField(help_text="How many days were looked at.")
    known = serializers.BooleanField(
        help_text="Whether allowed requests are counted. If not, nobody knows whom it would cut off."
    )
    unnamed = serializers.IntegerField(help_text="Allowed requests that were counted without their origin.")
    cut_off = EffectSerializer(many=True)
    let_in = EffectSerializer(many=True)
    opened_credentials = OpenedSerializer(many=True)


class ReportSerializer(NamesSerializer):
    """What a replacement of the set changes."""

    revision = serializers.IntegerField(min_value=0)
    origin_groups: Any = NamesSerializer()
    impact = ImpactSerializer(required=False, help_text="In the answer to a dry run only.")


class ChangeSerializer(serializers.Serializer[Any]):
    """What a revision has changed of one policy or origin group."""

    kind = serializers.ChoiceField(choices=RevisionChange.Kind.choices)
    name = serializers.CharField()
    action = serializers.ChoiceField(choices=RevisionChange.Action.choices)
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)


class RevisionSerializer(serializers.Serializer[Any]):
    """A revision."""

    number = serializers.IntegerField(min_value=1)
    created_at = serializers.DateTimeField()
    actor = serializers.CharField(allow_null=True)
    via = serializers.ChoiceField(choices=Revision.Via.choices)
    comment = serializers.CharField(allow_blank=True)
    changes: Any = ChangeSerializer(many=True)
