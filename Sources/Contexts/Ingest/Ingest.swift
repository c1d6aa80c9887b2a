// Ingest: takes what agents push and makes it durable before it says thank you.
// Owns: the tables ingest_log and agent_streams, the report endpoints, the hint that tells the shard's worker.
// An acknowledgement means: committed in PostgreSQL, exactly once. Leaves to others: what a report means (Monitoring),
// who the agent is (Access, Fleet). A repeated report is answered like a new one and changes nothing.
// The hint carries the report so that the worker need not read it again; if it is lost, the log still has it.
