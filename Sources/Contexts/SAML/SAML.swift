// SAML: an organisation's identity provider says who somebody is (SAML 2.0, Web Browser SSO and Single Logout profiles).
// Owns: our metadata and requests, what a provider's metadata says, which of its messages is believed and what of it is read.
// Leaves to others: rows, routes and cookies, and using up a request and an assertion once (SingleSignOn); XML and signatures
// (SignedXML). Knows no organisation: settings and a message come in, a login or a refusal goes out.
// Tempting wrong step: reading a field of the response itself. What counts stands in the `VerifiedElement`, nowhere else.
