// AgentProtocol: what agents and the server say to each other, as values with codecs both ways.
// Owns the host report, the backlog batch, enrolment, the replies and the limits that both sides keep.
// Reads as laxly as the field's agents need: unknown members are passed over, null leaves the default, keys match in
// any case, year 1 means "no time"; but a wrong type is refused with the member's path.
// Leaves to others who may report, what a host's identity is, and what the numbers mean for its status.

package import JSONKit

/// Bounds that the agent keeps and the server enforces. A host beyond them reports its first so many.
package enum ReportLimits {
    package static let bodyBytes = 256 * 1024
    package static let decodedBytes = 1536 * 1024
    package static let backfillBodyBytes = 2 * 1024 * 1024
    package static let backfillDecodedBytes = 10 * 1024 * 1024
    package static let backfillReports = 100
    package static let disks = 512
    package static let blockDevices = 512
    package static let interfaces = 512
    package static let addressesPerInterface = 64
    package static let sensors = 512
    package static let cores = 4096
    package static let tags = 64
    package static let containers = 2000
    /// Of each other list of a container engine.
    package static let dockerObjects = 2000
    package static let labelsPerContainer = 64
    package static let partsPerContainer = 64
    /// What the agent puts into a report of its engine, packed: the body as a whole may have `bodyBytes`.
    package static let packedDockerBytes = 160 * 1024
    /// UTF-8 bytes of any name.
    package static let nameBytes = 512
    /// DNS allows 253.
    package static let hostnameBytes = 253
    package static let mountpointBytes = 4096

    /// How reports are read on the server: any key case, bytes behind the object ignored.
    package static let readerOptions = JSONReader.Options(
        maxDepth: 64, ignoresKeyCase: true, allowsTrailingBytes: true)
}
