"""Jobs that run beside the service: ``orders-jobs``, or ``orders-jobs --once`` by hand."""

import argparse

from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy import select

from orders_service.core.config import get_settings
from orders_service.db.models import Article, Base
from orders_service.db.session import (
    SyncSessionLocal,
    sync_engine,
)

scheduler = BlockingScheduler()


@scheduler.scheduled_job("cron", hour=6)
def report_low_stock() -> list[str]:
    with SyncSessionLocal() as session:
        low = select(Article).where(Article.stock < get_settings().low_stock)
        lines = [
            f"{article.sku}: {article.stock}"
            for article in session.scalars(low.order_by(Article.sku))
        ]
    for line in lines:
        print(line)
    return lines


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--refill", metavar="SKU")
    options = parser.parse_args(argv)
    Base.metadata.create_all(sync_engine)
    if options.refill:
        with SyncSessionLocal.begin() as session:
            article = session.scalars(
                select(Article).filter_by(sku=options.refill)
            ).one_or_none()
            if article is None:
                article = Article(sku=options.refill, cents=100, stock=0)
                session.add(article)
            article.stock += 2
    if options.once:
        print(len(report_low_stock()), "below", get_settings().low_stock)
    else:
        scheduler.start()
    return 0
