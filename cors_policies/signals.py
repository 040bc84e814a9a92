"""Which signals tell about a change of the policy set?

``policy_set_changed`` is public. The others are internal: the rows tell the store, which lies in a higher
layer, without knowing it.
"""

from __future__ import annotations

from django.dispatch import Signal

policy_set_changed = Signal()
"""Sent with the ``revision`` that has been committed, by the process that made it, when it obeys it."""

rows_changed = Signal()
"""Sent with ``using`` and the open ``change``, inside the transaction, at every write."""

rows_committed = Signal()
"""Sent with ``using`` when such a transaction has been committed."""
