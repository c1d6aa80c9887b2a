import Inventory

/// Whether readers were told of everything that the database has. Pure.
///
/// A delta may be on its way while the database is asked, so what is missing counts only when it is missing twice.
struct HeadProgress {
    enum Verdict { case even, behind }

    private var told: OrgHead?
    private var missing: OrgHead?

    /// A reader has loaded everything; the first one sets the mark. Others may have missed what a later one finds.
    mutating func loaded(_ head: OrgHead) { if told == nil { told = head } }

    /// A delta was passed on, or everybody was told to load anew.
    mutating func told(_ head: OrgHead) { if head > told ?? .none { told = head } }

    /// The database's head.
    mutating func found(_ head: OrgHead) -> Verdict {
        guard let told, head > told else {
            missing = nil
            return .even
        }
        guard let missing, missing > told else {
            missing = head
            return .even
        }
        // Who loads now finds at least this.
        self.told = head
        self.missing = nil
        return .behind
    }
}
