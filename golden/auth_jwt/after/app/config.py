import os


class Settings:
    database_url: str = os.environ.get("DATABASE_URL", "sqlite:///./posts.db")
    secret_key: str = os.environ.get("SECRET_KEY", "not-so-secret")
    access_token_expire_minutes: int = int(os.environ.get("ACCESS_TOKEN_EXPIRE_MINUTES", 60))


settings = Settings()
