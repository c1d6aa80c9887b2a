package import Kernel
package import Postgres

extension Visibility {
    /// Makes the statements after it in the transaction see no more than this. Fused reads need it not: admission sets it.
    package var enter: SQL { "SELECT set_config('pulse.sight', \(text), true)" }

    /// True for what is seen: everything where nothing narrows, else what an agent reports that stands in the part.
    /// - Parameter connection: a column; what no agent reports is hidden from whoever sees a part.
    package static func shows(_ connection: SQL) -> SQL {
        """
        (coalesce(current_setting('pulse.sight', true), '') = '' OR \(connection) IN (SELECT visible_connections()))
        """
    }
}

extension Optional<Visibility> {
    /// `statements`, seen through this.
    package func narrowing(_ statements: [SQL]) -> [SQL] { (map { [$0.enter] } ?? []) + statements }
}
