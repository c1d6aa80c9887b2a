-- What: counters of attempts that all processes share: failed sign-ins, sign-ups, links.
-- Why: a limit per process is no limit once there are several; these guard against guessing, so they must be exact.
-- Lock: none, the table is new. Back: drop it.
--
-- `subject` is a SHA-256 of the address or e-mail, so the table holds neither.

CREATE TABLE counters (
    kind          text NOT NULL,
    subject       bytea NOT NULL,
    began_at      timestamptz NOT NULL,
    hits          int NOT NULL,
    locked_until  timestamptz,
    PRIMARY KEY (kind, subject)
);
CREATE INDEX counters_by_age ON counters (began_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON counters TO pulse_identity;

SET LOCAL ROLE pulse_identity;

-- Counts one hit and returns the count in the present window, which begins with its first hit.
-- For other functions of pulse_identity; pulse_app may not call it.
CREATE FUNCTION hit(counted text, whom bytea, span interval, moment timestamptz) RETURNS int
LANGUAGE sql SET search_path = pg_catalog, pulse AS $$
    INSERT INTO counters AS c (kind, subject, began_at, hits) VALUES (counted, whom, moment, 1)
    ON CONFLICT (kind, subject) DO UPDATE SET
        hits = CASE WHEN c.began_at + span <= moment THEN 1 ELSE c.hits + 1 END,
        began_at = CASE WHEN c.began_at + span <= moment THEN moment ELSE c.began_at END,
        locked_until = CASE WHEN c.began_at + span <= moment THEN NULL ELSE c.locked_until END
    RETURNING hits
$$;

RESET ROLE;
