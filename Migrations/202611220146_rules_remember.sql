-- What: an identity rule remembers what stood at its two places when it was missed there.
-- Why: a number is given to another guest; what people said was about the one before, also when the worker was started anew
-- between the two.
-- Beside running programs: safe, adds columns without defaults; who does not know them leaves them empty.
-- Back: drop the columns.

ALTER TABLE identity_rules
    ADD COLUMN missed       bytea,   -- as resource_claims.said; empty while it stands there
    ADD COLUMN other_missed bytea;
