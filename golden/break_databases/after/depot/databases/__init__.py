"""Three kinds of databases: the catalogue, the metrics, and one database for each site."""

from .catalogue import CatalogueBase, CatalogueSession, ReadOnly, catalogue_engine, get_db
from .metrics import MetricsBase, get_metrics, metrics, metrics_engine
from .sites import SITES, SiteBase, get_db as get_site_db, open_site, site_engines


async def create_all():
    async with catalogue_engine.begin() as connection:
        await connection.run_sync(CatalogueBase.metadata.create_all)
    async with metrics_engine.begin() as connection:
        await connection.run_sync(MetricsBase.metadata.create_all)
    for engine in site_engines.values():
        async with engine.begin() as connection:
            await connection.run_sync(SiteBase.metadata.create_all)


async def dispose_all():
    for engine in [catalogue_engine, metrics_engine, *site_engines.values()]:
        await engine.dispose()
