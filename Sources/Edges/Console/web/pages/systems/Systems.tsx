// What counts as one system, and why: for whoever wonders about the number.
import { useQuery } from "../../kit/cache";
import { Link, useTitle } from "../../kit/router";
import { Empty } from "../../kit/states";
import { Status, statusMark, statusWord } from "../../kit/Status";
import { Wait } from "../../kit/Wait";
import { ResourceStatus } from "../../live/resource";
import { resourcePath } from "../../live/sections";
import { Page } from "../../shell/Shell";
import { reasonWords } from "../connections/connection";

interface System { id: string; name: string; type: string; status: ResourceStatus; resourceIds: string[]; explanation: { summary: string; surfaces: { name: string; source: string }[] } }
interface Ledger { total: number; complete: boolean; unavailable: { connectionId: string; name: string; reason: string }[]; data: System[] }

const kinds: Record<string, string> = {
  "proxmox-node": "Proxmox VE node", "vmware-host": "ESXi host", "truenas-system": "TrueNAS", "docker-host": "Docker host", host: "Host with an agent", "pbs-server": "Backup server", "pmg-server": "Mail gateway",
};

export function Systems(): JSX.Element {
  useTitle("Systems");
  const ledger = useQuery<Ledger>("/api/license/monitored-system-ledger", 30_000);
  return (
    <Page title="Systems" count={ledger.data?.total} keep sub={<p className="page-sub">Hosts, nodes and appliances, each counted once however many sources show it. What runs on them does not count.</p>}>
      <Wait query={ledger} what="The count" rows={4}>
        {({ data, unavailable }) => (
          <>
            {unavailable.length > 0 && (
              <div className="card card-body offers">
                Not everything could be counted: {unavailable.map((one, index) => <span key={one.connectionId}>{index > 0 && ", "}<Link className="link" to={`/connections/${one.connectionId}`}>{one.name}</Link> {one.reason === "pending" ? "was not asked yet" : `(${reasonWords(one.reason).toLowerCase()})`}</span>)}.
              </div>
            )}
            <div className="table-wrap">
              {data.length === 0 && <Empty icon="server" title="No system yet">The first machine with an agent, or the first platform, is counted as soon as it has answered.</Empty>}
              {data.length > 0 && (
                <ul className="list held">
                  {data.map((system) => (
                    <li key={system.id} className="system">
                      <div className="grow">
                        <Link className="name" to={resourcePath({ id: system.id, type: "agent" })}>{system.name}</Link>
                        <span className="sub">{kinds[system.type] ?? system.type}. {system.explanation.summary}</span>
                      </div>
                      <Status mark={statusMark(system.status)}>{statusWord(system.status)}</Status>
                    </li>
                  ))}
                </ul>
              )}
            </div>
          </>
        )}
      </Wait>
    </Page>
  );
}
