-- What: the audit trail of an organisation becomes a chain: entry n holds SHA-256(hash of entry n-1, its own bytes).
-- Why: a row changed, removed, moved or brought over from elsewhere shows, in the table and in a file taken from it.
-- Beside running programs: safe. Their INSERT stays as it is; the trigger fills in number and hash.
-- Lock: audit_entries, for the time of hashing what is there (some 20,000 rows a second). Back: drop trigger and columns.
--
-- The bytes of an entry are its fields in a fixed order, each with its length before it, so that no two different entries
-- have the same bytes. Sources/Contexts/Audit/AuditChain.swift says the same in Swift; a test compares the two.

CREATE TABLE audit_heads (
    org_id      uuid PRIMARY KEY REFERENCES orgs (id),
    -- Of the last entry.
    seq         bigint NOT NULL,
    hash        bytea NOT NULL,
    -- The first entry that is still there; those before it were sealed and pruned.
    first_seq   bigint NOT NULL,
    -- What the last look at the chain found; NULL: nothing wrong.
    broken_seq  bigint
);
SELECT pulse_owner_tools.tenant_table('audit_heads');
CREATE POLICY identity ON audit_heads TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT ON audit_heads TO pulse_app;
GRANT SELECT, INSERT, UPDATE ON audit_heads TO pulse_identity;

ALTER TABLE audit_entries
    ADD COLUMN seq     bigint,
    ADD COLUMN hash    bytea,
    -- What the actor acted through: `session:<id>`, `grant:<id> session:<id>`; NULL: in person.
    ADD COLUMN through text,
    -- JSON texts of what differs, secrets masked. Text and not jsonb: the chain is over these very bytes.
    ADD COLUMN before  text,
    ADD COLUMN after   text;

SET LOCAL ROLE pulse_identity;

-- One field: four bytes of length, then the bytes; -1 for NULL, so that absent is not empty.
CREATE FUNCTION audit_field(value bytea) RETURNS bytea LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT CASE WHEN value IS NULL THEN int4send(-1) ELSE int4send(length(value)) || value END
$$;

CREATE FUNCTION audit_text(value text) RETURNS bytea LANGUAGE sql STABLE SET search_path = pg_catalog, pulse AS $$
    SELECT pulse.audit_field(convert_to(value, 'UTF8'))
$$;

CREATE FUNCTION audit_bytes(entry audit_entries) RETURNS bytea LANGUAGE sql STABLE SET search_path = pg_catalog, pulse
AS $$
    SELECT pulse.audit_text('pulse.audit.entry.1') || pulse.audit_field(uuid_send(entry.org_id))
        || pulse.audit_field(int8send(entry.seq)) || pulse.audit_field(uuid_send(entry.id))
        || pulse.audit_field(int8send((extract(epoch FROM entry.at) * 1000)::bigint))
        || pulse.audit_text(entry.actor) || pulse.audit_text(entry.through) || pulse.audit_text(entry.action)
        || pulse.audit_text(entry.object) || pulse.audit_text(entry.before) || pulse.audit_text(entry.after)
        || pulse.audit_text(entry.address) || pulse.audit_text(entry.user_agent) || pulse.audit_text(entry.request_id)
$$;

-- What stands before the first entry: differs by organisation, so that no chain fits onto another.
CREATE FUNCTION audit_genesis(org uuid) RETURNS bytea LANGUAGE sql STABLE SET search_path = pg_catalog, pulse AS $$
    SELECT sha256(pulse.audit_text('pulse.audit.genesis.1') || pulse.audit_field(uuid_send(org)))
$$;

-- Numbers and hashes a new entry, whatever its INSERT said of them. The head's row is locked until the transaction ends, so
-- entries of one organisation queue here; that is why an entry is the last statement before COMMIT.
CREATE FUNCTION audit_entries_before_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    head audit_heads%ROWTYPE;
BEGIN
    SELECT * INTO head FROM audit_heads h WHERE h.org_id = NEW.org_id FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO audit_heads (org_id, seq, hash, first_seq) VALUES (NEW.org_id, 0, audit_genesis(NEW.org_id), 1)
        ON CONFLICT DO NOTHING;
        SELECT * INTO head FROM audit_heads h WHERE h.org_id = NEW.org_id FOR UPDATE;
    END IF;
    NEW.at := date_trunc('milliseconds', NEW.at);
    NEW.seq := head.seq + 1;
    NEW.hash := sha256(head.hash || audit_bytes(NEW));
    UPDATE audit_heads h SET seq = NEW.seq, hash = NEW.hash WHERE h.org_id = NEW.org_id;
    RETURN NEW;
END $$;

-- A trigger's function is checked when the trigger is made, by who makes it.
GRANT EXECUTE ON FUNCTION audit_entries_before_insert TO pulse_owner;
GRANT EXECUTE ON FUNCTION audit_field, audit_text, audit_bytes, audit_genesis TO pulse_migrator;

RESET ROLE;
SET LOCAL ROLE pulse_migrator;

-- Entries written before there was a chain, in the order of their time.
DO $$
DECLARE
    entry audit_entries%ROWTYPE;
    org uuid;
    last_seq bigint;
    last_hash bytea;
BEGIN
    FOR entry IN SELECT * FROM audit_entries e ORDER BY e.org_id, e.at, e.id LOOP
        IF org IS DISTINCT FROM entry.org_id THEN
            org := entry.org_id;
            last_seq := 0;
            last_hash := audit_genesis(org);
            INSERT INTO audit_heads (org_id, seq, hash, first_seq) VALUES (org, 0, last_hash, 1);
        END IF;
        last_seq := last_seq + 1;
        entry.seq := last_seq;
        entry.at := date_trunc('milliseconds', entry.at);
        last_hash := sha256(last_hash || audit_bytes(entry));
        UPDATE audit_entries e SET seq = entry.seq, hash = last_hash, at = entry.at
        WHERE e.org_id = entry.org_id AND e.id = entry.id;
        UPDATE audit_heads h SET seq = last_seq, hash = last_hash WHERE h.org_id = org;
    END LOOP;
END $$;

RESET ROLE;

ALTER TABLE audit_entries ALTER COLUMN seq SET NOT NULL, ALTER COLUMN hash SET NOT NULL;
CREATE UNIQUE INDEX audit_entries_by_seq ON audit_entries (org_id, seq);
CREATE INDEX audit_entries_by_actor ON audit_entries (org_id, actor, seq);
CREATE INDEX audit_entries_by_action ON audit_entries (org_id, action, seq);
CREATE INDEX audit_entries_by_object ON audit_entries (org_id, object, seq);

CREATE TRIGGER before_insert BEFORE INSERT ON audit_entries
FOR EACH ROW EXECUTE FUNCTION audit_entries_before_insert();
