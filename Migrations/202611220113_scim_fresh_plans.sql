-- What: the functions by which a directory's people come and go are planned anew each time.
-- Why: a plan that was kept from when the tables were empty walks all users of the organisation for one of them: a first
-- synchronisation of 10,000 took twice the computing time.
-- Beside running programs: safe. Lock: none. Back: ALTER FUNCTION … RESET plan_cache_mode.

ALTER FUNCTION scim_join(uuid, text, text, text, uuid, timestamptz) SET plan_cache_mode = 'force_custom_plan';
ALTER FUNCTION scim_leave(uuid, timestamptz) SET plan_cache_mode = 'force_custom_plan';
