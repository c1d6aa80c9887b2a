import { useState } from "react";
import { post } from "../../kit/api";
import { invalidate, useQuery } from "../../kit/cache";
import { Button } from "../../kit/Button";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { toast } from "../../kit/Toast";
import { Resource } from "../../live/resource";
import { may, useMe } from "../../session/session";

interface Because { connectionId: string; kind: "shared-identity" | "identity-match" | "manual"; signal: string; confidence: number }
interface Claim { connectionId: string; source: string; key: string; name: string; type: string; because: Because[] }
interface Explanation { resourceId: string; claims: Claim[] }

const names: Record<string, string> = { agent: "Agent", proxmox: "Proxmox VE", docker: "Docker", pbs: "Proxmox Backup", truenas: "TrueNAS", vmware: "VMware", availability: "Probe" };
const signals: Record<string, string> = {
  "machine-id": "machine id", "dmi-uuid": "hardware id", "agent-id": "agent", "platform-id": "number on the platform", "host-disk": "disk inside", "cluster-node": "node of the cluster",
  "disk-serial": "serial number", "hostname+mac": "host name and network card",
};

/** Why one thing is told of by several sources, and the way out where that is wrong. Nothing where there is one source. */
export function Sources({ resource }: { resource: Resource }): JSX.Element | null {
  const several = (resource.sources?.length ?? 0) > 1;
  const path = `/api/resources/${encodeURIComponent(resource.id)}/identity`;
  const { data } = useQuery<Explanation>(several ? path : undefined);
  const mayChange = may(useMe(), "manage:connections");
  const [apart, setApart] = useState<Claim>();
  if (!several || !data || data.claims.length < 2) return null;
  return (
    <section className="section" aria-label="Sources">
      <div className="section-head"><h2>Sources</h2></div>
      <ul className="list held">
        {data.claims.map((claim) => (
          <li key={`${claim.connectionId} ${claim.key}`}>
            <div className="grow"><span className="name">{names[claim.source] ?? claim.source}, as {claim.name}</span><span className="sub">{why(claim)}</span></div>
            {mayChange && <Button small tone="quiet" label={`Take ${names[claim.source] ?? claim.source} apart`} onClick={() => setApart(claim)} />}
          </li>
        ))}
      </ul>
      {apart && (
        <ConfirmDialog
          title={`Is ${apart.name} another thing?`} action="Take apart" onClose={() => setApart(undefined)}
          onConfirm={async () => {
            await post(`/api/resources/${encodeURIComponent(resource.id)}/unlink`, { connectionId: apart.connectionId });
            invalidate(path);
            toast({ title: `${apart.name} is shown apart`, text: "In a moment, and from now on. You can take that back." });
          }}
        >
          What {names[apart.source] ?? apart.source} tells of it becomes a thing of its own, whatever the two have in common. History stays where it is.
        </ConfirmDialog>
      )}
    </section>
  );
}

/** The strongest of what makes it one with the others. */
function why(claim: Claim): string {
  const best = [...claim.because].sort((a, b) => b.confidence - a.confidence)[0];
  if (!best) return "Recognised from before";
  if (best.kind === "manual") return "Somebody said that they are one";
  const what = signals[best.signal] ?? best.signal;
  return best.kind === "identity-match" ? `${what.charAt(0).toUpperCase()}${what.slice(1)} agree` : `The same ${what}`;
}
