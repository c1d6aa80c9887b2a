-- What: connections may be asked less often while nothing happens there.
-- Why: a large estate that stands still need not be asked every ten seconds; who wants that says so, nobody is asked less by an
-- update.
-- Beside running programs: safe; those before this release ask at the connection's own cadence. Back: drop the column.

ALTER TABLE connections ADD COLUMN is_adaptive boolean NOT NULL DEFAULT false;
