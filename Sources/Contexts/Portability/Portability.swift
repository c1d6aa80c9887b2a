// Portability: everything an organisation owns as one archive, and a fresh organisation from such an archive.
// Owns: what of each table travels (worked out from the database's catalogue), the archive's form, export and import.
// Leaves to others: what the rows mean (each feature), who may take them out (Access), erasing what stays behind (Tenancy).
// Nothing is held in memory but one part of a megabyte; an import is one transaction, so what is refused was never there.
// Tempting wrong step: a list of tables to export. The catalogue is the list; what stays behind is named with its reason.
internal import Kernel

/// How much is taken, and for how long.
enum PortabilityLimits {
    /// Of the archive as it is sent.
    static let archiveBytes = 1 << 30
    /// Of all of it when it is unpacked.
    static let unpackedBytes = 16 << 30
    /// Of one file in it; ours are of 1 MiB and one row.
    static let fileBytes = 32 << 20
    /// When a file of rows is full.
    static let partBytes = 1 << 20
    /// Rows of one statement.
    static let rowsAtOnce = 1000
    /// In one process at a time: each holds a connection of its own.
    static let atOnce = 4
    static let duration: Duration = .seconds(3600)
    /// Of what has to be entered again, in an answer.
    static let toldAgain = 1000
    /// People of an archive from elsewhere: as many as may be invited in a day.
    static let invited = 100
}

extension Problem {
    static let exportRunning = Problem(
        "export-running", status: 409, title: "An export of this organisation is under way", retryAfterSeconds: 30)
    static let importRunning = Problem(
        "import-running", status: 409, title: "An import into this organisation is under way", retryAfterSeconds: 30)
    static let portabilityBusy = Problem(
        "portability-busy", status: 503, title: "Too many exports and imports at once",
        detail: "This Pulse does four at a time in one process.", retryAfterSeconds: 60)
    static let organisationNotEmpty = Problem(
        "organisation-not-empty", status: 409, title: "This organisation is not fresh",
        detail: "An archive goes into a new organisation that you are alone in and have not used yet.")
    static let archiveType = Problem(
        "unsupported-media-type", status: 415, title: "An archive is wanted",
        detail: "Send it as it was exported, with Content-Type application/gzip.")
    static let archiveRefused = Problem(
        "archive-refused", status: 422, title: "This archive is not taken",
        detail: "It is damaged, incomplete, or not an archive of an organisation; nothing of it was kept.")
}

/// Why an archive is not taken: where, and what is wrong there.
struct ArchiveRefusal: Explained, Equatable {
    let reason: String
    var file: String?
    /// From 1, within the file.
    var line: Int?

    var problem: Problem {
        var problem = Problem.archiveRefused
        let place = [file, line.map { "line \($0)" }].compactMap { $0 }.joined(separator: ", ")
        problem.detail = place.isEmpty ? "\(reason). Nothing of it was kept." : "\(place): \(reason). Nothing was kept."
        if let file { problem.extras["file"] = String(file.prefix(200)) }
        if let line { problem.extras["line"] = "\(line)" }
        return problem
    }
}
