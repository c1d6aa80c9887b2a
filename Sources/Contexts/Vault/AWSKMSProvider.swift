internal import FoundationEssentials
internal import JSONKit
package import Kernel
internal import NIOHTTP1

/// Wrapping keys in AWS KMS: one symmetric key an organisation, so that destroying it destroys the secrets of one.
///
/// The encryption context names organisation and data key: KMS logs it, refuses another, and an organisation that
/// brings its own key can demand its own id in the key's policy (`kms:EncryptionContext:pulse-owner`).
package struct AWSKMSProvider: KeyProvider {
    package struct Account: Sendable {
        package let region: String
        /// `nil`: the public endpoint of the key's region.
        package let url: String?
        package let accessKeyID: String
        package let secretAccessKey: Secret<String>
        package let sessionToken: Secret<String>?

        package init(
            region: String, url: String? = nil, accessKeyID: String, secretAccessKey: Secret<String>,
            sessionToken: Secret<String>? = nil
        ) {
            self.region = region
            self.url = url
            self.accessKeyID = accessKeyID
            self.secretAccessKey = secretAccessKey
            self.sessionToken = sessionToken
        }
    }

    /// The shortest time KMS allows before a key is gone; it is disabled, and so useless, at once.
    private static let deletionDays = 7

    private let account: Account
    private let http: KeyHTTP
    private let time: any TimeSource

    package init(_ account: Account, http: KeyHTTP, time: any TimeSource) {
        self.account = account
        self.http = http
        self.time = time
    }

    package var kind: KeyProviderKind { .awsKMS }

    package func create(_ id: WrappingKeyID, for owner: KeyOwner) async throws(KeyProviderError) -> String {
        let alias = "alias/pulse-\(id)"
        if let arn = try await arn(of: alias) { return arn }
        let made = try await call("CreateKey", in: account.region) { json in
            json.member("Description", "Pulse, \(owner)")
            json.array("Tags") { tags in
                tags.object {
                    $0.member("TagKey", "pulse-owner")
                    $0.member("TagValue", owner.description)
                }
            }
        }
        guard let arn = made["KeyMetadata"]?["Arn"]?.string else { throw .unreachable("KMS names no key") }
        // By this name a repeated call finds the key.
        _ = try await call("CreateAlias", in: account.region) { json in
            json.member("AliasName", alias)
            json.member("TargetKeyId", arn)
        }
        return arn
    }

    package func wrap(
        _ key: Secret<[UInt8]>, under wrapping: WrappingKey, for binding: WrapBinding
    ) async throws(KeyProviderError) -> [UInt8] {
        let answer = try await call("Encrypt", in: try region(of: wrapping)) { json in
            json.member("KeyId", wrapping.reference)
            json.member("Plaintext", Data(key.reveal()).base64EncodedString())
            binding.write(to: &json)
        }
        guard let blob = answer["CiphertextBlob"]?.base64 else { throw .unreachable("KMS gives no ciphertext") }
        return blob
    }

    package func unwrap(
        _ wrapped: [UInt8], under wrapping: WrappingKey, for binding: WrapBinding
    ) async throws(KeyProviderError) -> Secret<[UInt8]> {
        // The key is named, so a ciphertext of another key is refused instead of opened.
        let answer = try await call("Decrypt", in: try region(of: wrapping)) { json in
            json.member("KeyId", wrapping.reference)
            json.member("CiphertextBlob", Data(wrapped).base64EncodedString())
            binding.write(to: &json)
        }
        guard let key = answer["Plaintext"]?.base64, key.count == 32 else { throw .unreachable("KMS gives no key") }
        return Secret(key)
    }

    package func destroy(_ wrapping: WrappingKey) async throws(KeyProviderError) {
        let region = try region(of: wrapping)
        // By its id: some that speak KMS take no ARN here.
        let id = String(wrapping.reference.split(separator: "/").last ?? "")
        do throws(KeyProviderError) {
            _ = try await call("DisableKey", in: region) { $0.member("KeyId", id) }
            _ = try await call("ScheduleKeyDeletion", in: region) { json in
                json.member("KeyId", id)
                json.member("PendingWindowInDays", Self.deletionDays)
            }
        } catch {
            // Gone, or on its way: that is what was wanted.
            guard case .refused(let words) = error,
                words.hasPrefix("NotFoundException") || words.hasPrefix("KMSInvalidStateException")
            else { throw error }
        }
    }

    /// Whether a text is the name of a KMS key that an organisation may bring.
    package static func isReference(_ text: String) -> Bool { Reference(text) != nil }

    /// `arn:aws:kms:eu-central-1:123456789012:key/…`. The region becomes part of a host name, hence so strict.
    private struct Reference {
        let region: String

        init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "kms",
                (5...25).contains(parts[3].count), parts[3].utf8.allSatisfy(Self.isRegionCharacter),
                parts[4].count == 12, parts[4].allSatisfy(\.isNumber),
                parts[5].hasPrefix("key/") || parts[5].hasPrefix("alias/"), text.utf8.count <= 2048, text.isPlainLine
            else { return nil }
            region = String(parts[3])
        }

        private static func isRegionCharacter(_ byte: UInt8) -> Bool {
            (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-")
        }
    }

    private func region(of wrapping: WrappingKey) throws(KeyProviderError) -> String {
        guard let reference = Reference(wrapping.reference) else { throw .unfit("this is no name of a KMS key") }
        return reference.region
    }

    private func arn(of alias: String) async throws(KeyProviderError) -> String? {
        do throws(KeyProviderError) {
            let found = try await call("DescribeKey", in: account.region) { $0.member("KeyId", alias) }
            return found["KeyMetadata"]?["Arn"]?.string
        } catch {
            if case .refused(let words) = error, words.hasPrefix("NotFoundException") { return nil }
            throw error
        }
    }

    private func call(
        _ action: String, in region: String, _ body: (inout JSONWriter) -> Void
    ) async throws(KeyProviderError) -> JSONValue {
        var json = JSONWriter()
        json.object(body)
        let url = account.url ?? "https://kms.\(region).amazonaws.com"
        let date = time.now.amazonDate
        var headers = [
            ("content-type", "application/x-amz-json-1.1"), ("host", Self.host(of: url)), ("x-amz-date", date),
            ("x-amz-target", "TrentService.\(action)"),
        ]
        if let token = account.sessionToken { headers.append(("x-amz-security-token", token.reveal())) }
        let signature = SignatureV4(
            accessKeyID: account.accessKeyID, secretAccessKey: account.secretAccessKey, region: region, service: "kms"
        ).authorization(method: "POST", path: "/", headers: headers, body: json.bytes, date: date)
        let answer = try await http.send(
            .POST, url + "/", headers: headers + [("authorization", signature)], body: json.bytes)
        if answer.status == 200 { return answer.json ?? .object([:]) }
        throw Self.refusal(answer)
    }

    /// What comes after `//`.
    private static func host(of url: String) -> String {
        String(url.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first ?? "")
    }

    private static func refusal(_ answer: KeyHTTP.Answer) -> KeyProviderError {
        let name =
            answer.json?["__type"]?.string?.split(separator: "#").last.map(String.init) ?? "status \(answer.status)"
        let passing = ["Throttling", "KMSInternal", "DependencyTimeout", "LimitExceeded", "RequestExpired"]
        if answer.status >= 500 || passing.contains(where: name.hasPrefix) { return .unreachable(name) }
        return .refused(String(name.prefix(80)))
    }
}

extension WrapBinding {
    fileprivate func write(to json: inout JSONWriter) {
        json.object("EncryptionContext") { context in
            context.member("pulse-owner", owner.description)
            context.member("pulse-data-key", key)
        }
    }
}
