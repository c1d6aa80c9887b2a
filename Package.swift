// swift-tools-version: 6.2
// The floor plan of the house: one line a room, with everything that room may see. Stairs only go down; a wrong
// import does not build. `ops/handbook/rooms.md` says what each room is for.
import PackageDescription

enum Floor: String {
    case base = "Base"
    case contexts = "Contexts"
    case collectors = "Collectors"
    case edges = "Edges"
    case programs = "Programs"
}

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// One room and its tests. `uses` is the complete list of rooms it can see.
func room(
    _ name: String, on floor: Floor, uses: [String] = [], external: [Target.Dependency] = [],
    exclude: [String] = [], testUses: [String] = []
) -> [Target] {
    [
        .target(
            name: name, dependencies: uses.map { .byName(name: $0) } + external,
            path: "Sources/\(floor.rawValue)/\(name)", exclude: exclude, swiftSettings: strict),
        .testTarget(
            name: "\(name)Tests", dependencies: [.byName(name: name), "TestKit"] + testUses.map { .byName(name: $0) },
            path: "Tests/\(name)Tests", swiftSettings: strict),
    ]
}

/// A C library of the system, imported by exactly one room (see `ops/packages.txt` for its Debian package).
func system(_ name: String, pkgConfig: String? = nil) -> Target {
    .systemLibrary(name: name, path: "Sources/Base/\(name)", pkgConfig: pkgConfig)
}

/// A program: thin, its wiring lives in a library beside it.
func program(_ name: String, uses: [String], external: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: name, dependencies: uses.map { .byName(name: $0) } + external,
        path: "Sources/Programs/\(name)", swiftSettings: strict)
}

// The macros of xmlsec1's pkg-config file, which SwiftPM does not take from there. XMLSEC_NO_SIZE_T decides the layout of its
// structures: without it memory is overwritten and nobody says so.
let xmlsec: [CSetting] = [
    .define("XMLSEC_CRYPTO_OPENSSL", to: "1"), .define("XMLSEC_NO_SIZE_T"),
    .define("XMLSEC_NO_CRYPTO_DYNAMIC_LOADING", to: "1"), .define("XMLSEC_OPENSSL3_ENGINES", to: "1"),
    .define("XMLSEC_NO_GOST", to: "1"), .define("XMLSEC_NO_GOST2012", to: "1"),
    .define("__XMLSEC_FUNCTION__", to: "__func__"), .unsafeFlags(["-I/usr/include/xmlsec1"]),
]

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLSEvents = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let client = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "HummingbirdTLS", package: "hummingbird"),
]
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let jose = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")

var targets: [Target] = []
targets += [
    system("CPQ", pkgConfig: "libpq"),
    system("CArgon2", pkgConfig: "libargon2"),
    system("CCrack"),
    system("CQREncode", pkgConfig: "libqrencode"),
    system("COpenSSL", pkgConfig: "libcrypto"),
    system("CFido", pkgConfig: "libfido2"),
    system("CZlib", pkgConfig: "zlib"),
    system("CCurl", pkgConfig: "libcurl"),
    system("CNATS", pkgConfig: "libnats"),
    system("CIDN", pkgConfig: "libidn2"),
    system("CPSL", pkgConfig: "libpsl"),
    .target(name: "CDNSShim", path: "Sources/Base/CDNSShim"),
    system("CXMLSec", pkgConfig: "libxml-2.0"),
    .target(name: "CCurlShim", dependencies: ["CCurl"], path: "Sources/Base/CCurlShim"),
    .target(
        name: "CXMLSecShim", dependencies: ["CXMLSec"], path: "Sources/Base/CXMLSecShim", cSettings: xmlsec,
        linkerSettings: [.linkedLibrary("xmlsec1-openssl"), .linkedLibrary("xmlsec1"), .linkedLibrary("crypto")]),
    .target(
        name: "CPlainXMLSec", dependencies: ["CXMLSec"], path: "Sources/Programs/CPlainXMLSec", cSettings: xmlsec,
        linkerSettings: [.linkedLibrary("xmlsec1-openssl"), .linkedLibrary("xmlsec1"), .linkedLibrary("crypto")]),
    .target(name: "CReactor", path: "Sources/Base/CReactor"),
    .target(name: "CProcess", path: "Sources/Base/CProcess"),
]

