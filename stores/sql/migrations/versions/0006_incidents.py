"""Incidents, the cases that came of them, and the versions of the rules that agents have learned."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def _sequence() -> sa.Column[int]:
    return sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True)


def upgrade() -> None:
    op.create_table(
        "incidents",
        _sequence(),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("escalated", sa.Boolean, nullable=False),
        sa.Column("runs", sa.BigInteger, nullable=False),
        sa.Column("changed_ns", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_index("incidents_id", "incidents", ["id"], unique=True)
    op.create_index("incidents_agent", "incidents", ["agent", "state", "changed_ns"])
    op.create_table(
        "incident_runs",
        sa.Column("run", sa.String, primary_key=True),
        sa.Column("incident", sa.String, primary_key=True),
    )
    op.create_index("incident_runs_incident", "incident_runs", ["incident"])
    op.create_table(
        "incident_notes",
        sa.Column("agent", sa.String, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "cases",
        _sequence(),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("provenance", sa.String, nullable=False),
        sa.Column("split", sa.String, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_index("cases_id", "cases", ["id"], unique=True)
    op.create_index("cases_agent", "cases", ["agent", "split", "seq"])
    op.create_table(
        "case_runs",
        sa.Column("run", sa.String, primary_key=True),
        sa.Column("case_id", sa.String, primary_key=True),
    )
    op.create_index("case_runs_case", "case_runs", ["case_id"])
    op.create_table(
        "guard_policies",
        sa.Column("agent", sa.String, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.String, nullable=False),
    )
    op.create_table(
        "guard_live",
        sa.Column("agent", sa.String, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
