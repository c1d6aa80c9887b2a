import CNATS
import Glibc
import Kernel

/// One connection of libnats. Called on the bus's own thread; what libnats tells, it tells on threads of its own through
/// `NatsEars`.
final class NatsLink {
    /// Attempts go on for ever, this far apart at most.
    private static let slowestRetry: Int64 = 5000

    private let connection: OpaquePointer
    private var subscriptions: [Subject: OpaquePointer] = [:]

    /// Connects, or begins to try: a server that is away now is no failure.
    init(_ settings: NatsSettings, name: String, ears: NatsEars) throws(NatsFailure) {
        var options: OpaquePointer?
        try Self.check(natsOptions_Create(&options))
        defer { natsOptions_Destroy(options) }
        try Self.fill(options, settings, name: name, ears: ears.pointer)
        var connection: OpaquePointer?
        let status = natsConnection_Connect(&connection, options)
        guard let connection, status == NATS_OK || status == NATS_NOT_YET_CONNECTED else {
            throw NatsFailure(status)
        }
        self.connection = connection
        if status == NATS_OK { ears.onLink(.up) }
    }

    private static func fill(
        _ options: OpaquePointer?, _ settings: NatsSettings, name: String, ears: UnsafeMutableRawPointer
    ) throws(NatsFailure) {
        try check(natsOptions_SetURL(options, settings.url.reveal()))
        try check(natsOptions_SetName(options, name))
        // What this process publishes it has delivered to itself already, also while no server is there.
        try check(natsOptions_SetNoEcho(options, true))
        try check(natsOptions_SetTimeout(options, 2000))
        try check(natsOptions_SetMaxReconnect(options, -1))
        try check(natsOptions_SetCustomReconnectDelay(options, { _, attempts, _ in NatsLink.pause(attempts) }, nil))
        try check(natsOptions_SetPingInterval(options, 5000))
        try check(natsOptions_SetMaxPingsOut(options, 2))
        try check(natsOptions_SetWriteDeadline(options, 2000))
        try check(natsOptions_UseGlobalMessageDelivery(options, true))
        try check(natsOptions_SetMaxPendingMsgs(options, 16_384))
        try check(natsOptions_SetRetryOnFailedConnect(options, true, NatsEars.connected, ears))
        try check(natsOptions_SetReconnectedCB(options, NatsEars.connected, ears))
        try check(natsOptions_SetDisconnectedCB(options, NatsEars.disconnected, ears))
        try check(natsOptions_SetClosedCB(options, NatsEars.closed, ears))
        try check(natsOptions_SetErrorHandler(options, NatsEars.failed, ears))
        if settings.isSecure { try check(natsOptions_SetSecure(options, true)) }
        if let file = settings.authorities { try check(natsOptions_LoadCATrustedCertificates(options, file)) }
        if let own = settings.identity {
            try check(natsOptions_LoadCertificatesChain(options, own.certificate, own.key))
        }
        if let file = settings.credentials { try check(natsOptions_SetUserCredentialsFromFiles(options, file, nil)) }
    }

    /// 100 ms, doubling to the slowest, and up to a quarter more so that not all come back at once.
    fileprivate static func pause(_ attempts: Int32) -> Int64 {
        let base = min(100 << Int64(min(max(attempts - 1, 0), 10)), slowestRetry)
        return base + Int64.random(in: 0...base / 4)
    }

    /// - Returns: whether libnats has taken it.
    func publish(_ payload: [UInt8], to subject: Subject) -> Bool {
        natsConnection_Publish(connection, subject.text, payload, Int32(payload.count)) == NATS_OK
    }

    func subscribe(to subject: Subject, ears: NatsEars) throws(NatsFailure) {
        guard subscriptions[subject] == nil else { return }
        var subscription: OpaquePointer?
        try Self.check(natsConnection_Subscribe(&subscription, connection, subject.text, NatsEars.heard, ears.pointer))
        subscriptions[subject] = subscription
    }

    func unsubscribe(from subject: Subject) {
        guard let subscription = subscriptions.removeValue(forKey: subject) else { return }
        natsSubscription_Unsubscribe(subscription)
        natsSubscription_Destroy(subscription)
    }

    /// The server has what was told up to now. `false`: not within a second.
    func flush() -> Bool { natsConnection_FlushTimeout(connection, 1000) == NATS_OK }

    func close() {
        for subscription in subscriptions.values { natsSubscription_Destroy(subscription) }
        subscriptions = [:]
        natsConnection_Close(connection)
        natsConnection_Destroy(connection)
    }

    private static func check(_ status: natsStatus) throws(NatsFailure) {
        guard status == NATS_OK else { throw NatsFailure(status) }
    }
}

/// What libnats says went wrong; never an address, which may hold a password.
package struct NatsFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ status: natsStatus) { description = natsStatus_GetText(status).map { String(cString: $0) } ?? "unknown" }
}
