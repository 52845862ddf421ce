"""Variants, scores and decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "variants",
        _sequence(),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_index("variants_id", "variants", ["id"], unique=True)
    op.create_index("variants_name", "variants", ["agent", "name"], unique=True)
    op.create_table(
        "scores",
        _sequence(),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("against", sa.String),
        sa.Column("evaluator", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("rater", sa.String, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("scores_id", "scores", ["id"], unique=True)
    op.create_index("scores_subject", "scores", ["subject"])
    given = sa.text("against IS NOT NULL")
    op.create_index("scores_against", "scores", ["against"], sqlite_where=given, postgresql_where=given)
    op.create_index("scores_agent", "scores", ["agent", "created_ns", "seq"])
    op.create_index("scores_rater", "scores", ["rater"])
    op.create_table(
        "decisions",
        _sequence(),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_index("decisions_id", "decisions", ["id"], unique=True)
    op.create_index("decisions_agent", "decisions", ["agent", "seq"])


def _sequence() -> sa.Column[int]:
    return sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True)
