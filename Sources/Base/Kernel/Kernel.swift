// Kernel: the few values every room speaks. Knows nothing of monitoring, of databases or of HTTP.
// Owns: typed IDs, Timestamp and TimeSource, Randomness, Secret, Problem and Explained, paging, grants, small texts.
// Leaves to others: how any of them is stored (Postgres), written (JSONKit) or answered (HTTPKit).
// Every room sees this one, so a change here rebuilds the house: keep it small and still.
// One value a file; this file only says so.
