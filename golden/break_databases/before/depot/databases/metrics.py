import os

from sqlalchemy import create_engine
from sqlalchemy.orm import declarative_base, scoped_session, sessionmaker

metrics_engine = create_engine(os.environ.get("METRICS_URL", "sqlite:///metrics.db"))
metrics = scoped_session(sessionmaker(autoflush=False, bind=metrics_engine))
MetricsBase = declarative_base()


def get_metrics():
    try:
        yield metrics()
    finally:
        metrics.remove()
