-- What: the keys under which secrets are sealed: data keys, wrapped, and the names of the keys that wrap them.
-- Why: each organisation has its own, so that its secrets end with its keys and no other organisation's do.
-- Lock: the check on orgs reads the table once under a lock that stops changes of it; it is small. Else none.
-- Back: drop both tables; whatever is sealed by then cannot be opened any more.
--
-- Nothing here opens anything: wrapping keys are held by the key provider (a directory outside the database, KMS, Transit).
-- The installation's own keys stand under the nil UUID, which is no organisation: hence no reference to orgs.

ALTER TABLE orgs ADD CONSTRAINT orgs_id_is_not_nil CHECK (id <> '00000000-0000-0000-0000-000000000000');

CREATE TABLE wrapping_keys (
    org_id      uuid NOT NULL,
    id          uuid NOT NULL,
    provider    text NOT NULL CHECK (provider IN ('file', 'environment', 'aws-kms', 'transit')),
    -- What the provider calls it.
    reference   text NOT NULL CHECK (octet_length(reference) BETWEEN 1 AND 2048),
    -- Brought by the organisation.
    is_own      boolean NOT NULL DEFAULT false,
    -- active: wraps. retired: wraps nothing here any more, kept for backups until destroy_after.
    -- destroying: to be destroyed at its provider. destroyed: that is done; the row stays and keeps new keys away.
    state       text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'retired', 'destroying', 'destroyed')),
    created_at  timestamptz NOT NULL,
    retired_at  timestamptz,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX wrapping_keys_one_active ON wrapping_keys (org_id) WHERE state = 'active';
CREATE INDEX wrapping_keys_to_destroy ON wrapping_keys (state, retired_at) WHERE state IN ('retired', 'destroying');

CREATE TABLE data_keys (
    org_id           uuid NOT NULL,
    id               uuid NOT NULL,
    version          int NOT NULL CHECK (version > 0),
    wrapping_key_id  uuid NOT NULL,
    wrapped          bytea NOT NULL,
    -- current: seals and opens. retiring: opens, while what it sealed is being sealed anew.
    state            text NOT NULL DEFAULT 'current' CHECK (state IN ('current', 'retiring')),
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, version),
    FOREIGN KEY (org_id, wrapping_key_id) REFERENCES wrapping_keys (org_id, id)
);
CREATE UNIQUE INDEX data_keys_one_current ON data_keys (org_id) WHERE state = 'current';

SELECT pulse_owner_tools.tenant_table('wrapping_keys');
SELECT pulse_owner_tools.tenant_table('data_keys');
GRANT SELECT, INSERT, UPDATE, DELETE ON wrapping_keys, data_keys TO pulse_app;

-- An organisation whose keys were destroyed gets no new ones: what is sealed after its erasure would outlive it.
CREATE FUNCTION wrapping_keys_before_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pulse AS $$
BEGIN
    IF EXISTS (SELECT FROM wrapping_keys w WHERE w.org_id = NEW.org_id AND w.state IN ('destroying', 'destroyed')
               AND w.retired_at IS NULL) THEN
        RAISE EXCEPTION 'the keys of this organisation were destroyed' USING ERRCODE = 'PL002';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER before_insert BEFORE INSERT ON wrapping_keys
    FOR EACH ROW EXECUTE FUNCTION wrapping_keys_before_insert();
