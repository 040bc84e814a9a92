"""The admin: where editors read and change the policy set."""

from cors_policies.admin.groups import OriginGroupAdmin
from cors_policies.admin.origins import OriginAdmin
from cors_policies.admin.policies import PolicyAdmin
from cors_policies.admin.revisions import RevisionAdmin

__all__ = ["OriginAdmin", "OriginGroupAdmin", "PolicyAdmin", "RevisionAdmin"]
