"""The place of a run that is gone is never given again, as SQLite alone would.

Whoever has read up to it would pass over its heir.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    # It can only be said when a table is made.
    with op.batch_alter_table("runs", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
        pass
