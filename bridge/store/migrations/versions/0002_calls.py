"""Calls, what is kept of each, and who is still to be told of them."""

import sqlalchemy as sa
from alembic import op

from bridge.store.metadata import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _calls()
    op.create_table(
        "call_details",
        sa.Column("call_sid", sa.String(64), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call_sid", name=op.f("pk_call_details")),
        sa.ForeignKeyConstraint(
            ["call_sid"],
            ["calls.call_sid"],
            name=op.f("fk_call_details_call_sid"),
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("call_sid", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime()),
        sa.Column("lease", sa.Text()),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_next_at", "outbox", ["next_at"])
    op.create_table(
        "spool_marks",
        sa.Column("spool", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("spool", name=op.f("pk_spool_marks")),
    )


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("call_sid", sa.String(64), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime()),
        sa.Column("seconds", sa.Float()),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("called", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("outcome_detail", sa.Text(), nullable=False),
        sa.Column("has_errors", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("barge_ins", sa.Integer(), nullable=False),
        sa.Column("functions", sa.Integer(), nullable=False),
        sa.Column("latency_ms", sa.Float()),
        sa.Column("cost_micro", sa.BigInteger()),
        sa.Column("recording", sa.Text()),
        sa.Column("recording_days", sa.Integer()),
        sa.PrimaryKeyConstraint("call_sid", name=op.f("pk_calls")),
    )
    listed = ("agent", "version", "route", "variant", "outcome", "caller", "called")
    columns = ["started_at", "call_sid", *listed, "seconds", "has_errors"]
    op.create_index("ix_calls_list", "calls", columns)
    op.create_index("ix_calls_caller", "calls", ["caller", "started_at", "call_sid"])
