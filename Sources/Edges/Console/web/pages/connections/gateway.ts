// Gateways as the wire tells them, their words, and the commands that make one.
import { Mark } from "../../kit/Status";

export const gatewaysPath = "/api/gateways";

export interface Gateway {
  agentId: string; hostname: string; enabled: boolean; state: "online" | "offline" | "disabled"; allows: string[]; agentVersion: string;
  connectedAt: string; disconnectedAt?: string; streams: number; receivedBytes: number; sentBytes: number; connections: number;
}

export const gatewayStates: Record<Gateway["state"], { mark: Mark; word: string }> = {
  online: { mark: "ok", word: "Connected" }, offline: { mark: "offline", word: "Not connected" }, disabled: { mark: "paused", word: "Off" },
};

/** What is pasted on a machine inside the network that has the agent already. */
export const gatewayCommands = [
  "echo '192.168.1.0/24:8006' >> /var/lib/pulse-agent/gateway.allow",
  "echo 'PULSE_AGENT_GATEWAY=true' >> /etc/default/pulse-agent",
  "systemctl restart pulse-agent",
];
