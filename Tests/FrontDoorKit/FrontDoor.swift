package import Access
package import Cryptography
import CoreMetrics
import Foundation
package import HTTPKit
package import Identity
package import Kernel
package import Logging
import Mail
package import TestKit
import Vault

/// The way into Pulse without a socket: endpoints behind the real gate on the test's database, a clock to move, and
/// the mail that would have gone out.
package struct FrontDoor {
    package let time: ManualTime
    package let mail = KeptMail()
    package let touches: SessionTouches
    package let gate: AccessGate
    package let context: IdentityContext
    private let responder: Responder
    private let keys: KeyDirectory

    /// Cheap hashes: what is tested here is how often one is made, not how strong it is.
    package static let passwords = PasswordHasher(cost: PasswordCost(memoryKiB: 64, passes: 1, lanes: 1))

    /// - Parameters:
    ///   - externals: who reads tokens that others issued; nobody unless told.
    ///   - more: endpoints besides those of Identity.
    ///   - idempotency: what remembers answers; nothing does unless told.
    package init(
        passwords: PasswordHasher = FrontDoor.passwords, hasRateLimits: Bool = false, time: ManualTime = ManualTime(),
        externals: (any ExternalTokens)? = nil,
        _ more: (FrontDoorParts) -> [Endpoint] = { _ in [] },
        idempotency: (IdentityContext) -> (any IdempotencyStore)? = { _ in nil }
    ) throws {
        let database = TestDatabase.current.app
        self.time = time
        touches = SessionTouches(database: database, time: time, logger: .silent)
        gate = AccessGate(database: database, touches: touches, time: time, externals: externals)
        keys = KeyDirectory()
        let vault = SecretVault(
            KeyRing(database, providers: KeyProviders(standard: keys.provider), time: time))
        context = IdentityContext(
            database: database, passwords: passwords, mail: mail,
            links: LinkKey(secret: Secret(Array("a secret key for tests, 32 bytes!".utf8))), vault: vault, time: time,
            publicURL: "https://pulse.example.com")
        let endpoints =
            SignInRoutes(context).endpoints + ProfileRoutes(context).endpoints
            + PasswordRoutes(context).endpoints + AccountRoutes(context).endpoints
            + SecondStepRoutes(context).endpoints + ZeroKnowledgeRoutes(context).endpoints
            + PasskeyRoutes(context).endpoints
            + more(FrontDoorParts(context: context, gate: gate))
        var settings = HTTPSettings()
        settings.rateMultiplier = hasRateLimits ? 1 : 0
        settings.knownCaller = { [context] in context.knownBrowser(of: $0) }
        responder = Responder(
            table: try EndpointTable(endpoints), gate: gate, settings: settings,
            metrics: HTTPMetrics(factory: NOOPMetricsHandler.instance), logger: .silent,
            idempotency: idempotency(context))
    }

    /// A browser in which this person has just signed in.
    package func browser(of user: UserID, at now: Timestamp? = nil) async throws -> Browser {
        let csrf = BearerToken.new(.csrf)
        let session = try await Given.session(of: user, csrfHash: csrf.hash, at: now ?? time.now)
        let browser = browser()
        browser.cookies = ["pulse_session": session.token.text.reveal(), "pulse_csrf": csrf.text.reveal()]
        return browser
    }

    /// A browser that has never been here.
    package func browser(at address: String = "192.0.2.10") -> Browser {
        Browser(responder: responder, address: address)
    }
}

/// A key store of one's own, gone with its door.
private final class KeyDirectory: Sendable {
    private let path = FileManager.default.temporaryDirectory.appending(path: "pulse-keys-\(UUID())").path()

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var provider: KeyStoreProvider { KeyStoreProvider(directory: path, root: .file(path: "\(path)/root.key")) }
}

package struct FrontDoorParts {
    package let context: IdentityContext
    package let gate: AccessGate

    package init(context: IdentityContext, gate: AccessGate) {
        (self.context, self.gate) = (context, gate)
    }
}

extension Logger {
    package static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
