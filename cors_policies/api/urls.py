"""Which address is answered by which view?

Before you edit: every address ends in a slash, as Django's own do. The project chooses what stands before
them.
"""

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView
from rest_framework.routers import SimpleRouter

from cors_policies.api.evaluation import EvaluationView
from cors_policies.api.observations import ObservationViewSet
from cors_policies.api.schema import DescriptionView, DocumentationView
from cors_policies.api.sets import PolicySetViewSet, RevisionViewSet
from cors_policies.api.views import OriginGroupViewSet, OriginViewSet, PolicyViewSet

_router = SimpleRouter()
_router.register("policies", PolicyViewSet, basename="cors-policy")
_router.register("origin-groups", OriginGroupViewSet, basename="cors-origin-group")
_router.register("revisions", RevisionViewSet, basename="cors-revision")
_router.register("origins", OriginViewSet, basename="cors-origin")
_router.register("observations", ObservationViewSet, basename="cors-observation")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="docs/"), name="cors-root"),
    path("schema/", DescriptionView.as_view(), name="cors-schema"),
    path("docs/", DocumentationView.as_view(), name="cors-docs"),
    path(
        "policy-set/", PolicySetViewSet.as_view({"get": "retrieve", "put": "update"}), name="cors-policy-set"
    ),
    path("evaluate/", EvaluationView.as_view(), name="cors-evaluate"),
    *_router.urls,
]
