-- What: sites, the places an organisation's machines stand at.
-- Why: people look after places; rules and enrolment may name one.
-- Beside running programs: safe, creates only. Back: drop the table.

CREATE TABLE sites (
    org_id       uuid NOT NULL REFERENCES orgs (id),
    id           uuid NOT NULL,
    name         text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    -- Lower case: what is sorted by, and is there once.
    name_key     text NOT NULL,
    description  text NOT NULL DEFAULT '' CHECK (octet_length(description) <= 500),
    tags         text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 16),
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX sites_by_name ON sites (org_id, name_key);

SELECT pulse_owner_tools.tenant_table('sites');
GRANT SELECT, INSERT, UPDATE (name, name_key, description, tags), DELETE ON sites TO pulse_app;
