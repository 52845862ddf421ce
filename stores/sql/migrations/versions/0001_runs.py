"""Runs, the messages they share, and how far the journal has been read."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("trace_id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("session", sa.String),
        sa.Column("session_source", sa.String, nullable=False),
        sa.Column("user_id", sa.String),
        sa.Column("config_hash", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("turn", sa.String, nullable=False),
        sa.Column("variant", sa.String, nullable=False),
        sa.Column("propensity", sa.Double),
        sa.Column("provider", sa.String),
        sa.Column("model", sa.String),
        sa.Column("status", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("streamed", sa.Boolean, nullable=False),
        sa.Column("started_ns", sa.BigInteger, nullable=False),
        sa.Column("ended_ns", sa.BigInteger, nullable=False),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("cost_usd", sa.Double),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("bodies", sa.LargeBinary),
    )
    op.create_index("runs_id", "runs", ["id"], unique=True)
    op.create_index("runs_started", "runs", ["started_ns", "seq"])
    op.create_index("runs_agent", "runs", ["agent", "started_ns", "seq"])
    for name, column in (("runs_session", "session"), ("runs_user", "user_id")):
        given = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "runs", [column], sqlite_where=given, postgresql_where=given)
    op.create_table(
        "messages",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "cursors",
        sa.Column("segment", sa.String, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
