package import Kernel

extension HostReport {
    /// Refuses what cannot be a host's true words, naming the member. What is merely odd (used above total, a clock in
    /// the past) is for the reader of the values to judge.
    package func validate() throws(Problem) {
        try validateIdentity()
        try validateMetrics()
        try validateDevices()
        try docker?.validate()
        try Check.count(tags.count, ReportLimits.tags, "tags")
        for (index, tag) in tags.enumerated() { try Check.text(tag, "tags.\(index)", limit: 128) }
        try Check.text(sequenceID, "sequenceId", limit: 128)
        try Check.time(timestamp, "timestamp")
    }

    private func validateIdentity() throws(Problem) {
        guard !host.hostname.trimmed.isEmpty else { throw Check.refused("host.hostname", "a host name is required") }
        try Check.text(host.hostname, "host.hostname", limit: ReportLimits.hostnameBytes)
        for (field, value) in [
            ("agent.id", agent.id), ("agent.version", agent.version), ("agent.type", agent.type),
            ("agent.hostname", agent.hostname), ("host.id", host.id), ("host.displayName", host.displayName),
            ("host.machineId", host.machineID), ("host.dmiUuid", host.dmiUUID), ("host.platform", host.platform),
            ("host.osName", host.osName), ("host.osVersion", host.osVersion),
            ("host.kernelVersion", host.kernelVersion), ("host.architecture", host.architecture),
            ("host.cpuModel", host.cpuModel), ("host.reportIp", host.reportIP),
            ("host.clusterName", host.clusterName), ("host.clusterNode", host.clusterNode),
        ] {
            try Check.text(value, field)
        }
        // A day between reports is the slowest the server ever asks for.
        try Check.range(agent.intervalSeconds, 0...86_400, "agent.intervalSeconds")
        try Check.range(host.cpuCount, 0...Int64(ReportLimits.cores), "host.cpuCount")
        // A century.
        try Check.range(host.uptimeSeconds, 0...3_155_760_000, "host.uptimeSeconds")
        try Check.count(host.loadAverage.count, 8, "host.loadAverage")
        for (index, load) in host.loadAverage.enumerated() {
            try Check.range(load, 0...1e7, "host.loadAverage.\(index)")
        }
    }

    private func validateMetrics() throws(Problem) {
        try Check.percent(metrics.cpuUsagePercent, "metrics.cpuUsagePercent")
        try Check.count(metrics.cpuPerCorePercent.count, ReportLimits.cores, "metrics.cpuPerCorePercent")
        for (index, percent) in metrics.cpuPerCorePercent.enumerated() {
            try Check.percent(percent, "metrics.cpuPerCorePercent.\(index)")
        }
        try Check.size(metrics.memory.totalBytes, "metrics.memory.totalBytes")
        try Check.size(metrics.memory.availableBytes, "metrics.memory.availableBytes")
        try Check.size(metrics.memory.swapTotalBytes, "metrics.memory.swapTotalBytes")
    }

    private func validateDevices() throws(Problem) {
        try Check.count(disks.count, ReportLimits.disks, "disks")
        for (index, disk) in disks.enumerated() {
            try Check.text(disk.device, "disks.\(index).device", limit: ReportLimits.mountpointBytes)
            try Check.text(disk.mountpoint, "disks.\(index).mountpoint", limit: ReportLimits.mountpointBytes)
            try Check.text(disk.filesystem, "disks.\(index).filesystem")
            try Check.size(disk.totalBytes, "disks.\(index).totalBytes")
            try Check.size(disk.usedBytes, "disks.\(index).usedBytes")
            try Check.size(disk.freeBytes, "disks.\(index).freeBytes")
            try Check.percent(disk.usage, "disks.\(index).usage")
        }
        try Check.count(diskIO.count, ReportLimits.blockDevices, "diskIO")
        for (index, device) in diskIO.enumerated() {
            try Check.text(device.device, "diskIO.\(index).device")
            try Check.rate(device.readBytesPerSecond, "diskIO.\(index).readBytesPerSecond")
            try Check.rate(device.writeBytesPerSecond, "diskIO.\(index).writeBytesPerSecond")
        }
        try Check.count(network.count, ReportLimits.interfaces, "network")
        for (index, interface) in network.enumerated() { try validate(interface, "network.\(index)") }
        try validate(sensors.temperatureCelsius, "sensors.temperatureCelsius")
        try validate(sensors.fanRPM, "sensors.fanRpm")
        try validate(sensors.powerWatts, "sensors.powerWatts")
        try validate(sensors.additional, "sensors.additional")
        try Check.count(sensors.disks.count, ReportLimits.blockDevices, "sensors.smart")
        for (index, disk) in sensors.disks.enumerated() {
            let field = "sensors.smart.\(index)"
            for (member, value) in [
                ("device", disk.device), ("model", disk.model), ("serial", disk.serial), ("wwn", disk.wwn),
            ] {
                try Check.text(value, "\(field).\(member)")
            }
            try Check.size(disk.sizeBytes, "\(field).sizeBytes")
        }
    }

