// Realtime: shows an organisation's inventory as it changes, over WebSocket and server-sent events.
// Owns: the messages of the live wire, one channel an organisation with a ring of its last deltas, resuming.
// Leaves to others: making deltas (Monitoring), rows (Resources), sockets and streams (HTTPKit), who may look (Access).
// A channel exists while somebody looks. It follows the bus first and reads the rows then, so nothing falls between;
// a delta that is told twice is harmless, a gap in the numbers means: load anew.
