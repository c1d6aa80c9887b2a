package import Bus
import Kernel

/// What processes of one Pulse need to work together.
package struct PoolSettings: Sendable {
    /// `PULSE_NATS_URL`, `PULSE_NATS_CREDENTIALS`, `PULSE_NATS_CA`, `PULSE_NATS_CERT`, `PULSE_NATS_KEY`. Default none: the
    /// bus of `pulse up` is in its process.
    package var nats: NatsSettings?
    /// `PULSE_LEASE_SECONDS`: 2...300. Default 15.
    package var leaseLifetime: Duration

    static let keys = [
        "PULSE_NATS_URL", "PULSE_NATS_CREDENTIALS", "PULSE_NATS_CA", "PULSE_NATS_CERT", "PULSE_NATS_KEY",
        "PULSE_LEASE_SECONDS",
    ]

    init(_ reader: EnvironmentReader) throws(ConfigurationError) {
        leaseLifetime = .seconds(try reader.integer("PULSE_LEASE_SECONDS", in: 2...300) ?? 15)
        guard let url = reader.text("PULSE_NATS_URL") else {
            for key in Self.keys.prefix(5) where reader.text(key) != nil {
                throw .missing("PULSE_NATS_URL", wanted: "an address of NATS, because \(key) is set")
            }
            return
        }
        guard NatsSettings.isAddress(url) else {
            throw .unfit(
                "PULSE_NATS_URL", saw: "<secret>", wanted: "nats://host:4222 or tls://host:4222, or several with commas"
            )
        }
        nats = NatsSettings(
            url: Secret(url), credentials: reader.text("PULSE_NATS_CREDENTIALS"),
            authorities: reader.text("PULSE_NATS_CA"), identity: try Self.identity(reader))
    }

    private static func identity(_ reader: EnvironmentReader) throws(ConfigurationError) -> NatsSettings.Identity? {
        switch (reader.text("PULSE_NATS_CERT"), reader.text("PULSE_NATS_KEY")) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return NatsSettings.Identity(certificate: certificate, key: key)
        case (nil, _): throw .missing("PULSE_NATS_CERT", wanted: "the certificate that belongs to PULSE_NATS_KEY")
        case (_, nil): throw .missing("PULSE_NATS_KEY", wanted: "the key of PULSE_NATS_CERT")
        }
    }

    /// A role that cannot do without others must be able to hear of them.
    func check(_ role: ProgramRole) throws(ConfigurationError) {
        guard role != .up, nats == nil else { return }
        throw .missing(
            "PULSE_NATS_URL", wanted: "the NATS server by which `pulse \(role.rawValue)` hears of the others")
    }
}
