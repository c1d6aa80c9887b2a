-- What: what a resource runs on and who speaks of it, as columns; and a timeline of what changed.
-- Why: the children of a machine and the resources of one source are asked for by these; a change is kept in the
--      transaction that stored it, so that nobody reads of one that was taken back.
-- Beside running programs: safe; the filling of `sources` locks each row of resources once.
-- Back: drop the table and the columns.

ALTER TABLE resources ADD COLUMN parent_id uuid;
ALTER TABLE resources ADD COLUMN sources text[] NOT NULL DEFAULT '{}';   -- the leading one first
CREATE INDEX resources_by_parent ON resources (org_id, parent_id) WHERE parent_id IS NOT NULL;

-- Else a machine whose facts stay the same would be of no source.
SET LOCAL ROLE pulse_migrator;
-- touches no rows
UPDATE resources SET sources = ARRAY[source];
RESET ROLE;

CREATE TABLE resource_changes (
    org_id        uuid        NOT NULL,
    id            uuid        NOT NULL,
    resource_id   uuid        NOT NULL,   -- stays when the resource is gone
    connection_id uuid        NOT NULL,   -- who said so: decides who sees it
    resource_name text        NOT NULL,
    resource_type text        NOT NULL,
    observed_at   timestamptz NOT NULL,
    kind          text        NOT NULL,
    from_state    text,
    to_state      text,
    source_type   text        NOT NULL CHECK (source_type IN
                  ('platform_event', 'pulse_diff', 'heuristic', 'user_action', 'agent_action')),
    source        text        NOT NULL,   -- agent, proxmox …
    actor         text,
    confidence    text        NOT NULL CHECK (confidence IN ('high', 'medium', 'low')),
    reason        text,
    related_id    uuid,                   -- the other resource that it is about: where a guest runs now
    PRIMARY KEY (org_id, id)
);
SELECT pulse_owner_tools.tenant_table('resource_changes');
GRANT SELECT, INSERT, DELETE ON resource_changes TO pulse_app;
CREATE INDEX resource_changes_of_resource ON resource_changes (org_id, resource_id, id DESC);
CREATE INDEX resource_changes_by_time ON resource_changes (org_id, observed_at);
