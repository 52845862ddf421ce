"""How Alembic reaches the database: over the connection, and in the transaction, of `stores.sql.upgrade`."""

from alembic import context

from stores.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
