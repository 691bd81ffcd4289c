DROP TABLE timers;
DROP TABLE tasks;
DROP TABLE alert_actions;
DROP TABLE alerts;
DROP TABLE observations;
