// Monitoring: the live part of each organisation. Claims come in, the inventory, its history and numbered deltas go out.
// Owns: the leases of shards, one monitor an organisation, the meaning of an agent's report. A monitor decides in a pure
// value (`OrgMonitorState`) and acts outside it, in one fenced transaction a flush.
// Leaves to others: the log of reports (Ingest), rows of the inventory (Resources), chunks (History), sockets (Realtime).
// Tempting wrong step: publishing a delta before its commit. A reader would then show what a crash takes back.
