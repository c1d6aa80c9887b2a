package import Access
package import HTTPKit
package import Kernel
package import Logging
package import Postgres

/// Everything of this room, built from what it needs: its routes, and what runs beside them.
package struct TrailContext: Sendable {
    package let endpoints: [Endpoint]
    package let keeper: TrailKeeper

    package init(
        app: Database, workers: Database, gate: AccessGate, keys: TrailKeys, plan: RetentionPlan = .standard,
        time: any TimeSource, logger: Logger
    ) {
        let store = TrailStore(app)
        endpoints =
            TrailRoutes(FusedRead(gate: gate), store: store, keys: keys, plan: plan).endpoints
            + TrailProofRoutes(store: store, keys: keys, time: time).endpoints
            + PriorTrailRoutes(database: app, keys: keys).endpoints
            + TrailSettingsRoutes(store: store, plan: plan, time: time).endpoints
        keeper = TrailKeeper(store: store, workers: workers, keys: keys, plan: plan, time: time, logger: logger)
    }
}
