import os


class Settings:
    PROJECT_NAME: str = "Notes"
    SQLALCHEMY_DATABASE_URI: str = os.environ.get("DATABASE_URL") or "sqlite:///./notes.db"


settings = Settings()
