from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import immediateload, selectinload

from orders_service.db.models import Line, Order
from orders_service.services import OrderService

from .deps import get_order_service
from .schemas import OrderIn, OrderOut

router = APIRouter()


@router.post("", response_model=OrderOut, status_code=201)
async def place(body: OrderIn, service: OrderService = Depends(get_order_service)):
    return await service.place(body.customer_id, ((line.sku, line.quantity) for line in body.lines))


@router.get("/{order_id}", response_model=OrderOut)
async def show(order_id: int, service: OrderService = Depends(get_order_service)):
    return await service.get(
        order_id,
        options=[
            immediateload(Order.customer),
            selectinload(Order.lines).selectinload(Line.article),
        ],
    )


@router.post("/{order_id}/ship", response_model=OrderOut)
async def ship(order_id: int, service: OrderService = Depends(get_order_service)):
    return await service.ship(order_id)


@router.delete("/{order_id}")
async def cancel(order_id: int, service: OrderService = Depends(get_order_service)) -> Response:
    await service.cancel(order_id)
    return Response(status_code=204)
