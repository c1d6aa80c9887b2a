// Resources: the inventory of an organisation as it is stored and shown.
// Owns: the tables resources, resource_keys, resource_successions, resource_live and org_heads, and every statement on
// them; `GET /api/resources` and what hangs below it. Leaves to others: deciding what a claim means (Monitoring), history
// of values (History), telling sockets (Realtime).
// Writing is the monitor's alone: it gets statements from here and sends them behind its fence, in one transaction.
