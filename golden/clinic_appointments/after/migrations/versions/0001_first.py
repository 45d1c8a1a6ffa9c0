import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "doctors",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(60), nullable=False, unique=True),
    )
    op.create_table(
        "appointments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("doctor_id", sa.Integer, sa.ForeignKey("doctors.id"), nullable=False),
        sa.Column("patient", sa.String(60), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("reminded", sa.Boolean, nullable=False),
    )


def downgrade():
    op.drop_table("appointments")
    op.drop_table("doctors")
