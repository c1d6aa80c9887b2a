internal import Kernel

extension Problem {
    static let connectionNotFound = Problem("connection-not-found", status: 404, title: "No such connection")
    static let connectionNameTaken = Problem(
        "connection-name-taken", status: 409, title: "A connection of this name is there already", field: "name")
    static let connectionLimit = Problem(
        "connection-limit", status: 409, title: "There are enough connections",
        detail: "An organisation may have \(ConnectionStore.limit); remove one first.")
    static let connectionChanged = Problem(
        "connection-changed", status: 412, title: "Somebody changed this connection meanwhile",
        detail: "Read it again and make your change to what is there now.")
    /// Who may change where a secret goes does not thereby learn it.
    static let connectionSecretRequired = Problem(
        "connection-secret-required", status: 422, title: "Enter the secret again",
        detail:
            "The address, the way there, what is trusted or who signs in is another. A stored secret is sent only to the place and under the trust that it was entered for.",
        field: "secret")
    static let connectionDisabled = Problem(
        "connection-disabled", status: 409, title: "This connection is switched off",
        detail: "Switch it on, and it is asked at once.")
    static let connectionTestBusy = Problem(
        "connection-test-busy", status: 429, title: "Enough connections are being tested",
        detail: "Wait for the tests that run to end.", retryAfterSeconds: 5)
    static let noSuchSite = invalidField("siteId", "a site of this organisation is wanted")
    static let noSuchGateway = invalidField("agentId", "an agent of this organisation is wanted")
    static let secretUnwanted = invalidField("secret", "nothing is signed in to; leave it out")
    static let secretMissing = invalidField("secret", "the secret of the token, or the password, is wanted")
}
