-- SQLite looks a reference up when a row is written, so 0004_consents could name plans and sessions already.
SELECT 1;
