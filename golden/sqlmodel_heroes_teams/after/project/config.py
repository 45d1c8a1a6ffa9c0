import os

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///database.db")
SQL_ECHO = os.environ.get("SQL_ECHO") == "1"
