// Connections: the platforms that are asked for an organisation, rather than report by themselves.
// Owns: where each is, why its certificate is believed, its sealed secret, how often it is asked, and how well it answered
// last; trying one before it is saved, and showing its certificate for a person to confirm.
// Leaves to others: speaking with a platform (the collectors, handed in), asking in time (Monitoring), what was found.
// Tempting wrong step: keeping a stored secret while host, trust or route change. Whoever may edit could send it home.
