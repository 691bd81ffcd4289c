DROP TABLE dosing_events;
