-- What: the answers to creations that carried an Idempotency-Key, for 24 hours.
-- Why: who asks twice because the first answer was lost must not get two of it, whichever process asks, and whatever was
-- killed in between.
-- Beside running programs: safe, creates only. Back: drop table and functions; a repeated creation then creates twice.
--
-- `place` is a digest of principal, organisation, path and key; `answer` is encrypted under a key that is made from the
-- Idempotency-Key itself, for it may hold a token that is shown once. So a copy of this table tells nobody anything.

CREATE TABLE idempotency_keys (
    place       bytea PRIMARY KEY CHECK (octet_length(place) = 32),
    body_hash   bytea NOT NULL,
    -- Whose erasure takes it along; NULL: made outside any organisation.
    made_in     uuid,
    answer      bytea NOT NULL CHECK (octet_length(answer) <= 1048576),
    created_at  timestamptz NOT NULL
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO pulse_identity;

SET LOCAL ROLE pulse_identity;

-- The first statement of a keyed creation's transaction. outcome: new (the caller works now; others are kept away until
-- its transaction ends), stored (here is the answer), reused (another body), busy (somebody else is at it).
-- Waits for nobody: a waiter would hold a connection of the pool, and the one it waits for may need it.
CREATE FUNCTION claim_idempotency(wanted bytea, presented bytea, moment timestamptz)
RETURNS TABLE (outcome text, answer bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    kept idempotency_keys%ROWTYPE;
BEGIN
    -- Read before the lock, for the many who come after; and after it, for who was committed meanwhile.
    FOR attempt IN 1..2 LOOP
        SELECT * INTO kept FROM idempotency_keys k
        WHERE k.place = wanted AND k.created_at > moment - interval '24 hours';
        IF FOUND THEN
            outcome := CASE WHEN kept.body_hash = presented THEN 'stored' ELSE 'reused' END;
            answer := CASE WHEN kept.body_hash = presented THEN kept.answer END;
            RETURN NEXT;
            RETURN;
        END IF;
        EXIT WHEN attempt = 2;
        IF NOT pg_try_advisory_xact_lock(('x' || encode(substr(wanted, 1, 8), 'hex'))::bit(64)::bigint) THEN
            outcome := 'busy';
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
    outcome := 'new';
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION claim_idempotency TO pulse_app;

-- Keeps the answer; sent with COMMIT.
CREATE FUNCTION keep_idempotency(wanted bytea, presented bytea, place_of uuid, given bytea, moment timestamptz)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    INSERT INTO idempotency_keys (place, body_hash, made_in, answer, created_at)
    VALUES (wanted, presented, place_of, given, moment)
    ON CONFLICT (place) DO UPDATE SET
        body_hash = presented, made_in = place_of, answer = given, created_at = moment
$$;
GRANT EXECUTE ON FUNCTION keep_idempotency TO pulse_app;

-- Takes away what is older than a day, at most 5000 rows a call. Returns how many.
CREATE FUNCTION sweep_idempotency(moment timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    WITH ended AS (
        DELETE FROM idempotency_keys k WHERE k.place IN (
            SELECT old.place FROM idempotency_keys old WHERE old.created_at <= moment - interval '24 hours'
            ORDER BY old.created_at LIMIT 5000 FOR UPDATE SKIP LOCKED) RETURNING 1)
    SELECT count(*) FROM ended
$$;
GRANT EXECUTE ON FUNCTION sweep_idempotency TO pulse_app;

RESET ROLE;
