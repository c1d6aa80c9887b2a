import HostileKit
import JSONKit

@testable import ProxmoxVE

/// A cluster of one node, two guests and a storage, as Proxmox VE writes it.
enum SmallCluster {
    static func well(_ request: HostileServer.Request) -> HostileServer.Reply {
        let path = request.path.replacing("/api2/json", with: "", maxReplacements: 1)
        return answers[path].map { .json("{\"data\":\($0)}") } ?? .json("{\"data\":null}", status: 501)
    }

    static let answers = [
        "/version": #"{"version":"9.0.11","release":"9.0","repoid":"abc"}"#,
        "/cluster/resources": """
        [{"id":"node/pve1","type":"node","node":"pve1","status":"online","cpu":0.25,"maxcpu":8,"mem":4000000000,
          "maxmem":16000000000,"disk":10000000000,"maxdisk":100000000000,"uptime":86400,"level":""},
         {"id":"qemu/101","type":"qemu","vmid":101,"node":"pve1","name":"web","status":"running","template":0,
          "tags":"prod;web","cpu":0.1,"maxcpu":2,"mem":1073741824,"maxmem":2147483648,"disk":0,"maxdisk":34359738368,
          "uptime":3600,"netin":1000,"netout":2000,"diskread":3000,"diskwrite":4000},
         {"id":"lxc/102","type":"lxc","vmid":102,"node":"pve1","name":"db","status":"running","template":0,
          "cpu":0.5,"maxcpu":1,"mem":268435456,"maxmem":536870912,"disk":2000000000,"maxdisk":8000000000,
          "uptime":3600,"netin":1,"netout":2,"diskread":3,"diskwrite":4},
         {"id":"qemu/9000","type":"qemu","vmid":9000,"node":"pve1","name":"golden","status":"stopped","template":1},
         {"id":"storage/pve1/local","type":"storage","storage":"local","node":"pve1","plugintype":"dir",
          "content":"backup,iso","status":"available","shared":0,"disk":5000000000,"maxdisk":50000000000}]
        """,
        "/cluster/status": #"[{"type":"node","name":"pve1","ip":"127.0.0.1","local":1,"nodeid":0,"online":1}]"#,
        "/nodes/pve1/certificates/info": """
        [{"filename":"pve-root-ca.pem","fingerprint":"\(Array(repeating: "AB", count: 32).joined(separator: ":"))"}]
        """,
        "/nodes/pve1/status": """
        {"memory":{"total":16000000000,"used":8000000000,"free":2000000000,"available":12000000000},
         "rootfs":{"total":100000000000,"used":10000000000},"loadavg":["0.50","0.40","0.30"],"uptime":86400,
         "pveversion":"pve-manager/9.0.11/abc","cpuinfo":{"model":"EPYC","cores":8,"sockets":1,"cpus":16,"mhz":2400.7}}
        """,
        "/nodes/pve1/qemu/101/status/current": """
        {"mem":1073741824,"maxmem":2147483648,"freemem":1073741824,"agent":{"enabled":1,"available":1},"status":"running"}
        """,
        "/nodes/pve1/qemu/101/config": """
        {"name":"web","smbios1":"uuid=11111111-2222-3333-4444-555555555555","net0":"virtio=BC:24:11:00:00:01,bridge=vmbr0",
         "scsi0":"local-lvm:vm-101-disk-0,size=32G","agent":"1","onboot":1}
        """,
    ]
}

/// What the platform's answer with this as its `data` is read as.
func read<Value>(_ json: String, _ read: (inout JSONReader) throws(JSONError) -> Value) throws -> Value {
    try PVEAnswer.data(Array("{\"data\":\(json)}".utf8), read)
}
