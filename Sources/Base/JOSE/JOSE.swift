// JOSE: tokens that others sign, and the public keys that they sign with.
// Owns: reading a compact JWS and its claims strictly, which algorithms count, JWK sets, checking a signature, keeping
// what issuers publish for a while. JWTKit does the mathematics; nothing else in Pulse knows it.
// Leaves to others: whose tokens are believed and what their claims come to (TrustedIssuers, OIDC), reaching addresses
// (Outbound). Tempting wrong step: believing a token's header; it asks for a key, and others say which keys there are.
