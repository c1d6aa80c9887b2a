-- What: a database restored from a backup erases again what it has forgotten: not only the keys, the rows too.
-- Why: the ledger of erasures brings the keys' end back at once; the organisation itself must not come back either.
-- Beside running programs: safe. Lock: none. Back: drop the function; a restored organisation then has unreadable secrets,
-- but its rows.

SET LOCAL ROLE pulse_identity;

-- Whoever is in the ledger is deleted: nobody enters any more, and the next round of erasure takes the rows. Answers how
-- many had come back.
CREATE FUNCTION erase_again() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    WITH back AS (
        UPDATE orgs o SET state = 'deleted', suspension = NULL, resume_suspension = NULL, generation = generation + 1
        FROM erasure_ledger l
        WHERE l.erased_org = o.id AND o.state <> 'deleted' RETURNING 1)
    SELECT count(*) FROM back
$$;
GRANT EXECUTE ON FUNCTION erase_again TO pulse_worker;

RESET ROLE;
