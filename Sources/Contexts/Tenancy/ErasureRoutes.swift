internal import Access
package import Cryptography
package import HTTPKit
internal import JSONKit
internal import Kernel
package import Postgres

/// The certificates of erasure, over HTTP.
package struct ErasureRoutes: Sendable {
    private let database: Database
    private let verifying: VerifyingKey

    package init(database: Database, verifying: VerifyingKey) {
        self.database = database
        self.verifying = verifying
    }

    package var endpoints: [Endpoint] { [certificate] }

    private var certificate: Endpoint {
        Endpoint(
            .get, "/api/erasure-certificates/{id}", summary: "The signed certificate that an organisation was erased",
            access: .public(reason: "asked for by the organisation's id, and names nobody; its members are gone"),
            audit: .none(reason: "reads only"), problems: [.notFound],
            response: .object([
                "certificate": .string.described("the exact text that was signed, a JSON object"),
                "signature": .string.described("Ed25519, base64url"),
                "publicKey": .string.described("32 bytes, base64url"),
            ]),
            responseExample: #"{"certificate":"{\"statement\":\"…\"}","signature":"…","publicKey":"…"}"#
        ) { [database, verifying] request in
            let org = try request.id("id", of: Organisation.self)
            let found = try await database.firstGlobally(
                "SELECT certificate, signature FROM erasure_certificate(\(org))"
            ) { (text: try $0.next(String.self), signature: try $0.next([UInt8].self)) }
            guard let found else { throw Problem.notFound }
            return .json { json in
                json.member("certificate", found.text)
                json.member("signature", Base64URL.encode(found.signature))
                json.member("publicKey", Base64URL.encode(verifying.bytes))
            }
        }
    }
}