// Base: tools that know nothing of monitoring.
targets += room("Kernel", on: .base)
targets += room("JSONKit", on: .base, uses: ["Kernel"])
targets += room("Compression", on: .base, uses: ["CZlib"])
targets += room("Telemetry", on: .base, uses: ["Kernel"], external: [log, metrics, nioConcurrency])
targets += room(
    "Cryptography", on: .base, uses: ["Kernel", "CArgon2", "CCrack", "CQREncode", "COpenSSL", "CFido"],
    external: [crypto, nio, nioPosix, nioConcurrency])
targets += room(
    "Postgres", on: .base, uses: ["Kernel", "CPQ", "CReactor"],
    external: [log, collections, nioConcurrency, lifecycle, metrics])
targets += room(
    "Mail", on: .base, uses: ["Kernel", "CCurl", "CCurlShim"],
    external: [log, nio, nioPosix, nioConcurrency, metrics, lifecycle])
targets += room(
    "SignedXML", on: .base, uses: ["Kernel", "CXMLSec", "CXMLSecShim"], external: [nioConcurrency],
    testUses: ["Kernel", "SAMLKit"])
targets += room("Inventory", on: .base, uses: ["Kernel", "JSONKit"], external: [crypto])
targets += room("SCIMKit", on: .base, uses: ["Kernel", "JSONKit"], testUses: ["Kernel", "JSONKit"])
targets += room("AgentProtocol", on: .base, uses: ["Kernel", "JSONKit"])
targets += room(
    "Bus", on: .base, uses: ["Kernel", "CNATS"], external: [log, collections, metrics, lifecycle, nioConcurrency])
targets += room(
    "HTTPKit", on: .base, uses: ["Kernel", "JSONKit", "Compression", "Telemetry"],
    external: hummingbird + [
        nio, nioPosix, nioHTTP, nioWebSocket, nioTLS, nioConcurrency, log, crypto, lifecycle, metrics,
    ])

targets += room("Datagrams", on: .base, external: [nio, nioPosix, nioConcurrency])
targets += room(
    "Outbound", on: .base, uses: ["Kernel", "HTTPKit", "Inventory", "Datagrams"],
    external: [nio, nioPosix, nioHTTP, nioTLS, nioTLSEvents, nioConcurrency, collections, crypto, asn1, x509],
    testUses: ["HostileKit"])
targets += room(
    "JOSE", on: .base, uses: ["Kernel", "JSONKit", "Cryptography"], external: [jose],
    testUses: ["JSONKit", "Cryptography"])

// Collectors: what looks at one kind of platform.
targets += room(
    "CollectorKit", on: .collectors, uses: ["Kernel", "JSONKit", "Inventory", "Outbound"], external: [nioConcurrency],
    testUses: ["JSONKit"])
targets += room(
    "ProxmoxVE", on: .collectors, uses: ["Kernel", "JSONKit", "Inventory", "Outbound", "CollectorKit"],
    external: [nioConcurrency],
    testUses: ["CollectorConformance", "HostileKit", "JSONKit", "EstateApp", "HTTPKit", "Outbound", "Inventory"])
targets += room("HostFacts", on: .collectors, uses: ["Kernel", "AgentProtocol"], external: [nioConcurrency])
targets += room(
    "DockerFacts", on: .collectors, uses: ["Kernel", "JSONKit", "Compression", "AgentProtocol"],
    external: [log, nio, nioPosix, nioHTTP, lifecycle], testUses: ["JSONKit", "AgentProtocol"])

targets += room(
    "Probes", on: .collectors, uses: ["Kernel", "JSONKit", "Inventory", "Outbound", "Datagrams", "CollectorKit"],
    testUses: ["CollectorConformance", "HostileKit", "Inventory", "Outbound", "Kernel", "JSONKit", "Datagrams"])

// Contexts: one room per thing customers talk about.
targets += room(
    "Vault", on: .contexts, uses: ["Kernel", "Postgres", "JSONKit", "Cryptography"],
    external: [log, crypto, client, nio, nioPosix, nioHTTP, nioConcurrency, lifecycle, metrics],
    testUses: ["JSONKit"])
targets += room("Audit", on: .contexts, uses: ["Kernel", "Postgres", "JSONKit", "Cryptography"])
targets += room(
    "Access", on: .contexts, uses: ["Kernel", "Postgres", "HTTPKit", "JSONKit", "Cryptography", "Audit"],
    external: [log, nioConcurrency, lifecycle], testUses: ["FrontDoorKit"])
