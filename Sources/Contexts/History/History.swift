// History: what was measured, kept small and read back quickly.
// For: charts and sparklines over half an hour to a year, true to the stored precision, a few seconds after the report.
// Owns: history_heads and history_chunks, the chunk codecs, roll-ups, retention, the history endpoints.
// Leaves to others: durability of a report before its checkpoint (Ingest's log), what a sample belongs to (Monitoring).
// The way in: `HeadBuffer` takes samples and makes `HeadCheckpoint`s; `HistoryStore.append` writes one in the caller's
// transaction, beside the deletion of the log rows it covers; `HistoryKeeper` closes windows. The way out: `HistoryStore.read`.
