package import JSONKit

extension HostReport {
    /// Readings by name: `cpu_package`, `cpu_core_N`, `nvmeN`, `acpi_…`.
    package struct Sensors: Hashable, Sendable {
        package var temperatureCelsius: [String: Double] = [:]
        package var fanRPM: [String: Double] = [:]
        package var powerWatts: [String: Double] = [:]
        /// Further temperatures, Celsius.
        package var additional: [String: Double] = [:]

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
        }
    }
}
