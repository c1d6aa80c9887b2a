package import Kernel

/// How one role reaches PostgreSQL.
package struct DatabaseConfiguration: Sendable {
    /// A libpq connection URI or keyword string, password included.
    package var url: Secret<String>
    /// Connections whose pipelines all statements share.
    package var sharedConnections = 8
    /// Connections that explicit transactions lease whole.
    package var leasedConnections = 8
    package var applicationName = "pulse"
    /// How long a statement waits when no connection is up. Short: the caller answers 503 and the client comes back.
    package var unavailableAfter: Duration = .milliseconds(500)
    /// How long a transaction waits for a connection of its own.
    package var leaseTimeout: Duration = .seconds(2)

    package init(url: Secret<String>) { self.url = url }
}
