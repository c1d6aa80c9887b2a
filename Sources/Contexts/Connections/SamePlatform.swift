internal import Inventory
internal import Kernel

/// A connection that leads, or seems to lead, to what is being tried.
struct SamePlatform: Sendable {
    enum Why: String, CaseIterable, Sendable {
        case address = "same-address"
        /// The platform calls itself the same: another address of one cluster, or two clusters of one name.
        case platform = "same-platform"
    }

    let id: ConnectionID
    let name: String
    let why: Why

    static func among(
        _ all: [WatchedConnection], tried spec: ConnectionSpec, found: ConnectionProbe?, except own: ConnectionID?
    ) -> [SamePlatform] {
        all.compactMap { other in
            guard other.id != own, other.kind == spec.kind else { return nil }
            if let there = try? other.spec.get(), there.host == spec.host, there.port == spec.port,
                there.route == spec.route
            {
                return SamePlatform(id: other.id, name: other.name, why: .address)
            }
            guard let name = found?.instanceName, name == other.health.instanceName else { return nil }
            return SamePlatform(id: other.id, name: other.name, why: .platform)
        }
    }
}
