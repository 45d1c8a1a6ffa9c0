from .core import *
from .core import engine as _engine
from .models import *

Tables = Base.metadata


def create_tables(bind=_engine):
    Tables.create_all(bind)
