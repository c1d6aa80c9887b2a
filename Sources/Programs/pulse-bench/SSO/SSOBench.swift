import ArgumentParser

/// What a login by somebody else's word costs us, against what the libraries under it cost by themselves.
struct SSOBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sso", abstract: "Single sign-on: SAML responses, ways back from an OpenID provider.")

    func run() async throws {
        var figures = Figures()
        try SAMLBench().measure(&figures)
        try await OIDCBench().measure(&figures)
        try figures.conclude()
    }
}
