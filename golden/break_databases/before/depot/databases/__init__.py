"""Three kinds of databases: the catalogue, the metrics, and one database for each site."""

from .catalogue import CatalogueBase, CatalogueSession, ReadOnly, catalogue_engine, get_db
from .metrics import MetricsBase, get_metrics, metrics, metrics_engine
from .sites import SITES, SiteBase, get_db as get_site_db, open_site, site_engines


def create_all():
    CatalogueBase.metadata.create_all(catalogue_engine)
    MetricsBase.metadata.create_all(bind=metrics_engine)
    for engine in site_engines.values():
        SiteBase.metadata.create_all(engine)


def dispose_all():
    for engine in [catalogue_engine, metrics_engine, *site_engines.values()]:
        engine.dispose()
