"""The rows of the policy set, of its history, and of what was observed."""

from cors_policies.models.revisions import Revision, RevisionChange  # isort: skip - see there
from cors_policies.models.observations import IgnoredOrigin, Observation, TrialObservation
from cors_policies.models.origins import Origin, OriginGroup, OriginGroupOrigin
from cors_policies.models.policies import Policy
from cors_policies.models.policy_lists import PolicyOrigin, PolicyOriginGroup
from cors_policies.models.versions import PolicySetVersion

__all__ = [
    "IgnoredOrigin",
    "Observation",
    "Origin",
    "OriginGroup",
    "OriginGroupOrigin",
    "Policy",
    "PolicyOrigin",
    "PolicyOriginGroup",
    "PolicySetVersion",
    "Revision",
    "RevisionChange",
    "TrialObservation",
]
