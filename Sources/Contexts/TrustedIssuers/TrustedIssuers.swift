// TrustedIssuers: an organisation's programs call with tokens of its own identity provider.
// Owns: which issuers an organisation trusts, where their keys are, when their tokens hold, and what role a token comes to.
// Leaves to others: reading tokens, checking signatures and keeping fetched keys (JOSE), letting the bearer in (Access),
// reaching addresses of customers (Outbound).
// Tempting wrong step: believing the token's header. It names a key and an algorithm; which are good is said by the trust.
internal import Kernel

extension Problem {
    static let trustedIssuerNotFound = Problem(
        "trusted-issuer-not-found", status: 404, title: "No such trusted issuer")
    static let trustedIssuerExists = Problem(
        "trusted-issuer-exists", status: 409, title: "This issuer is trusted already",
        detail: "An issuer can be trusted once for each audience; change that one.")
    static let trustedIssuerLimit = Problem(
        "trusted-issuer-limit", status: 409, title: "Enough issuers are trusted",
        detail: "An organisation may trust \(IssuerStore.limit); remove one first.")
}
