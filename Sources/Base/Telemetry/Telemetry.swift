// Telemetry: how a running Pulse is looked at from outside: logs on stderr and metrics for Prometheus.
// Owns the log lines' form (JSON or text, one line an event, keys sorted), the registry behind swift-metrics with its
// text exposition, and what the kernel knows of our process.
// Leaves to others what is worth saying (each room logs and counts its own) and where it is served (HTTPKit's admin
// listener). Nothing here may fail loudly: a program must not die of its own telescope.
