import os


class Settings:
    database_url: str = os.environ.get("BLOG_DATABASE_URL", "sqlite:///blog.db")
    page_size: int = int(os.environ.get("BLOG_PAGE_SIZE", "10"))


settings = Settings()
