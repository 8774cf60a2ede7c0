"""Calls, what is kept of each, and who is still to be told of them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from bridge.store.metadata import METADATA, UtcTime

calls = Table(
    "calls",
    METADATA,
    Column("call_sid", String(64), primary_key=True),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("seconds", Float),
    Column("process", Text, nullable=False),  # the spool through which it came
    Column("agent", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("route", Text, nullable=False),
    Column("variant", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("called", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("outcome", Text),  # None: it runs, as far as is known
    Column("outcome_detail", Text, nullable=False),
    Column("has_errors", Boolean(create_constraint=False), nullable=False),
    Column("turns", Integer, nullable=False),
    Column("barge_ins", Integer, nullable=False),
    Column("functions", Integer, nullable=False),
    Column("latency_ms", Float),  # median of the first answers
    Column("cost_micro", BigInteger),  # millionths of a US dollar
    Column("recording", Text),  # file name
    Column("recording_days", Integer),  # None: as long as the server keeps them
    # The list walks this one, newest first, and looks a row up only where all filters agree.
    Index(
        "ix_calls_list",
        "started_at",
        "call_sid",
        "agent",
        "version",
        "route",
        "variant",
        "outcome",
        "caller",
        "called",
        "seconds",
        "has_errors",
    ),
    Index("ix_calls_caller", "caller", "started_at", "call_sid"),
)
call_details = Table(
    "call_details",
    METADATA,
    Column(
        "call_sid", String(64), ForeignKey("calls.call_sid", ondelete="CASCADE"), primary_key=True
    ),
    Column("record", Text, nullable=False),  # JSON of bridge.records.record.CallRecord
)
outbox = Table(
    "outbox",
    METADATA,
    Column("id", String(64), primary_key=True),  # webhook-id
    Column("created_at", UtcTime, nullable=False),
    Column("call_sid", Text, nullable=False),
    Column("body", Text, nullable=False),  # as it is signed and sent
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcTime),  # None: it was given up
    Column("lease", Text),  # who is sending it until next_at
    Column("last_error", Text, nullable=False),
    Index("ix_outbox_next_at", "next_at"),
)
spool_marks = Table(
    "spool_marks",
    METADATA,
    Column("spool", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),  # the newest entry that is in the store
    Column("updated_at", UtcTime, nullable=False),
)
