"""What Alembic runs for each upgrade: on the connection, and in the transaction, that `api/database.py` hands over."""

from alembic import context

from api.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # SQLite rolls tables back like rows; a killed upgrade leaves the old schema whole
    render_as_batch=True,  # SQLite cannot alter a column in place
)
context.run_migrations()
