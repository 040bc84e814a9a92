"""How do rows become policy documents, and documents rows?

This is the only translator: of rows into documents (``reading``), of documents into what is obeyed
(``checking``), and of values of the core into rows (``writing``).
"""

from cors_policies.documents.checking import BrokenRow, StoredDocuments, StoredSet, set_of, shield_of
from cors_policies.documents.reading import (
    TornReadError,
    count_rows,
    group_document,
    group_documents,
    group_documents_by_key,
    numbered_policy_set_document,
    policy_document,
    policy_documents,
    policy_documents_by_key,
    policy_set_document,
    read_documents,
    read_policy_set,
)
from cors_policies.documents.writing import keys_by_name, write_groups, write_origins, write_policies

__all__ = [
    "BrokenRow",
    "StoredDocuments",
    "StoredSet",
    "TornReadError",
    "count_rows",
    "group_document",
    "group_documents",
    "group_documents_by_key",
    "keys_by_name",
    "numbered_policy_set_document",
    "policy_document",
    "policy_documents",
    "policy_documents_by_key",
    "policy_set_document",
    "read_documents",
    "read_policy_set",
    "set_of",
    "shield_of",
    "write_groups",
    "write_origins",
    "write_policies",
]
