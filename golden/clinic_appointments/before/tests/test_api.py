from tests.factories import AppointmentFactory, DoctorFactory


def test_a_doctor_and_an_appointment(client):
    doctor = client.post("/doctors", json={"name": "Ada"}).json()
    assert doctor == {"id": doctor["id"], "name": "Ada", "appointments": []}
    body = {"doctor_id": doctor["id"], "patient": "Bob", "day": "2026-01-31"}
    assert client.post("/appointments", json=body).status_code == 201
    assert client.get("/busiest").json() == {"doctor": "Ada"}
    assert client.delete(f"/doctors/{doctor['id']}").status_code == 409


def test_the_same_name_twice(client):
    assert client.post("/doctors", json={"name": "Ada"}).status_code == 201
    assert client.post("/doctors", json={"name": "Ada"}).status_code == 409


class TestWithFactories:
    def test_a_doctor_without_appointments_goes(self, client, session):
        doctor = DoctorFactory()
        session.add(doctor)
        session.commit()
        assert client.delete(f"/doctors/{doctor.id}").status_code == 204

    def test_doctors_are_listed_with_their_appointments(self, client, session):
        session.add_all([AppointmentFactory(), DoctorFactory(name="Zoe")])
        session.commit()
        found = client.get("/doctors").json()
        assert [len(doctor["appointments"]) for doctor in found] == [1, 0]
        assert found[1]["name"] == "Zoe"
