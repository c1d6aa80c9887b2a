/// Why pveproxy refuses, with its own words: the reason stands in the status line as well as in the body.
struct PVEError: Error {
    let status: Int
    let reason: String
    /// By parameter.
    var errors: [(String, String)] = []

    static func internalError(_ reason: String) -> PVEError { PVEError(status: 500, reason: reason) }
    static func forbidden(_ path: String, _ privilege: String) -> PVEError {
        PVEError(status: 403, reason: "Permission check failed (\(path), \(privilege))")
    }
    static func badParameter(_ name: String, _ why: String) -> PVEError {
        PVEError(status: 400, reason: "Parameter verification failed.", errors: [(name, why)])
    }
    static let unauthorized = PVEError(status: 401, reason: "No ticket")
    static let wrongLogin = PVEError(status: 401, reason: "authentication failure")
    static let wrongToken = PVEError(status: 401, reason: "invalid token value!")
    static let unreachable = PVEError(status: 595, reason: "No route to host")
}
