-- What: the tenants' role may take the site of an enrolment token away.
-- Why: when a site goes, tokens and machines that stand there stand nowhere; nothing names a place that is no more.
-- Beside running programs: safe. Lock: none. Back: revoke the grant.

GRANT UPDATE (site_id) ON enrollment_tokens TO pulse_app;
