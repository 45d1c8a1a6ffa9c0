from fastapi import APIRouter, Depends, Response, status

from orders_service.services import CustomerService, OrderService

from .deps import get_customer_service, get_order_service
from .schemas import CustomerIn, CustomerOut, OrderOut, Rename

router = APIRouter()


@router.post("", response_model=CustomerOut, status_code=status.HTTP_201_CREATED)
async def create(
    body: CustomerIn, service: CustomerService = Depends(get_customer_service)
):
    return await service.create(body.name, body.email)


@router.get("", response_model=list[CustomerOut])
async def index(service: CustomerService = Depends(get_customer_service)):
    return await service.all()


@router.get("/{customer_id}/orders", response_model=list[OrderOut])
async def orders(customer_id: int, service: OrderService = Depends(get_order_service)):
    return await service.of_customer(customer_id)


@router.put("/{customer_id}/name", response_model=CustomerOut)
async def rename(
    customer_id: int, body: Rename, service: CustomerService = Depends(get_customer_service)
):
    return await service.rename(customer_id, body.name)


@router.delete("/{customer_id}")
async def delete(customer_id: int, service: CustomerService = Depends(get_customer_service)) -> Response:
    await service.delete(customer_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
