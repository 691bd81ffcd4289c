DROP TABLE session_handovers;
DROP TABLE session_escorts;
DROP TABLE session_transitions;
DROP TABLE bookings;
DROP TABLE sessions;
