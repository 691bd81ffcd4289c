//! One record of every kind that has a route of its own, made the way staff make it.

use serde_json::json;

use crate::support::Clinic;

/// Plants them all.
pub fn everything(clinic: &Clinic) {
    let patient =
        json!({"family_name": "Planted", "given_name": "Ana", "birth_date": "1984-05-17", "phone": "+1 555 0101"});
    clinic.front_desk().post("/api/v1/patients", &patient).expect(201);
}
