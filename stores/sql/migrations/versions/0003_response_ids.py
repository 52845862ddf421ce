"""Runs by the id of their answer, for clients that know no other. Runs that are there already have none."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("runs", sa.Column("response_id", sa.String))
    given = sa.text("response_id IS NOT NULL")
    op.create_index("runs_response", "runs", ["response_id"], sqlite_where=given, postgresql_where=given)
