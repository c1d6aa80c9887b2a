-- What: what people say about identity: these two claims are of one thing, or of two.
-- Why: evidence is wrong where machines were cloned or a platform says nothing; a person's word beats it, and has to
-- survive restarts. Claims are named by connection and key, since ids of resources follow from it.
-- Beside running programs: safe, creates only.
-- Back: drop the table.

CREATE TABLE identity_rules (
    org_id           uuid        NOT NULL,
    id               uuid        NOT NULL,
    kind             text        NOT NULL CHECK (kind IN ('same', 'different')),
    connection_id    uuid        NOT NULL,   -- the smaller of the two claims
    key              text        NOT NULL,
    other_connection uuid        NOT NULL,
    other_key        text        NOT NULL,
    reason           text        NOT NULL,
    made_by          text        NOT NULL,   -- the kind and id of who said so
    made_at          timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, connection_id, key, other_connection, other_key),
    CHECK (connection_id < other_connection)   -- within one connection every key is a thing of its own
);
SELECT pulse_owner_tools.tenant_table('identity_rules');
GRANT SELECT, INSERT, UPDATE, DELETE ON identity_rules TO pulse_app;