targets += room(
    "AuditTrail", on: .contexts,
    uses: ["Kernel", "Postgres", "HTTPKit", "JSONKit", "Cryptography", "Audit", "Access", "Vault", "Outbound"],
    external: [log, lifecycle, metrics, nioConcurrency], testUses: ["FrontDoorKit"])
targets += room(
    "EncryptionKeys", on: .contexts,
    uses: ["Kernel", "Postgres", "HTTPKit", "JSONKit", "Audit", "Access", "Vault"], external: [log],
    testUses: ["FrontDoorKit", "Cryptography", "Identity"])
targets += room(
    "TrustedIssuers", on: .contexts,
    uses: ["Kernel", "Postgres", "HTTPKit", "JSONKit", "Cryptography", "JOSE", "Audit", "Access", "Outbound"],
    external: [log, nioConcurrency], testUses: ["FrontDoorKit"])
targets += room(
    "SAML", on: .contexts, uses: ["Kernel", "HTTPKit", "JSONKit", "Compression", "Outbound", "SignedXML"],
    external: [nioConcurrency], testUses: ["Kernel", "JSONKit", "Compression", "Outbound", "SignedXML", "SAMLKit"])
targets += room(
    "OIDC", on: .contexts, uses: ["Kernel", "HTTPKit", "JSONKit", "Cryptography", "JOSE", "Outbound"],
    external: [crypto],
    testUses: ["ProviderKit", "HostileKit", "JSONKit", "Cryptography", "HTTPKit", "Outbound", "Kernel"])
targets += room(
    "SignOnKit", on: .contexts, uses: ["Kernel", "HTTPKit", "JSONKit", "Cryptography", "Outbound", "OIDC", "SAML"],
    testUses: ["Kernel", "JSONKit", "Outbound"])
targets += room(
    "SCIM", on: .contexts,
    uses: ["Kernel", "Postgres", "HTTPKit", "JSONKit", "Cryptography", "SCIMKit", "Audit", "Access"],
    testUses: ["FrontDoorKit", "Identity"])
targets += room(
    "Identity", on: .contexts,
    uses: ["Kernel", "Postgres", "HTTPKit", "JSONKit", "Cryptography", "Mail", "Audit", "Access", "Vault"],
    external: [log, lifecycle], testUses: ["FrontDoorKit"])
targets += room(
    "Tenancy", on: .contexts,
    uses: ["Kernel", "Postgres", "HTTPKit", "JSONKit", "Cryptography", "Mail", "Audit", "Access", "Identity"],
    external: [log, crypto, nioConcurrency, lifecycle], testUses: ["FrontDoorKit"])
targets += room(
    "VerifiedDomains", on: .contexts,
    uses: [
        "Kernel", "Postgres", "HTTPKit", "JSONKit", "Cryptography", "Mail", "Audit", "Access", "Identity", "CDNSShim",
        "CIDN", "CPSL",
    ], external: [log, lifecycle, metrics, nio, nioPosix, nioConcurrency], testUses: ["FrontDoorKit"])
targets += room(
    "SingleSignOn", on: .contexts,
    uses: [
        "Kernel", "Postgres", "HTTPKit", "JSONKit", "Cryptography", "Outbound", "Vault", "Audit", "Access", "Identity",
        "OIDC", "SAML", "SignOnKit",
    ], external: [log, lifecycle], testUses: ["FrontDoorKit", "ProviderKit", "SAMLKit", "Compression", "HostileKit"])
targets += room(
    "Portability", on: .contexts,
    uses: ["Kernel", "Postgres", "HTTPKit", "JSONKit", "Compression", "Cryptography", "Audit", "Access"],
    external: [nioConcurrency], testUses: ["FrontDoorKit", "Tenancy", "Identity", "Compression", "Cryptography"])
targets += room(
    "OperatorPlane", on: .contexts,
    uses: [
        "Kernel", "Postgres", "HTTPKit", "JSONKit", "Cryptography", "Mail", "Audit", "AuditTrail", "Access", "Vault",
        "Identity", "Tenancy",
    ], external: [log, lifecycle], testUses: ["FrontDoorKit", "OperatorKit"])
