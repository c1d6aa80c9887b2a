package import JSONKit
package import Kernel

/// What a manager of a swarm knows.
extension HostReport {
    package struct SwarmService: Hashable, Sendable {
        package var id = ""
        package var name = ""
        /// Of `docker stack`.
        package var stack: String?
        package var image: String?
        /// replicated, global, replicated-job, global-job.
        package var mode: String?
        package var desiredTasks: Int64?
        package var runningTasks: Int64?
        package var completedTasks: Int64?
        package var updateState: String?
        package var updateMessage: String?
        /// `published:target/protocol`.
        package var endpointPorts: [String] = []
        package var createdAt: Timestamp?
        package var updatedAt: Timestamp?

        package init() {}
    }

    /// One that is to run, or runs.
    package struct SwarmTask: Hashable, Sendable {
        package var id = ""
        package var serviceID: String?
        package var serviceName: String?
        /// From 1; nil in a global service, which has one a node.
        package var slot: Int64?
        package var nodeID: String?
        package var nodeName: String?
        package var desiredState: String?
        package var currentState: String?
        package var error: String?
        package var message: String?
        package var containerID: String?
        package var createdAt: Timestamp?
        package var updatedAt: Timestamp?

        package init() {}
    }

    package struct SwarmNode: Hashable, Sendable {
        package var id = ""
        package var hostname: String?
        /// manager or worker.
        package var role: String?
        /// active, pause, drain.
        package var availability: String?
        /// unknown, down, ready, disconnected.
        package var state: String?
        package var message: String?
        package var address: String?
        package var managerReachability: String?
        package var isLeader: Bool?
        package var engineVersion: String?
        package var os: String?
        package var architecture: String?
        package var nanoCPUs: Int64?
        package var memoryBytes: Int64?

        package init() {}
    }
}

extension HostReport.SwarmService: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": try reader.decode(into: &id)
            case "name": try reader.decode(into: &name)
            case "stack": try reader.lax(&stack)
            case "image": try reader.lax(&image)
            case "mode": try reader.lax(&mode)
            case "desiredTasks": try reader.lax(&desiredTasks)
            case "runningTasks": try reader.lax(&runningTasks)
            case "completedTasks": try reader.lax(&completedTasks)
            case "updateState": try reader.lax(&updateState)
            case "updateMessage": try reader.lax(&updateMessage)
            case "endpointPorts": try reader.lax(&endpointPorts)
            case "createdAt": try reader.lax(&createdAt)
            case "updatedAt": try reader.lax(&updatedAt)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("name", name)
            json.member("stack", stack)
            json.member("image", image)
            json.member("mode", mode)
            json.member("desiredTasks", desiredTasks)
            json.member("runningTasks", runningTasks)
            json.member("completedTasks", completedTasks)
            json.member("updateState", updateState)
            json.member("updateMessage", updateMessage)
            if !endpointPorts.isEmpty { json.member("endpointPorts", endpointPorts) }
            json.member("createdAt", createdAt)
            json.member("updatedAt", updatedAt)
        }
    }
}

extension HostReport.SwarmTask: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": try reader.decode(into: &id)
            case "serviceId": try reader.lax(&serviceID)
            case "serviceName": try reader.lax(&serviceName)
            case "slot": try reader.lax(&slot)
            case "nodeId": try reader.lax(&nodeID)
            case "nodeName": try reader.lax(&nodeName)
            case "desiredState": try reader.lax(&desiredState)
            case "currentState": try reader.lax(&currentState)
            case "error": try reader.lax(&error)
            case "message": try reader.lax(&message)
            case "containerId": try reader.lax(&containerID)
            case "createdAt": try reader.lax(&createdAt)
            case "updatedAt": try reader.lax(&updatedAt)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("serviceId", serviceID)
            json.member("serviceName", serviceName)
            json.member("slot", slot)
            json.member("nodeId", nodeID)
            json.member("nodeName", nodeName)
            json.member("desiredState", desiredState)
            json.member("currentState", currentState)
            json.member("error", error)
            json.member("message", message)
            json.member("containerId", containerID)
            json.member("createdAt", createdAt)
            json.member("updatedAt", updatedAt)
        }
    }
}

extension HostReport.SwarmNode: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": try reader.decode(into: &id)
            case "hostname": try reader.lax(&hostname)
            case "role": try reader.lax(&role)
            case "availability": try reader.lax(&availability)
            case "state": try reader.lax(&state)
            case "message": try reader.lax(&message)
            case "address": try reader.lax(&address)
            case "managerReachability": try reader.lax(&managerReachability)
            case "leader": try reader.lax(&isLeader)
            case "engineVersion": try reader.lax(&engineVersion)
            case "os": try reader.lax(&os)
            case "architecture": try reader.lax(&architecture)
            case "nanoCpus": try reader.lax(&nanoCPUs)
            case "memoryBytes": try reader.lax(&memoryBytes)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("hostname", hostname)
            json.member("role", role)
            json.member("availability", availability)
            json.member("state", state)
            json.member("message", message)
            json.member("address", address)
            json.member("managerReachability", managerReachability)
            json.member("leader", isLeader)
            json.member("engineVersion", engineVersion)
            json.member("os", os)
            json.member("architecture", architecture)
            json.member("nanoCpus", nanoCPUs)
            json.member("memoryBytes", memoryBytes)
        }
    }
}
