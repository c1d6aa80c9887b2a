import Crypto
import Kernel
import NIOConcurrencyHelpers
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// Files below one directory, as they are on disk at the moment of the request. Names with a content hash are cached by
/// browsers for ever, all others are asked for again with their ETag.
package final class StaticFiles: Sendable {
    struct Stamp: Hashable {
        let byteCount: Int
        let modifiedSeconds: Int
        let modifiedNanoseconds: Int
        let inode: UInt64
    }

    /// A file as it was when its stamp was taken.
    struct Entry: Sendable {
        let path: String
        let stamp: Stamp
        let etag: String
        /// The content, for files up to `maxKeptBytes`.
        let bytes: [UInt8]?
    }

    private let directory: String
    private let entries = NIOLockedValueBox<[String: Entry]>([:])
    private static let maxKeptBytes = 512 * 1024
    private static let maxEntries = 256

    /// - Parameter directory: need not exist yet; until it does, nothing is found.
    package init(directory: String) { self.directory = directory }

    /// The file that the request's path names; `nil` when there is none.
    package func response(to request: APIRequest) async -> APIResponse? {
        await response(for: request.path, acceptsGzip: Self.acceptsGzip(request.headers))
    }

    /// A single-page application: the file of that name, else `page` for every path that looks like a page (no dot in its
    /// last segment), else `nil`.
    package func response(to request: APIRequest, orPage page: String) async -> APIResponse? {
        if let file = await response(to: request) { return file }
        guard let last = request.path.split(separator: "/", omittingEmptySubsequences: false).last, !last.contains(".")
        else { return nil }
        return await response(for: "/" + page, acceptsGzip: Self.acceptsGzip(request.headers))
    }

    private func response(for path: String, acceptsGzip: Bool) async -> APIResponse? {
        // Reading a file may block: not on the cooperative threads.
        try? await NIOThreadPool.singleton.runIfActive { [self] in
            let packed = entry(for: path + ".gz")
            guard let plain = entry(for: path) else { return nil }
            let usesPacked =
                acceptsGzip && packed.map { $0.stamp.modifiedSeconds >= plain.stamp.modifiedSeconds } == true
            let chosen = usesPacked ? packed ?? plain : plain
            var response = APIResponse(body: chosen.body)
            response.headers["content-type"] = MediaType.of(path)
            response.headers["etag"] = chosen.etag
            response.headers["cache-control"] =
                Self.hasContentHash(path) ? "public, max-age=31536000, immutable" : "no-cache"
            if packed != nil { response.headers["vary"] = "Accept-Encoding" }
            if usesPacked { response.headers["content-encoding"] = "gzip" }
            return response
        }
    }

    // MARK: Looking up

    private func entry(for path: String) -> Entry? {
        guard let file = resolve(path), let stamp = Stamp(path: file) else { return nil }
        if let known = entries.withLockedValue({ $0[file] }), known.stamp == stamp { return known }
        guard let content = try? ReadableFile(path: file).readAll(), content.count == stamp.byteCount else {
            return nil
        }
        let digest = SHA256.hash(data: content).prefix(16).map {
            $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16)
        }
        let entry = Entry(
            path: file, stamp: stamp, etag: "\"\(digest.joined())\"",
            bytes: content.count <= Self.maxKeptBytes ? content : nil)
        entries.withLockedValue { entries in
            if entries.count >= Self.maxEntries { entries.removeAll() }
            entries[file] = entry
        }
        return entry
    }

    /// The file's real path, when that is below the directory: neither dots nor links lead out of it.
    private func resolve(_ path: String) -> String? {
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.isEmpty, segments.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.utf8.contains(0) }),
            let root = Self.realPath(directory), let file = Self.realPath("\(root)/\(segments.joined(separator: "/"))"),
            file.hasPrefix(root + "/")
        else { return nil }
        return file
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    // MARK: Reading names and headers

    /// `app-5QXZ7K2M.js`, `style.0a1b2c3d.css`: 8 or more capitals and digits, or hex digits, before the ending.
    static func hasContentHash(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        let parts = name.split(whereSeparator: { $0 == "." || $0 == "-" }).dropFirst().dropLast()
        guard let last = parts.last, last.utf8.count >= 8 else { return false }
        let isBase32 = last.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) }
        let isHex = last.utf8.allSatisfy { (97...102).contains($0) || (48...57).contains($0) }
        return isBase32 || isHex
    }

    static func acceptsGzip(_ headers: Headers) -> Bool {
        headers.all("accept-encoding").flatMap { $0.split(separator: ",") }.contains { choice in
            let parts = choice.split(separator: ";").map { $0.trimmedSpaces.lowercased() }
            return parts.first == "gzip"
                && !parts.dropFirst().contains { $0.hasPrefix("q=0") && !$0.contains { "123456789".contains($0) } }
        }
    }
}

extension StaticFiles.Entry {
    fileprivate var body: APIResponse.Body { bytes.map { .bytes($0) } ?? .file(path: path, byteCount: stamp.byteCount) }
}

extension StaticFiles.Stamp {
    /// `nil` unless it is a regular file.
    init?(path: String) {
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        self.init(
            byteCount: Int(info.st_size), modifiedSeconds: info.st_mtim.tv_sec,
            modifiedNanoseconds: info.st_mtim.tv_nsec, inode: UInt64(info.st_ino))
    }
}

extension APIResponse {
    /// A file to keep: streamed from disk, with its name for the browser's dialog.
    /// - Throws: 404 `not-found` when it is not there.
    package static func download(path: String, fileName: String, type: String? = nil) async throws -> APIResponse {
        let stamp = try await NIOThreadPool.singleton.runIfActive { StaticFiles.Stamp(path: path) }
        guard let stamp else { throw Problem.notFound }
        let plainName = fileName.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        return APIResponse(
            headers: [
                "content-type": type ?? MediaType.of(fileName),
                "content-disposition": "attachment; filename=\"\(plainName)\"",
            ], body: .file(path: path, byteCount: stamp.byteCount))
    }
}
