// Relay: reaching what stands behind NAT through agents that their own administrators made gateways.
// Owns: the live connections of gateways in this process, the streams over them, which of them may go on, where those of
// other processes are, and the way out that collectors use without noticing.
// Leaves to others: the wire (AgentProtocol), what may be reached (the agent), TLS and pins over a stream (Outbound).
// Tempting wrong step: believing a row that says "connected". Rows outlive processes; only an answered call is a gateway.