    private func validate(_ interface: Interface, _ field: String) throws(Problem) {
        try Check.text(interface.name, "\(field).name")
        try Check.text(interface.mac, "\(field).mac")
        try Check.count(interface.addresses.count, ReportLimits.addressesPerInterface, "\(field).addresses")
        for (index, address) in interface.addresses.enumerated() {
            try Check.text(address, "\(field).addresses.\(index)")
        }
        try Check.rate(interface.rxBytesPerSecond, "\(field).rxBytesPerSecond")
        try Check.rate(interface.txBytesPerSecond, "\(field).txBytesPerSecond")
    }

    private func validate(_ readings: [String: Double], _ field: String) throws(Problem) {
        try Check.count(readings.count, ReportLimits.sensors, field)
        for (name, value) in readings {
            try Check.text(name, field, limit: 128)
            // Wide enough for any reading; a sensor's own rubbish values are the agent's to leave out.
            try Check.range(value, -1e6...1e6, "\(field).\(name.prefix(64))")
        }
    }
}

/// The rules by which single members are refused.
enum Check {
    static func refused(_ field: String, _ detail: String) -> Problem {
        Problem("invalid-report", status: 400, title: "The report cannot be taken", detail: detail, field: field)
    }

    static func text(_ value: String?, _ field: @autoclosure () -> String, limit: Int = ReportLimits.nameBytes)
        throws(Problem)
    {
        guard let value else { return }
        guard value.utf8.count <= limit else { throw refused(field(), "longer than \(limit) bytes") }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) || value.isPlainLine else {
            throw refused(field(), "contains control characters")
        }
    }

    static func count(_ count: Int, _ limit: Int, _ field: @autoclosure () -> String) throws(Problem) {
        guard count <= limit else { throw refused(field(), "\(count) entries, the limit is \(limit)") }
    }

    static func range<Value: Comparable>(
        _ value: Value?, _ range: ClosedRange<Value>, _ field: @autoclosure () -> String
    ) throws(Problem) {
        guard let value else { return }
        guard range.contains(value) else {
            throw refused(field(), "\(value) is not within \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// Half a point of rounding error is forgiven.
    static func percent(_ value: Double?, _ field: @autoclosure () -> String) throws(Problem) {
        try range(value, 0...100.5, field())
    }

    static func size(_ bytes: Int64?, _ field: @autoclosure () -> String) throws(Problem) {
        try range(bytes, 0...Int64.max, field())
    }

    /// 1 TB/s: no single device or interface does more.
    static func rate(_ value: Double?, _ field: @autoclosure () -> String) throws(Problem) {
        try range(value, 0...1e12, field())
    }

    /// 1970 to 2100: a clock that was never set is possible, year 9999 is a mistake or a joke.
    static func time(_ time: Timestamp?, _ field: @autoclosure () -> String) throws(Problem) {
        guard let time else { return }
        guard (0..<4_102_444_800_000).contains(time.milliseconds) else {
            throw refused(field(), "\(time) is not within 1970 to 2099")
        }
    }
}