targets += room(
    "OperatorSignOn", on: .contexts,
    uses: [
        "Kernel", "Postgres", "HTTPKit", "JSONKit", "Cryptography", "Vault", "Audit", "Access", "Identity", "OIDC",
        "SAML",
        "SignOnKit", "OperatorPlane",
    ], testUses: ["FrontDoorKit", "OperatorKit", "ProviderKit", "SAMLKit", "HostileKit", "Outbound"])
targets += room(
    "History", on: .contexts, uses: ["Kernel", "Postgres", "Inventory", "JSONKit", "HTTPKit", "Access", "Compression"],
    external: [log, metrics, nioConcurrency])
targets += room(
    "Resources", on: .contexts,
    uses: ["Kernel", "Postgres", "Inventory", "JSONKit", "HTTPKit", "Compression", "Access", "Audit", "History"],
    external: [log]
)
targets += room(
    "Fleet", on: .contexts,
    uses: ["Kernel", "Postgres", "HTTPKit", "JSONKit", "Cryptography", "Audit", "Access", "AgentProtocol"],
    external: [log, crypto], testUses: ["FrontDoorKit"])
targets += room(
    "Ingest", on: .contexts,
    uses: [
        "Kernel", "Postgres", "HTTPKit", "JSONKit", "Compression", "AgentProtocol", "Access", "Fleet", "Inventory",
        "Bus",
    ],
    external: [log, nioConcurrency, metrics, lifecycle])
targets += room(
    "Connections", on: .contexts,
    uses: ["Kernel", "Postgres", "Inventory", "JSONKit", "HTTPKit", "Outbound", "Audit", "Access", "Vault"],
    external: [log, nioConcurrency], testUses: ["FrontDoorKit", "Identity"])
targets += room(
    "Monitoring", on: .contexts,
    uses: [
        "Kernel", "Postgres", "Inventory", "AgentProtocol", "Bus", "History", "Resources", "Ingest", "JSONKit",
        "Compression", "Connections",
    ], external: [log, collections, heap, lifecycle, metrics, nioConcurrency])
targets += room(
    "Realtime", on: .contexts,
    uses: ["Kernel", "Postgres", "Inventory", "JSONKit", "HTTPKit", "Bus", "Access", "Resources"],
    external: [log, collections, metrics, nioConcurrency, lifecycle])

targets += room(
    "Relay", on: .contexts,
    uses: [
        "Kernel", "Postgres", "JSONKit", "HTTPKit", "Cryptography", "AgentProtocol", "Outbound", "Audit", "Access",
        "Datagrams",
    ],
    external: [log, metrics, nio, nioPosix, nioTLS, nioConcurrency, lifecycle],
    testUses: ["FrontDoorKit", "AgentApp", "HostileKit", "Inventory", "Datagrams"])
targets += room(
    "Annotations", on: .contexts,
    uses: [
        "Kernel", "Postgres", "Inventory", "JSONKit", "HTTPKit", "Audit", "Access", "Vault", "Resources",
    ], testUses: ["FrontDoorKit", "Identity", "Compression"])

// Edges: mount what the contexts offer.
targets += room("Console", on: .edges, uses: ["Kernel", "HTTPKit"], exclude: ["web"])
targets += room(
    "HTTPAPI", on: .edges,
    uses: [
        "Kernel", "Postgres", "JSONKit", "HTTPKit", "Telemetry", "Audit", "Access", "Identity", "Tenancy", "Fleet",
        "Ingest",
        "Resources", "History", "Realtime", "Console", "Mail",
    ], external: [log, nioConcurrency])

// Programs.
targets += room(
    "PulseApp", on: .programs,
    uses: [
        "Kernel", "Postgres", "JSONKit", "HTTPKit", "Telemetry", "Cryptography", "Mail", "Bus", "Inventory",
        "Audit", "AuditTrail", "Access", "Identity", "Tenancy", "Portability", "Fleet", "Ingest", "Resources",
        "History", "Monitoring", "Realtime", "Console", "HTTPAPI", "Vault", "EncryptionKeys", "Outbound",
        "TrustedIssuers", "VerifiedDomains", "SingleSignOn", "SignOnKit", "OIDC", "SAML", "OperatorPlane",
        "OperatorSignOn", "Connections",
        "ProxmoxVE",
        "Relay", "Annotations", "Probes", "SCIM",
    ], external: [log, lifecycle, signals, metrics, nioConcurrency], testUses: ["Vault"])
