"""What does the form of a policy ask, and what does it teach on the way?

Before you edit: help texts are HTML, so that patterns stand out as code. They hold nothing that anybody
typed.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, cast

from django import forms
from django.forms import Widget
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from cors_policies import documents, services
from cors_policies.admin.fields import (
    LinesField,
    MethodsField,
    NumberField,
    OriginsField,
    ResourcePolicyField,
    TextField,
    TimestampField,
    in_stored_order,
)
from cors_policies.admin.forms import DocumentForm
from cors_policies.admin.widgets import GroupsTextarea, NoteTextarea
from cors_policies.conf import get_settings
from cors_policies.core import policy as core
from cors_policies.core.policy import Document
from cors_policies.models import OriginGroup, Policy

_MAX_GROUPS: Final = 500

SECTIONS: Final[tuple[tuple[Any, dict[str, Any]], ...]] = (
    (None, {"fields": ("confirmed", "name", "mode", "expires_at", "opened")}),
    (
        _("Where"),
        {
            "fields": ("path", "host", "priority"),
            "description": _(
                "Which requests the policy speaks for. Of all paths that match a request, the most specific "
                "one governs it, alone: a policy for a narrow path shields it from every broader one."
            ),
        },
    ),
    (
        _("Who"),
        {
            "fields": ("allowed_origins", "origin_groups"),
            "description": _(
                "Which pages may call, by their origin: scheme, host and port. Leave both empty and the "
                "policy is a shield: it lets in nobody, and keeps broader policies out."
            ),
        },
    ),
    (
        _("What"),
        {
            "fields": ("allowed_methods", "allowed_headers", "exposed_headers"),
            "description": format_lazy(
                "{} <details><summary>{}</summary><p>{}</p><p>{}</p></details>",
                _("What those pages may send, and what they may read."),
                _("What is a preflight?"),
                _(
                    "Before a request that no HTML form could have sent (a PUT, a JSON body, a header of its "
                    "own) the browser asks first, by an OPTIONS request: the preflight. The answer is made "
                    "from these lists, and no view is called. What they do not hold is never sent."
                ),
                _(
                    "GET, HEAD and POST with everyday headers are sent without asking. The view runs, and "
                    "only its answer is withheld from the page where the policy does not allow it."
                ),
            ),
        },
    ),
    (
        _("Credentials and risks"),
        {
            "fields": (
                "allow_credentials",
                "tolerate_insecure_origins",
                "tolerate_public_suffixes",
                "tolerate_credentialed_regex",
                "trust_for_csrf",
            ),
            "description": _(
                "Credentials are cookies, TLS client certificates and HTTP authentication. With them a page "
                "of an allowed origin acts as its visitor, and reads what only that visitor may see. So "
                "origins that a stranger could take are refused beside them, unless you tolerate the risk."
            ),
        },
    ),
    (_("Answers"), {"fields": ("max_age", "allow_private_network", "reject_denied")}),
    (
        _("Embedding"),
        {
            "fields": ("resource_policy", "timing_allow_origin"),
            "description": _(
                "For files that other sites show in their pages: images, fonts, videos, scripts. Most "
                "policies need neither."
            ),
        },
    ),
    (_("Notes"), {"fields": ("description", "comment")}),
)


class PolicyForm(DocumentForm):
    """Everything that a policy says."""

    defaults: ClassVar[Document] = {
        key: value
        for key, value in core.completed(core.Policy(name="", path="").to_document()).items()
        if key not in {"name", "path"}
    }

    name = TextField(
        label=_("Name"),
        missing=_("Write a name, as in public-api."),
        help_text=_("Letters, digits, - and _, as in <code>public-api</code>."),
    )
    expires_at = TimestampField(
        label=_("Expires at"),
        help_text=_("From then on it is as if the policy were not there. Empty: it does not expire."),
    )
    path = TextField(
        label=_("Path"),
        missing=_("Write a path, as in /api/orders or /api/**."),
        help_text=_(
            "<code>/api/orders</code>: that path alone. <code>/api/*/files</code>: any one segment for the "
            "star. <code>/api/**</code>: that path and all below it. A slash at the end makes no difference."
        ),
    )
    host = TextField(
        label=_("Host"),
        required=False,
        help_text=_(
            "Which of this site's hosts: <code>api.example.com</code>, or <code>*.example.com</code> for "
            "every name below. Empty: all of them."
        ),
    )
    priority = NumberField(
        label=_("Priority"),
        help_text=_(
            "Among policies of the same host and path the smaller number is tried first, and the first one "
            "that allows the origin governs it."
        ),
    )
    allowed_origins = OriginsField(
        rows=6,
        label=_("Allowed origins"),
        help_text=_(
            "One a line, or separated by commas. <code>https://app.example.com</code>: that origin. "
            "<code>https://*.example.com</code>: every name below the domain, not the domain itself. "
            "<code>http://localhost:*</code>: any port. <code>*</code>: every origin. <code>null</code>: "
            "sandboxed frames and local files. <code>~</code> starts an RE2 expression."
        ),
    )
    origin_groups = LinesField(
        widget=GroupsTextarea(rows=2),
        label=_("Origin groups"),
        help_text=_("Names of groups, one a line. Each adds its origins."),
    )
    allowed_methods = MethodsField(
        label=_("Allowed methods"),
        help_text=_("GET lets HEAD through too. Others are separated by commas, and case counts in them."),
    )
    allowed_headers = LinesField(
        rows=3,
        label=_("Allowed request headers"),
        help_text=_(
            "Names that a script may set, one a line. <code>content-type</code> is needed to send JSON. "
            "<code>*</code> is every name but <code>authorization</code>: that one carries logins, so "
            "browsers want it listed by its name."
        ),
    )
    exposed_headers = LinesField(
        rows=3,
        label=_("Exposed response headers"),
        help_text=_(
            "Names that a script may read from the answer, one a line. Cache-Control, Content-Language, "
            "Content-Length, Content-Type, Expires, Last-Modified and Pragma it may always read."
        ),
    )
    max_age = NumberField(
        label=_("Max-age"),
        help_text=_(
            "For how many seconds, 0 to 86400, a browser may remember the answer to a preflight: so long it "
            "does not ask again, and so late it learns of a change. 0: it asks each time. Empty: its own "
            "default, 5 seconds."
        ),
    )

    resource_policy = ResourcePolicyField(
        label=_("Resource policy"),
        help_text=_(
            "<code>Cross-Origin-Resource-Policy</code>: which pages may embed what lies under the path "
            "without CORS, as an <code>&lt;img&gt;</code> does. It is on every response of the path, whoever "
            "asks; of the policies of one path the first that has one says it. A page with "
            "<code>Cross-Origin-Embedder-Policy: require-corp</code> shows images of other sites only if "
            "they say <code>cross-origin</code>, or are loaded with CORS, as fonts always are."
        ),
    )
    timing_allow_origin = forms.BooleanField(
        required=False,
        label=_("Show timing"),
        help_text=_(
            "<code>Timing-Allow-Origin</code>: pages that may read a response also see in "
            "<code>PerformanceResourceTiming</code> how long each step of loading took, and its size. "
            "Without it they see the start and the end. For pages that measure how fast they load."
        ),
    )

    class Meta:
        model = Policy
        fields = (
            "name",
            "mode",
            "path",
            "host",
            "priority",
            "allow_credentials",
            "tolerate_insecure_origins",
            "tolerate_public_suffixes",
            "tolerate_credentialed_regex",
            "trust_for_csrf",
            "max_age",
            "allow_private_network",
            "reject_denied",
            "resource_policy",
            "timing_allow_origin",
            "description",
        )
        widgets: ClassVar[dict[str, Widget]] = {"description": NoteTextarea()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = OriginGroup.objects.using(get_settings().DATABASE_ALIAS).order_by("name")
        cast("TimestampField", self.fields["expires_at"]).stored = (self.stored or {}).get("expires_at")
        widget = cast("GroupsTextarea", self.fields["origin_groups"].widget)
        widget.names = groups.values_list("name", flat=True)[:_MAX_GROUPS]

    def clean_allowed_methods(self) -> list[str]:
        """The chosen methods; those that were stored stay in the order that they are sent in."""
        return in_stored_order(
            self.cleaned_data["allowed_methods"], (self.stored or {}).get("allowed_methods")
        )

    def clean(self) -> dict[str, Any]:
        """An empty priority is the default one."""
        if self.cleaned_data.get("priority", 0) is None:
            self.cleaned_data["priority"] = self.defaults["priority"]
        return super().clean()

    def read(self, instance: Policy) -> Document:
        """The stored policy, with a value for each field."""
        return core.completed(documents.policy_document(instance))

    def create(self, document: Document) -> Policy:
        """Stores a new policy."""
        return services.create_policy(document)

    def update(self, row: Policy, document: Document) -> Policy:
        """Stores the changed policy."""
        return services.update_policy(row, document)
