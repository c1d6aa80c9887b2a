-- What: what operators did, all of it, in one chain: entry n holds SHA-256(hash of entry n-1, its own bytes).
-- Why: customers read in their own trail what concerned them; this is where the company that hosts Pulse looks at itself.
-- Beside running programs: safe, creates only. Lock: none. Back: drop functions and tables.
--
-- Append-only by grants: nobody may update or delete a row, and the one function that adds some numbers them itself.

CREATE TABLE operator_log (
    seq         bigint PRIMARY KEY,
    id          uuid NOT NULL UNIQUE,
    at          timestamptz NOT NULL,
    -- `operator:<id>`, or `system:<command>` for `pulse admin`.
    actor       text NOT NULL,
    action      text NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
    object      text NOT NULL,
    -- The organisation it concerned.
    about       uuid,
    -- What the operator gave as a reason.
    note        text,
    address     text NOT NULL,
    user_agent  text NOT NULL,
    request_id  text NOT NULL,
    hash        bytea NOT NULL
);
CREATE INDEX operator_log_by_actor ON operator_log (actor, seq);
CREATE INDEX operator_log_by_action ON operator_log (action, seq);
CREATE INDEX operator_log_by_org ON operator_log (about, seq) WHERE about IS NOT NULL;

-- One row: the number and hash of the last entry.
CREATE TABLE operator_log_head (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    seq     bigint NOT NULL,
    hash    bytea NOT NULL
);

GRANT SELECT, INSERT ON operator_log TO pulse_identity;
GRANT SELECT, UPDATE ON operator_log_head TO pulse_identity;
GRANT SELECT ON operator_log TO pulse_operator;
INSERT INTO operator_log_head (seq, hash) VALUES (0, sha256('pulse.operator.genesis.1'));

SET LOCAL ROLE pulse_identity;

CREATE FUNCTION operator_log_bytes(entry operator_log) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pulse AS $$
    SELECT audit_text('pulse.operator.entry.1') || audit_field(int8send(entry.seq)) || audit_field(uuid_send(entry.id))
        || audit_field(int8send((extract(epoch FROM entry.at) * 1000)::bigint)) || audit_text(entry.actor)
        || audit_text(entry.action) || audit_text(entry.object) || audit_field(uuid_send(entry.about))
        || audit_text(entry.note) || audit_text(entry.address) || audit_text(entry.user_agent)
        || audit_text(entry.request_id)
$$;

-- Numbers and chains an entry. The head is locked until the transaction ends, so it belongs at the end of one.
CREATE FUNCTION append_operator_log(
    new_id uuid, moment timestamptz, who text, what text, which text, concerned uuid, reason text, client text,
    agent text, request text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    head  operator_log_head%ROWTYPE;
    entry operator_log%ROWTYPE;
BEGIN
    SELECT * INTO STRICT head FROM operator_log_head FOR UPDATE;
    entry.seq := head.seq + 1;
    entry.id := new_id;
    entry.at := date_trunc('milliseconds', moment);
    entry.actor := who;
    entry.action := what;
    entry.object := which;
    entry.about := concerned;
    entry.note := reason;
    entry.address := client;
    entry.user_agent := agent;
    entry.request_id := request;
    entry.hash := sha256(head.hash || operator_log_bytes(entry));
    INSERT INTO operator_log VALUES (entry.*);
    UPDATE operator_log_head SET seq = entry.seq, hash = entry.hash;
END $$;

-- Computes the whole chain anew. `broken_seq`: the first number at which it does not hold, one past the last when entries
-- are missing at the end; NULL: it holds.
CREATE FUNCTION check_operator_log() RETURNS TABLE (entries bigint, broken_seq bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
#variable_conflict use_column
DECLARE
    entry operator_log%ROWTYPE;
    link  bytea := sha256('pulse.operator.genesis.1');
    head  operator_log_head%ROWTYPE;
BEGIN
    SELECT * INTO STRICT head FROM operator_log_head;
    entries := 0;
    FOR entry IN SELECT * FROM operator_log l WHERE l.seq <= head.seq ORDER BY l.seq LOOP
        entries := entries + 1;
        link := sha256(link || operator_log_bytes(entry));
        IF entry.seq <> entries OR entry.hash <> link THEN
            broken_seq := entries;
            EXIT;
        END IF;
    END LOOP;
    IF broken_seq IS NULL AND (entries <> head.seq OR link <> head.hash) THEN broken_seq := entries + 1; END IF;
    RETURN NEXT;
END $$;

GRANT EXECUTE ON FUNCTION append_operator_log, check_operator_log TO pulse_operator;

RESET ROLE;
