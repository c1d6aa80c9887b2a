internal import CQREncode
package import Kernel

/// A QR code as an SVG picture, black on white with the quiet zone it needs, so that it reads on a dark page too.
package enum QRCode {
    /// Modules of white around the code (ISO/IEC 18004 asks for four).
    private static let margin = 4

    /// `nil` for a text that is empty or too long for any QR code (about 2 KB).
    package static func svg(of text: Secret<String>) -> String? {
        guard let code = QRcode_encodeString8bit(text.reveal(), 0, QR_ECLEVEL_M) else { return nil }
        defer { QRcode_free(code) }
        let width = Int(code.pointee.width)
        guard let modules = code.pointee.data else { return nil }
        let side = width + 2 * margin
        var path = ""
        for row in 0..<width {
            var column = 0
            while column < width {
                // The lowest bit of a module says black.
                let run = (column..<width).prefix { modules[row * width + $0] & 1 == 1 }.count
                if run > 0 { path += "M\(column + margin) \(row + margin)h\(run)v1h-\(run)z" }
                column += max(1, run)
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">\
            <rect width="\(side)" height="\(side)" fill="#fff"/><path d="\(path)" fill="#000"/></svg>
            """
    }
}
