import unittest
from datetime import date

from sqlalchemy import create_engine, select
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import StaticPool

from clinic import crud
from clinic.database import Base
from clinic.models import Appointment


class CrudTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = create_engine("sqlite://", poolclass=StaticPool)
        Base.metadata.create_all(cls.engine)

    @classmethod
    def tearDownClass(cls):
        cls.engine.dispose()

    def setUp(self):
        self.db = sessionmaker(bind=self.engine)()
        self.addCleanup(self.db.close)

    def test_booking(self):
        doctor = crud.add_doctor(self.db, "Ada")
        crud.book(self.db, doctor, "Bob", date(2026, 1, 31))
        booked = self.db.scalars(select(Appointment)).all()
        self.assertEqual([one.patient for one in booked], ["Bob"])
        self.assertEqual(crud.busiest(self.db), "Ada")
