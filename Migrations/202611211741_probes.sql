-- What: what a connection of kind `availability` checks.
-- Why: a check from outside is a connection like any other but for what is asked: ping, a port, a page, a name, a certificate.
-- Beside running programs: safe, adds a column that older programs do not read. Back: drop the column; checks are then
-- entered again.

-- JSON; NULL: of every other kind.
ALTER TABLE connections ADD COLUMN probe text
    CHECK (octet_length(probe) <= 8192) CHECK (probe IS NULL OR kind = 'availability');
