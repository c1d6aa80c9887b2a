/// Which part of a list is wanted: a page by number (lists of the facts) or from a cursor on (all lists).
package struct Paging: Hashable, Sendable {
    /// From 1. Ignored when `cursor` is set.
    package let page: Int
    /// 1...100, clamped.
    package let limit: Int
    /// Opaque; names the last row seen.
    package let cursor: String?

    package init(page: Int = 1, limit: Int = 50, cursor: String? = nil) {
        self.page = min(max(page, 1), 1_000_000)
        self.limit = min(max(limit, 1), 100)
        self.cursor = cursor
    }

    package var offset: Int { (page - 1) * limit }

    package func totalPages(of total: Int) -> Int { (total + limit - 1) / limit }
}
