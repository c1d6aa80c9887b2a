package import HTTPKit
package import OIDC

extension OIDCSettings {
    /// The member `oidc` of a provider.
    package static let schema = Schema.object([
        "issuerUrl": .string(minLength: 1, maxLength: 2048).optional,
        "clientId": .string(minLength: 1, maxLength: 512).optional,
        "clientSecret": .string.described("Written, never read; what is not named stays, null takes it away").optional,
        "clientSecretSet": .boolean.optional,
        "redirectUrl": .string.described("Made; to be allowed at the provider").optional,
        "logoutUrl": .string(maxLength: 2048).nullable.optional, "scopes": .array(.string).optional,
        "usernameClaim": .string.optional, "emailClaim": .string.optional, "groupsClaim": .string.nullable.optional,
        "groupsUrl": .string(maxLength: 2048)
            .described("Where groups are asked for that are too many for a token").nullable.optional,
    ]).named("OIDCSettings")
}
