/// Users as RFC 7643, 4.1 and 4.3 have them. No passwords, certificates, roles or entitlements: what somebody may do here
/// follows from groups, and never from an attribute that a directory writes.
extension ResourceShape {
    package static let user = ResourceShape(
        name: "User", endpoint: "/Users",
        core: SchemaDefinition(
            urn: URN.user, name: "User", summary: "A person of the directory", attributes: userAttributes),
        extensions: [
            SchemaDefinition(
                urn: URN.enterprise, name: "EnterpriseUser", summary: "What a company says of its people",
                attributes: enterpriseAttributes)
        ])

    private static let userAttributes: [AttributeDefinition] = [
        .init("userName", .string, "The name by which the directory knows the person").with {
            ($0.isRequired, $0.uniqueness, $0.maxBytes) = (true, .server, 256)
        },
        .init("name", .complex, "The parts of the person's name").with {
            $0.parts = [
                .init("formatted", .string, "As it is shown"), .init("familyName", .string, "Family name"),
                .init("givenName", .string, "Given name"), .init("middleName", .string, "Middle name"),
                .init("honorificPrefix", .string, "Title before the name"),
                .init("honorificSuffix", .string, "Title after the name"),
            ]
        },
        .init("displayName", .string, "The name that is shown").with { $0.maxBytes = 256 },
        .init("nickName", .string, "What the person is called"),
        .init("profileUrl", .reference, "A page about the person").with {
            ($0.referenceTypes, $0.isCaseExact, $0.maxBytes) = (["external"], true, 2048)
        },
        .init("title", .string, "What the person does"),
        .init("userType", .string, "The person's relation to the organisation"),
        .init("preferredLanguage", .string, "Of the person"),
        .init("locale", .string, "Of the person"),
        .init("timezone", .string, "Of the person, as in the IANA list"),
        .init("active", .boolean, "Whether the person is a member of the organisation in Pulse"),
        valued("emails", "Addresses of the person", types: ["work", "home", "other"]),
        valued("phoneNumbers", "Of the person", types: ["work", "home", "mobile", "fax", "pager", "other"]),
        .init("addresses", .complex, "Where mail on paper goes").with {
            $0.isMultiValued = true
            $0.parts = [
                .init("formatted", .string, "All of it").with { $0.isText = true },
                .init("streetAddress", .string, "Street and house").with { $0.isText = true },
                .init("locality", .string, "City"), .init("region", .string, "State"),
                .init("postalCode", .string, "Code"), .init("country", .string, "ISO 3166-1 alpha-2"),
                type(["work", "home", "other"]), primary,
            ]
        },
        .init("groups", .complex, "The groups that hold the person; changed by changing those").with {
            ($0.isMultiValued, $0.mutability) = (true, .readOnly)
            $0.parts = [
                .init("value", .string, "The group's id").with { ($0.mutability, $0.isCaseExact) = (.readOnly, true) },
                .init("$ref", .reference, "The group").with {
                    ($0.mutability, $0.isCaseExact, $0.referenceTypes) = (.readOnly, true, ["Group"])
                },
                .init("display", .string, "The group's name").with { $0.mutability = .readOnly },
                .init("type", .string, "direct").with { ($0.mutability, $0.canonicalValues) = (.readOnly, ["direct"]) },
            ]
        },
    ]

    private static let enterpriseAttributes: [AttributeDefinition] = [
        .init("employeeNumber", .string, "Of the person"), .init("costCenter", .string, "Of the person"),
        .init("organization", .string, "Of the person"), .init("division", .string, "Of the person"),
        .init("department", .string, "Of the person"),
        .init("manager", .complex, "Who the person reports to").with {
            $0.parts = [
                .init("value", .string, "The manager's id in this directory").with { $0.isCaseExact = true },
                .init("$ref", .reference, "The manager").with {
                    ($0.referenceTypes, $0.isCaseExact, $0.maxBytes) = (["User"], true, 2048)
                },
                .init("displayName", .string, "The manager's name").with { $0.mutability = .readOnly },
            ]
        },
    ]

    private static func valued(_ name: String, _ summary: String, types: [String]) -> AttributeDefinition {
        .init(name, .complex, summary).with {
            $0.isMultiValued = true
            $0.parts = [
                .init("value", .string, "The value itself"), .init("display", .string, "As it is shown"), type(types),
                primary,
            ]
        }
    }

    private static func type(_ values: [String]) -> AttributeDefinition {
        .init("type", .string, "What it is for").with { $0.canonicalValues = values }
    }

    private static let primary = AttributeDefinition("primary", .boolean, "The one to use; at most one is")
}

/// Groups as RFC 7643, 4.2 has them, of users only: what a group in a group would give is for the directory to say.
extension ResourceShape {
    package static let group = ResourceShape(
        name: "Group", endpoint: "/Groups",
        core: SchemaDefinition(
            urn: URN.group, name: "Group", summary: "Users of the directory under one name",
            attributes: [
                .init("displayName", .string, "The group's name").with {
                    ($0.isRequired, $0.maxBytes, $0.uniqueness) = (true, 256, .server)
                },
                .init("members", .complex, "Its users").with {
                    $0.isMultiValued = true
                    $0.parts = [
                        .init("value", .string, "The user's id").with {
                            ($0.mutability, $0.isCaseExact) = (.immutable, true)
                        },
                        .init("$ref", .reference, "The user").with {
                            ($0.mutability, $0.isCaseExact, $0.referenceTypes) = (.immutable, true, ["User"])
                        },
                        .init("type", .string, "User").with {
                            ($0.mutability, $0.canonicalValues) = (.immutable, ["User"])
                        },
                    ]
                },
            ]), extensions: [])

    package static let all: [ResourceShape] = [.user, .group]
}
