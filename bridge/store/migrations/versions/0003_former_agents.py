"""Numbers of agents that were deleted, so that none is given twice."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_agents",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("last_revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_former_agents")),
    )
