// Bus: hints and deltas between the services of Pulse, by subject. Never the only copy of anything: what is published is
// committed in PostgreSQL first, and whoever misses a message finds out by its number or by looking again.
// Owns: the subjects, the in-process bus. Leaves to others: what the payloads mean.
// One code path in all roles: services know `MessageBus` only, whether its other side is this process or a server.
