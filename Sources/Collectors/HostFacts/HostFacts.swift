// HostFacts: what a Linux machine can say about itself, read from /proc, /sys and /etc.
// Owns the parsers (pure functions over text), the rates between two readings, and `HostCollector`, which makes reports.
// Everything is read below a root directory, so that a test feeds a tree of files and a container its host's root.
// What cannot be read is unknown and stays absent; it is never 0. Nothing here waits longer than five seconds.
// Leaves to others when to collect, who the agent is, and how the report travels.
