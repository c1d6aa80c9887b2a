/// What the agent asks of an engine at most. Times are facts of the field: an engine on a loaded host needs them.
package struct DockerBudget: Hashable, Sendable {
    /// Of the rest the number is told.
    package var containers = 2000
    package var objects = 1000
    /// In one round, the longest unasked first: 1000 running containers have new values every eight rounds.
    package var statsPerRound = 120
    package var looksPerRound = 60
    /// Questions at once.
    package var width = 4
    /// For all stats of a round, and for all looks inside.
    package var turnTime: Duration = .seconds(8)

    package var infoTimeout: Duration = .seconds(8)
    package var listTimeout: Duration = .seconds(20)
    package var oneTimeout: Duration = .seconds(5)
    package var usageTimeout: Duration = .seconds(60)

    /// A list entry has 1 to 4 KB.
    package var listBytes = 8 * 1024 * 1024
    package var oneBytes = 1024 * 1024

    /// Rounds between two readings of what changes seldom, and of what is dear to measure.
    package var roundsPerList = 3
    package var roundsPerUsage = 30

    package init() {}
}
