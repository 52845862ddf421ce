"""What kind of insight each is: until now they were all answers."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("insights", sa.Column("kind", sa.String, nullable=False, server_default="answer"))
