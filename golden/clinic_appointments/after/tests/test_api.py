import pytest

from tests.factories import AppointmentFactory, DoctorFactory

pytestmark = pytest.mark.anyio


async def test_a_doctor_and_an_appointment(client):
    doctor = (await client.post("/doctors", json={"name": "Ada"})).json()
    assert doctor == {"id": doctor["id"], "name": "Ada", "appointments": []}
    body = {"doctor_id": doctor["id"], "patient": "Bob", "day": "2026-01-31"}
    assert (await client.post("/appointments", json=body)).status_code == 201
    assert (await client.get("/busiest")).json() == {"doctor": "Ada"}
    assert (await client.delete(f"/doctors/{doctor['id']}")).status_code == 409


async def test_the_same_name_twice(client):
    assert (await client.post("/doctors", json={"name": "Ada"})).status_code == 201
    assert (await client.post("/doctors", json={"name": "Ada"})).status_code == 409


class TestWithFactories:
    async def test_a_doctor_without_appointments_goes(self, client, session):
        doctor = DoctorFactory()
        session.add(doctor)
        await session.commit()
        assert (await client.delete(f"/doctors/{doctor.id}")).status_code == 204

    async def test_doctors_are_listed_with_their_appointments(self, client, session):
        session.add_all([AppointmentFactory(), DoctorFactory(name="Zoe")])
        await session.commit()
        found = (await client.get("/doctors")).json()
        assert [len(doctor["appointments"]) for doctor in found] == [1, 0]
        assert found[1]["name"] == "Zoe"
