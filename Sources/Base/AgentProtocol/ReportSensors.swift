package import JSONKit

extension HostReport {
    /// Readings by name: `cpu_package`, `cpu_core_N`, `nvmeN`, `acpi_…`.
    package struct Sensors: Hashable, Sendable {
        package var temperatureCelsius: [String: Double] = [:]
        package var fanRPM: [String: Double] = [:]
        package var powerWatts: [String: Double] = [:]
        /// Further temperatures, Celsius.
        package var additional: [String: Double] = [:]
        /// Physical disks, `smart` on the wire: by their numbers a machine is recognised.
        package var disks: [PhysicalDisk] = []

        package init() {}
    }

    /// A disk as it calls itself.
    package struct PhysicalDisk: Hashable, Sendable {
        package var device: String?
        package var model: String?
        package var serial: String?
        /// World Wide Name or EUI-64 in hexadecimal, with or without `0x`, `naa.` or `eui.` before it.
        package var wwn: String?
        package var sizeBytes: Int64?

        package init() {}
    }
}

extension HostReport.Sensors: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "temperatureCelsius": try reader.lax(&temperatureCelsius)
            case "fanRpm": try reader.lax(&fanRPM)
            case "powerWatts": try reader.lax(&powerWatts)
            case "additional": try reader.lax(&additional)
            case "smart": try reader.lax(&disks)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            if !temperatureCelsius.isEmpty { json.member("temperatureCelsius", temperatureCelsius) }
            if !fanRPM.isEmpty { json.member("fanRpm", fanRPM) }
            if !powerWatts.isEmpty { json.member("powerWatts", powerWatts) }
            if !additional.isEmpty { json.member("additional", additional) }
            if !disks.isEmpty { json.member("smart", disks) }
        }
    }
}

extension HostReport.PhysicalDisk: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "device": try reader.lax(&device)
            case "model": try reader.lax(&model)
            case "serial": try reader.lax(&serial)
            case "wwn": try reader.lax(&wwn)
            case "sizeBytes": try reader.lax(&sizeBytes)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("device", device)
            json.member("model", model)
            json.member("serial", serial)
            json.member("wwn", wwn)
            json.member("sizeBytes", sizeBytes)
        }
    }
}
