import datetime

import factory

from clinic.models import Appointment, Doctor


class DoctorFactory(factory.Factory):
    class Meta:
        model = Doctor

    name = factory.Sequence(lambda n: f"Dr. {n}")


class AppointmentFactory(factory.Factory):
    class Meta:
        model = Appointment

    patient = factory.Sequence(lambda n: f"Patient {n}")
    day = datetime.date(2026, 1, 31)
    doctor = factory.SubFactory(DoctorFactory)
