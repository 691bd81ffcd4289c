DROP TRIGGER bookings_not_in_a_conversation;
DROP TABLE appointments;
