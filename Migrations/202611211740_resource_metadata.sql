-- What: what people write about resources: an address, notes, tags.
-- Why: a container is made anew with every change of it; what a person wrote must be found again by what stays, and must
-- not be given to another. So a row names what it is about by `target_id` and `anchor`: for a container its host and the
-- name that stays (compose's project, service and number, else its own), for all else the resource and nothing.
-- Beside running programs: safe, creates only. Back: drop the table; what was written is lost.

CREATE TABLE resource_metadata (
    org_id      uuid NOT NULL REFERENCES orgs (id),
    id          uuid NOT NULL,
    target_id   uuid NOT NULL,
    anchor      text NOT NULL DEFAULT '' CHECK (octet_length(anchor) <= 1024),
    -- What it was attached to when it was written, for lists.
    resource_id uuid NOT NULL,
    custom_url  text CHECK (octet_length(custom_url) BETWEEN 1 AND 2048),
    -- Free text of people; NULL: none.
    notes       sealed,
    tags        text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 16),
    revision    bigint NOT NULL,
    changed_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX resource_metadata_by_target ON resource_metadata (org_id, target_id, anchor);
SELECT pulse_owner_tools.tenant_table('resource_metadata');
GRANT SELECT, INSERT, UPDATE, DELETE ON resource_metadata TO pulse_app;
