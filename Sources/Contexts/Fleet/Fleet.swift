// Fleet: the agents of an organisation, and how a machine becomes one of them.
// Owns: agents, enrolment tokens, the install script and the agent's download. A one-time token is traded for a runtime
// token that is bound to the organisation and to the machine.
// Leaves to others: admitting an agent's requests (Access), its reports (Ingest), the machine they show (Resources).
// A removed agent is refused from its next request on; the organisation's generation rises, so its monitor hears of it.
