import asyncio
import unittest
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.pool import StaticPool

from clinic import crud
from clinic.database import Base
from clinic.models import Appointment


class CrudTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        async def set_up():
            cls.engine = create_async_engine(
                "sqlite+aiosqlite://", poolclass=StaticPool
            )
            async with cls.engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)

        asyncio.run(set_up())

    @classmethod
    def tearDownClass(cls):
        async def tear_down():
            await cls.engine.dispose()

        asyncio.run(tear_down())

    async def asyncSetUp(self):
        self.db = async_sessionmaker(bind=self.engine, expire_on_commit=False)()
        self.addAsyncCleanup(self.db.close)

    async def test_booking(self):
        doctor = await crud.add_doctor(self.db, "Ada")
        await crud.book(self.db, doctor, "Bob", date(2026, 1, 31))
        booked = (await self.db.scalars(select(Appointment))).all()
        self.assertEqual([one.patient for one in booked], ["Bob"])
        self.assertEqual(await crud.busiest(self.db), "Ada")
