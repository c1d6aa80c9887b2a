import Glibc
import Kernel

/// Who this machine is and what runs on it. Read anew for every report: all of it can change under a running agent.
package struct MachineIdentity: Hashable, Sendable {
    package var hostname: String?
    /// `/etc/machine-id` in UUID form.
    package var machineID: String?
    /// From the firmware; root only.
    package var dmiUUID: String?
    package var osName: String?
    package var osVersion: String?
    package var kernelVersion: String?
    package var architecture: String?
    package var cpuModel: String?

    package init(root: SystemRoot) {
        hostname = root.line("/proc/sys/kernel/hostname") ?? root.line("/etc/hostname")
        machineID = (root.line("/etc/machine-id") ?? root.line("/var/lib/dbus/machine-id")).flatMap(Self.uuid)
        dmiUUID = root.line("/sys/class/dmi/id/product_uuid").flatMap(Self.uuid)
        if let dmiUUID, Self.isPlaceholder(dmiUUID) { self.dmiUUID = nil }
        let release = Self.assignments(in: root.text("/etc/os-release") ?? root.text("/usr/lib/os-release") ?? "")
        osName = release["NAME"] ?? release["ID"]
        osVersion = release["VERSION_ID"]
        var names = utsname()
        if uname(&names) == 0 {
            kernelVersion = Self.text(names.release)
            architecture = Self.text(names.machine)
        }
        kernelVersion = root.line("/proc/sys/kernel/osrelease") ?? kernelVersion
        // The first processors tell; asking a machine of hundreds for all of them takes milliseconds.
        cpuModel = Self.cpuModel(cpuinfo: root.text("/proc/cpuinfo", limit: 16 * 1024) ?? "")
    }

    /// 32 hex digits, with or without hyphens, to the 8-4-4-4-12 form in lower case.
    static func uuid(_ text: String) -> String? {
        let digits = text.lowercased().filter { $0 != "-" }
        guard digits.utf8.count == 32, digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { return nil }
        var form = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { form += "-" }
            form.append(digit)
        }
        return form
    }

    /// What vendors leave in the firmware when they do not care: all the same digit, or a well-known sample.
    static func isPlaceholder(_ uuid: String) -> Bool {
        Set(uuid.filter { $0 != "-" }).count == 1 || uuid == "03000200-0400-0500-0006-000700080009"
            || uuid == "12345678-1234-5678-90ab-cddeefaabbcc"
    }

    /// Shell-like lines `KEY=value`, `KEY="value"`.
    static func assignments(in text: String) -> [String: String] {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            var value = parts[1].trimmedLine
            if let quote = value.first, quote == "\"" || quote == "'", value.count >= 2, value.last == quote {
                value = String(value.dropFirst().dropLast())
            }
            values[String(parts[0])] = value.isEmpty ? nil : value
        }
        return values
    }

    static func cpuModel(cpuinfo: String) -> String? {
        var board: String?
        for line in cpuinfo.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            switch parts[0].trimmedLine {
            case "model name": return parts[1].trimmedLine
            case "Model", "Hardware": board = parts[1].trimmedLine
            default: break
            }
        }
        return board
    }

    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
