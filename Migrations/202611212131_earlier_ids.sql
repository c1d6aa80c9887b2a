-- What: an index on what goes on in the place of an id.
-- Why: every chart asks which ids its resources had before.
-- Beside running programs: locks the table against writing while it is built; it has a row for each two that became one.
-- Back: drop the index.

CREATE INDEX resource_successions_by_new ON resource_successions (org_id, new_id);