targets += room(
    "AgentApp", on: .programs,
    uses: ["Kernel", "JSONKit", "Compression", "AgentProtocol", "HostFacts", "DockerFacts", "Datagrams"],
    external: [log, crypto, nio, nioPosix, nioHTTP, nioTLS, lifecycle, signals, nioConcurrency])
targets += room(
    "EstateApp", on: .programs, uses: ["Kernel", "JSONKit", "Compression"],
    external: [crypto, nio, nioPosix, nioHTTP, nioTLS, nioConcurrency], testUses: ["Kernel", "JSONKit"])
targets += [
    program("pulse-estate", uses: ["EstateApp", "Kernel", "JSONKit"], external: [arguments, signals]),
    program(
        "pulse", uses: ["PulseApp", "Kernel", "Telemetry", "Vault", "CProcess", "CAllocator", "OperatorPlane"],
        external: [arguments]),
    .target(
        name: "CAllocator", path: "Sources/Programs/CAllocator", linkerSettings: [.linkedLibrary("jemalloc")]),
    program("pulse-agent", uses: ["AgentApp", "Kernel"], external: [arguments]),
    program(
        "pulse-bench",
        uses: [
            "PulseApp", "Kernel", "Postgres", "JSONKit", "History", "HTTPKit", "AgentProtocol", "Inventory",
            "Compression", "Cryptography", "Telemetry", "Ingest", "Bus", "Access", "Resources", "Audit",
            "AuditTrail",
            "Identity", "Mail", "Vault", "CArgon2", "EstateApp", "ProxmoxVE", "Outbound", "SAML", "SignedXML",
            "CPlainXMLSec", "OIDC", "JOSE", "ProviderKit", "CAllocator",
        ],
        external: [
            arguments, crypto, nio, nioPosix, nioHTTP, nioWebSocket, client, log, nioConcurrency, lifecycle, metrics,
            jose,
        ]),
    .target(
        name: "FrontDoorKit",
        dependencies: [
            "TestKit", "Kernel", "JSONKit", "HTTPKit", "Telemetry", "Cryptography", "Mail", "Access", "Identity",
            "Vault",
            log, metrics, nioConcurrency,
        ],
        path: "Tests/FrontDoorKit", swiftSettings: strict),
    .target(
        name: "OperatorKit",
        dependencies: [
            "TestKit", "FrontDoorKit", "Kernel", "JSONKit", "HTTPKit", "Cryptography", "Postgres", "Access",
            "AuditTrail",
            "Identity", "Tenancy", "OperatorPlane", log, metrics,
        ],
        path: "Tests/OperatorKit", swiftSettings: strict),
    .target(
        name: "SAMLKit", dependencies: ["SignedXML", "Compression", "Kernel", crypto, cryptoExtras, asn1, x509],
        path: "Tests/SAMLKit", swiftSettings: strict),
    .target(
        name: "CollectorConformance",
        dependencies: ["HostileKit", "CollectorKit", "Outbound", "Inventory", "HTTPKit", "Kernel", nioConcurrency],
        path: "Tests/CollectorConformance", swiftSettings: strict),
    .target(
        name: "HostileKit",
        dependencies: [nio, nioPosix, nioHTTP, nioTLS, nioConcurrency, crypto, asn1, x509],
        path: "Tests/HostileKit", swiftSettings: strict),
    .target(
        name: "ProviderKit",
        dependencies: [
            "HostileKit", "Kernel", "JSONKit", "Cryptography", "HTTPKit", nioConcurrency, crypto, cryptoExtras,
        ],
        path: "Tests/ProviderKit", swiftSettings: strict),
    // A thousand hours of workers take 58 s of a core without optimisation and 15 s with it.
    .testTarget(
        name: "PoolSimulation", dependencies: ["Monitoring", "Kernel", heap, nioConcurrency],
        path: "Tests/PoolSimulation", swiftSettings: strict + [.unsafeFlags(["-O"])]),
    .target(
        name: "TestKit",
        dependencies: ["Kernel", "Postgres", "Cryptography", log, nioConcurrency],
        path: "Tests/TestKit", swiftSettings: strict),
]

let package = Package(
    name: "pulse",
    products: [
        .executable(name: "pulse", targets: ["pulse"]),
        .executable(name: "pulse-agent", targets: ["pulse-agent"]),
        .executable(name: "pulse-estate", targets: ["pulse-estate"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.1.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: targets,
    swiftLanguageModes: [.v6]
)
