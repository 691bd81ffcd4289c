DROP TRIGGER bookings_not_in_a_conversation ON bookings;
DROP TABLE appointments;
DROP FUNCTION chairside_not_in_a_conversation();
DROP FUNCTION chairside_not_in_the_chair();
