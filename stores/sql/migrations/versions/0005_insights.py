"""Insights, the runs they came of, and what the keeper of each agent's memory knows."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "insights",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("writer", sa.String, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary),
        sqlite_autoincrement=True,
    )
    op.create_index("insights_id", "insights", ["id"], unique=True)
    op.create_index("insights_agent", "insights", ["agent", "state", "created_ns"])
    given = sa.text("writer <> ''")
    op.create_index("insights_writer", "insights", ["writer"], sqlite_where=given, postgresql_where=given)
    op.create_table(
        "insight_runs",
        sa.Column("run", sa.String, primary_key=True),
        sa.Column("insight", sa.String, primary_key=True),
    )
    op.create_index("insight_runs_insight", "insight_runs", ["insight"])
    op.create_table(
        "memories",
        sa.Column("agent", sa.String, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
