/// Temperatures in Celsius by a name that stays the same over reboots, as far as the kernel allows.
enum Temperatures {
    static func read(from root: SystemRoot) -> [String: Double] {
        var readings = hardwareMonitors(root)
        // Zones often repeat a monitor's sensor: they only fill what is missing.
        for (name, value) in thermalZones(root) where readings[name] == nil { readings[name] = value }
        return readings
    }

    private static func hardwareMonitors(_ root: SystemRoot) -> [String: Double] {
        var readings: [String: Double] = [:]
        var drives: [String: Int] = [:]
        for monitor in root.names(in: "/sys/class/hwmon") {
            var directory = "/sys/class/hwmon/\(monitor)"
            // Old drivers keep their files one level down.
            if root.line("\(directory)/name") == nil { directory += "/device" }
            guard let chip = root.line("\(directory)/name") else { continue }
            let inputs = root.names(in: directory).filter { $0.hasPrefix("temp") && $0.hasSuffix("_input") }
            guard !inputs.isEmpty else { continue }
            let number = drives[chip, default: 0]
            drives[chip] = number + 1
            for input in inputs {
                guard let value = celsius(root.number("\(directory)/\(input)")) else { continue }
                let label = root.line("\(directory)/\(input.dropLast(5))label")
                readings[name(chip: chip, number: number, label: label, input: String(input.dropLast(6)))] = value
            }
        }
        return readings
    }

    private static func thermalZones(_ root: SystemRoot) -> [String: Double] {
        var readings: [String: Double] = [:]
        for zone in root.names(in: "/sys/class/thermal") where zone.hasPrefix("thermal_zone") {
            let directory = "/sys/class/thermal/\(zone)"
            guard let type = root.line("\(directory)/type"), let value = celsius(root.number("\(directory)/temp"))
            else {
                continue
            }
            switch type {
            case "x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc_thermal": readings["cpu_package"] = value
            default: readings[plain(type.hasPrefix("acpi") ? "acpi_\(type)" : type)] = value
            }
        }
        return readings
    }

    /// Sensors report thousandths. What no living machine has (an unconnected probe) is unknown.
    static func celsius(_ thousandths: Int64?) -> Double? {
        guard let thousandths, thousandths != 0, (-60_000...200_000).contains(thousandths) else { return nil }
        return Double(thousandths) / 1000
    }

    /// - Parameter number: of the chips of this kind seen before, so that two drives are told apart.
    static func name(chip: String, number: Int, label: String?, input: String) -> String {
        switch (chip, label) {
        case ("coretemp", let label?) where label.hasPrefix("Package"):
            return number == 0 ? "cpu_package" : "cpu_package_\(number)"
        case ("coretemp", let label?) where label.hasPrefix("Core "):
            let core = label.dropFirst(5)
            return number == 0 ? "cpu_core_\(core)" : "cpu_\(number)_core_\(core)"
        case ("k10temp", let label?) where label == "Tctl" || label == "Tdie",
            ("zenpower", let label?) where label == "Tctl" || label == "Tdie":
            return number == 0 ? "cpu_package" : "cpu_package_\(number)"
        case ("cpu_thermal", _): return "cpu_package"
        case ("nvme", nil), ("nvme", "Composite"?): return "nvme\(number)"
        case ("nvme", let label?): return plain("nvme\(number)_\(label)")
        case ("drivetemp", _): return "drive\(number)"
        case ("acpitz", _): return "acpi_\(plain(chip))\(number == 0 ? "" : "\(number)")_\(input)"
        default: return plain("\(chip)\(number == 0 ? "" : "\(number)")_\(label ?? input)")
        }
    }

    private static func plain(_ text: String) -> String {
        String(text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }.prefix(100))
    }
}
