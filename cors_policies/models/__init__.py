"""The rows of the policy set, and of its history."""

from cors_policies.models.revisions import Revision, RevisionChange  # isort: skip - see there
from cors_policies.models.origins import Origin, OriginGroup, OriginGroupOrigin
from cors_policies.models.policies import Policy, PolicyOrigin, PolicyOriginGroup
from cors_policies.models.versions import PolicySetVersion

__all__ = [
    "Origin",
    "OriginGroup",
    "OriginGroupOrigin",
    "Policy",
    "PolicyOrigin",
    "PolicyOriginGroup",
    "PolicySetVersion",
    "Revision",
    "RevisionChange",
]
