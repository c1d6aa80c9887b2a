-- What: tags and the names of clusters of a resource as columns.
-- Why: lists are asked for by them; the facts that hold them are packed.
-- Beside running programs: safe, a constant default rewrites nothing. Rows that are stored already get theirs from their
-- monitor when it has merged the resource anew, within a minute of its start.
-- Back: drop the columns.

ALTER TABLE resources ADD COLUMN tags text[] NOT NULL DEFAULT '{}';       -- lower case
ALTER TABLE resources ADD COLUMN clusters text[] NOT NULL DEFAULT '{}';   -- lower case: a name, a number
