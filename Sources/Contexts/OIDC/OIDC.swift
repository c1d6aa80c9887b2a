// OIDC: people sign in at the provider of their organisation (OpenID Connect, code flow with PKCE).
// Owns: what a provider says of itself and its keys, the way there and back, every check of a token before a word of it is
// believed, groups, ends of sessions that a provider tells or is told, renewals, and why somebody was turned away.
// Leaves to others: rows, routes, cookies, what was consumed (SingleSignOn), reading tokens (JOSE), addresses (Outbound).
// Tempting wrong step: following an address or a key that a token names. Only discovery and settings say where to ask.
