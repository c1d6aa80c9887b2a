// Inventory: the words in which sources speak of things, shared by agents, collectors and the server.
// For: one vocabulary of metrics and values, so that what is measured, stored and shown means the same everywhere.
// Owns: metric names with unit and stored precision, samples and readings, the values of a resource.
// Leaves to others: storing them (History, Resources), merging claims about them (Monitoring), reading them off machines.
// Rule: plain values only; no clock, no database, no tasks.
