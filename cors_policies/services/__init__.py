"""How is the policy set written by people and programs: checked whole, then stored in one transaction.

Before you edit:

* Each function takes the writers' lock first, so that what it reads stays true until it commits.
* Nothing is stored when any problem is found (:class:`~cors_policies.core.problems.InvalidPolicyError`), and
  nothing is touched when nothing would change: no version moves, no ``updated_at``.
* An origin's row outlives the lists that it stands in: its description is somebody's note.
"""

from cors_policies.services.authorship import acting
from cors_policies.services.deletions import plan_deletion
from cors_policies.services.groups import create_group, delete_group, plan_group, update_group
from cors_policies.services.impacts import foresee, foreseen
from cors_policies.services.locking import Numbered, numbered, touch, writing
from cors_policies.services.origins import (
    add_origins,
    create_origin,
    delete_origin,
    remove_origins,
    update_origin,
)
from cors_policies.services.permissions import (
    EVERY_WRITE,
    may_read_revisions,
    may_replace_groups,
    may_replace_policies,
)
from cors_policies.services.policies import (
    create_policy,
    delete_policy,
    plan_modes,
    plan_policy,
    set_with,
    update_policy,
)
from cors_policies.services.reports import Change, Report
from cors_policies.services.revisions import (
    Preview,
    preview_restore,
    prune_revisions,
    restore,
    revision_document,
    set_at,
)
from cors_policies.services.sets import apply_document

__all__ = [
    "EVERY_WRITE",
    "Change",
    "Numbered",
    "Preview",
    "Report",
    "acting",
    "add_origins",
    "apply_document",
    "create_group",
    "create_origin",
    "create_policy",
    "delete_group",
    "delete_origin",
    "delete_policy",
    "foresee",
    "foreseen",
    "may_read_revisions",
    "may_replace_groups",
    "may_replace_policies",
    "numbered",
    "plan_deletion",
    "plan_group",
    "plan_modes",
    "plan_policy",
    "preview_restore",
    "prune_revisions",
    "remove_origins",
    "restore",
    "revision_document",
    "set_at",
    "set_with",
    "touch",
    "update_group",
    "update_origin",
    "update_policy",
    "writing",
]
