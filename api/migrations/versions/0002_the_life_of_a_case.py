"""The life of a case: versions, tracks, places, units, what each move brought, and reports of the public"""

from alembic import op
import sqlalchemy as sa


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("cases", sa.Column("track", sa.String(length=16), nullable=False, server_default="clean_up"))
    op.add_column("cases", sa.Column("category", sa.String(length=16), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("unit", sa.String(length=100), nullable=True))
    op.add_column("cases", sa.Column("lat", sa.Float(), nullable=True))
    op.add_column("cases", sa.Column("lon", sa.Float(), nullable=True))
    op.add_column("cases", sa.Column("error_m", sa.Float(), nullable=True))
    op.add_column("cases", sa.Column("escalation", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("cases", sa.Column("merged_into", sa.String(length=32), nullable=True))
    op.create_index(op.f("ix_cases_category"), "cases", ["category"], unique=False)
    op.create_index(op.f("ix_cases_unit"), "cases", ["unit"], unique=False)
    op.create_index(op.f("ix_cases_merged_into"), "cases", ["merged_into"], unique=False)

    # Before this each case had one event, its report.
    op.add_column("case_events", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("case_events", sa.Column("role", sa.String(length=16), nullable=False, server_default="box"))
    op.add_column("case_events", sa.Column("state", sa.String(length=32), nullable=False, server_default="reported"))
    op.add_column("case_events", sa.Column("data", sa.JSON(), nullable=False, server_default="{}"))
    op.create_index(op.f("ix_case_events_case_id_version"), "case_events", ["case_id", "version"], unique=True)

    op.add_column("tokens", sa.Column("unit", sa.String(length=100), nullable=True))

    op.create_table(
        "public_requests",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("service_code", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("media_url", sa.Text(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("contact", sa.JSON(), nullable=False),
        sa.Column("requested", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_public_requests_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_public_requests")),
    )
    op.create_index(op.f("ix_public_requests_service_code"), "public_requests", ["service_code"], unique=False)
    op.create_index(op.f("ix_public_requests_requested"), "public_requests", ["requested"], unique=False)
