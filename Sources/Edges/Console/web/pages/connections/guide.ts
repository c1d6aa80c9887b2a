// What has to be made on the platform before it can be asked, with the exact commands.
import { Kind } from "./connection";

export interface Guide { label: string; where: string; commands: string[]; note: string }

const user = `pveum user add pulse@pve --comment "Pulse, reads only"`;
const token = "pveum user token add pulse@pve monitor --privsep 0";
const grants = (privileges: string): string[] => [
  user, `pveum role add PulseMonitor --privs "${privileges}"`, "pveum acl modify / --users pulse@pve --roles PVEAuditor,PulseMonitor", token,
];

/** The newest release first. */
export const guides: Partial<Record<Kind, Guide[]>> = {
  pve: [
    {
      label: "Proxmox VE 9", where: "In the shell of any node, as root", commands: grants("VM.GuestAgent.Audit Sys.Audit"),
      note: "PVEAuditor only reads. VM.GuestAgent.Audit lets Pulse read disks, addresses and memory from inside the guests, Sys.Audit lets it read Ceph and pending updates. None of it can change your cluster.",
    },
    {
      label: "Proxmox VE 8", where: "In the shell of any node, as root", commands: grants("VM.Monitor Sys.Audit"),
      note: "PVEAuditor only reads. Version 8 has no smaller privilege for the guest agent than VM.Monitor, which can do more than read; leave it out, and Pulse takes disks and memory from the host's view instead. Sys.Audit lets it read Ceph and pending updates.",
    },
  ],
};

export const afterwards: Partial<Record<Kind, string>> = {
  pve: "The last command prints the secret, once. With --privsep 0 the token has the rights of its user; with separated privileges grant both the token and the user.",
};
