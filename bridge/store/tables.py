"""Agents, routes, tokens, and who changed what."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from bridge.store.metadata import METADATA, UtcTime

agents = Table(
    "agents",
    METADATA,
    Column("name", String(63), primary_key=True),
    Column("title", Text, nullable=False),
    Column("published", Integer),  # the number of a version
    Column("draft", Text),  # as written, as are all texts here
    Column("draft_tests", Text),
    Column("draft_revision", Integer),  # None: there is no draft
    Column("draft_author", Text),
    Column("draft_saved_at", UtcTime),
    Column("last_revision", Integer, nullable=False),  # never used twice for one agent
    Column("tests_required", Boolean(create_constraint=False), nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("updated_by", Text, nullable=False),
)
agent_versions = Table(
    "agent_versions",
    METADATA,
    Column("agent", String(63), ForeignKey("agents.name", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("tests", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("agent", "number"),
)
# Of agents that were deleted: calls and tests name versions by number, so a new agent of the same
# name goes on counting.
former_agents = Table(
    "former_agents",
    METADATA,
    Column("name", String(63), primary_key=True),
    Column("last_number", Integer, nullable=False),
    Column("last_revision", Integer, nullable=False),
)
routes = Table(
    "routes",
    METADATA,
    Column("called", Text, primary_key=True),
    Column("rule", Text, nullable=False),  # JSON
    Column("agent", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("updated_by", Text, nullable=False),
)
blocked_callers = Table(
    "blocked_callers",
    METADATA,
    Column("caller", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("blocked_at", UtcTime, nullable=False),
    Column("blocked_by", Text, nullable=False),
)
tokens = Table(
    "tokens",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 of the secret
    Column("scope", String(8), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
    Column("last_used_at", UtcTime),
)
audit = Table(
    "audit",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("before", Text),  # JSON
    Column("after", Text),
    Index("ix_audit_subject_id", "subject", "id"),
    Index("ix_audit_who_id", "who", "id"),
)
state = Table(
    "state",
    METADATA,
    Column("key", String(32), primary_key=True),
    Column("value", Integer, nullable=False),
)
