// Bus: hints and deltas between the services of Pulse, by subject. Never the only copy of anything: what is published is
// committed in PostgreSQL first, and whoever misses a message finds out by its number or by looking again.
// Owns: the subjects, the bus within a process, the bus between processes (core NATS). Leaves to others: what payloads mean.
// One code path in all roles: services know `MessageBus` only, whether its other side is this process or a server.
// Tempting wrong step: acknowledging something because it was published. A server that is gone takes messages with it.
