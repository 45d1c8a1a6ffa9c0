from fastapi import APIRouter, Depends

from orders_service.core.config import Settings, get_settings
from orders_service.services import StockService

from .deps import get_stock_service
from .schemas import ArticleIn, ArticleOut

router = APIRouter()


@router.post("", response_model=ArticleOut, status_code=201)
async def create(body: ArticleIn, service: StockService = Depends(get_stock_service)):
    return await service.add_article(**body.model_dump())


@router.get("/low", response_model=list[ArticleOut])
async def low(
    service: StockService = Depends(get_stock_service),
    settings: Settings = Depends(get_settings),
):
    return await service.low(settings.low_stock)


@router.get("/value")
async def value(service: StockService = Depends(get_stock_service)) -> dict[str, int]:
    return {"cents": await service.value_in_cents()}


@router.post("/{sku}/refill", response_model=ArticleOut)
async def refill(
    sku: str, quantity: int, service: StockService = Depends(get_stock_service)
):
    return await service.refill(sku, quantity)
