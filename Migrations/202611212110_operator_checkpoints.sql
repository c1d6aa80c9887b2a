-- What: signed checkpoints of the operators' own log.
-- Why: whoever can write to the database could compute that chain anew, as they could an organisation's; they cannot sign it.
-- Beside running programs: safe, creates only. Lock: none, the table is new. Back: drop the function and the table.

CREATE TABLE operator_log_checkpoints (
    seq         bigint PRIMARY KEY,
    hash        bytea NOT NULL,
    at          timestamptz NOT NULL,
    -- Ed25519; the key is not in the database.
    public_key  bytea NOT NULL,
    signature   bytea NOT NULL
);
GRANT SELECT, INSERT ON operator_log_checkpoints TO pulse_identity;
GRANT SELECT ON operator_log_checkpoints, operator_log_head TO pulse_operator;

SET LOCAL ROLE pulse_identity;

-- Keeps a signature over an entry that is there with that hash. False: it is not. The first signature of an entry stays.
CREATE FUNCTION operator_checkpoint(entry_seq bigint, entry_hash bytea, moment timestamptz, key bytea, signed bytea)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    PERFORM 1 FROM operator_log l WHERE l.seq = entry_seq AND l.hash = entry_hash;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO operator_log_checkpoints (seq, hash, at, public_key, signature)
    VALUES (entry_seq, entry_hash, moment, key, signed) ON CONFLICT (seq) DO NOTHING;
    RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION operator_checkpoint TO pulse_operator;

RESET ROLE;
