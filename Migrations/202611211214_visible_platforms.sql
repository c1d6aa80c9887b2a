-- What: whoever sees a part of the inventory sees what platforms tell of, too, when their connection stands in that part.
-- Why: only what agents report was ever in a part, so a connection's site and tags meant nothing to custom roles.
-- Beside running programs: safe, the function keeps its shape. Lock: none. Back: the function of 1023.

-- The connections, agents among them, that `pulse.sight` lets the caller see.
CREATE OR REPLACE FUNCTION visible_connections() RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pulse AS $$
    SELECT a.id
    FROM (SELECT id, site_id, tags FROM agents UNION ALL SELECT id, site_id, tags FROM connections) a,
         (SELECT nullif(current_setting('pulse.sight', true), '')::jsonb AS sight) s
    WHERE (s.sight -> 'any' IS NULL OR EXISTS (
               SELECT FROM jsonb_array_elements(s.sight -> 'any') c
               WHERE (c -> 'sites' IS NULL OR c -> 'sites' ? a.site_id::text)
                 AND (c -> 'tags' IS NULL OR c -> 'tags' ?| a.tags)))
      AND NOT EXISTS (
               SELECT FROM jsonb_array_elements(s.sight -> 'not') c
               WHERE (c -> 'sites' IS NULL OR c -> 'sites' ? a.site_id::text)
                 AND (c -> 'tags' IS NULL OR c -> 'tags' ?| a.tags))
$$;
