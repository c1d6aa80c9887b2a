// The agents through which Pulse reaches private networks: what each lets through, what it carries, and how to make one.
import { useEffect, useRef, useState } from "react";
import { When } from "../../kit/Age";
import { patch } from "../../kit/api";
import { Button } from "../../kit/Button";
import { useQuery } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { CopyButton } from "../../kit/CopyButton";
import { Icon } from "../../kit/Icon";
import { asProblem } from "../../kit/problem";
import { Link, useTitle } from "../../kit/router";
import { Denied } from "../../kit/states";
import { Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { bytes } from "../../kit/units";
import { Wait } from "../../kit/Wait";
import { may, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";
import { Gateway, gatewayCommands, gatewaysPath, gatewayStates } from "./gateway";

/** What they carry moves by itself; milliseconds. */
const refresh = 5_000;

export function Gateways(): JSX.Element {
  useTitle("Gateways");
  const me = useMe(), mayRead = may(me, "read:connections"), mayChange = may(me, "manage:agents");
  const gateways = useQuery<{ data: Gateway[] }>(mayRead ? gatewaysPath : undefined);
  const { reload } = gateways;
  useEffect(() => {
    if (!mayRead) return undefined;
    const timer = setInterval(() => { if (!document.hidden) reload(); }, refresh);
    return () => clearInterval(timer);
    // the query's functions are new with each painting
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [mayRead]);
  return (
    <Page
      title="Gateways" narrow keep sub={<p className="page-sub">Agents through which Pulse reaches private networks. Each lets through what its own administrator allowed, and no more.</p>}
      actions={<Link className="btn btn-quiet" to="/connections"><span className="btn-label">Connections</span></Link>}
    >
      {!mayRead && <Denied what="gateways" need="read:connections" />}
      {mayRead && (
        <div className="stack gateways">
          <section className="card" aria-label="Gateways">
            <Wait query={gateways} what="The gateways" rows={2}>
              {({ data }) => (
                <ul className="list">
                  {data.length === 0 && <li><span className="muted">None yet. An agent becomes one when it is told to on its own machine.</span></li>}
                  {data.map((one) => <GatewayRow key={one.agentId} gateway={one} mayChange={mayChange} onChanged={reload} />)}
                </ul>
              )}
            </Wait>
          </section>
          {/* what comes below has to wait for how long the list is */}
          {(gateways.data ?? gateways.problem) && <SetUp />}
        </div>
      )}
    </Page>
  );
}

const size = (count: number): string => { const { value, unit } = bytes(count); return `${value} ${unit}`; };

function GatewayRow({ gateway, mayChange, onChanged }: { gateway: Gateway; mayChange: boolean; onChanged: () => void }): JSX.Element {
  const [asking, setAsking] = useState(false), { mark, word } = gatewayStates[gateway.state];
  async function set(enabled: boolean): Promise<void> {
    await patch(`${gatewaysPath}/${gateway.agentId}`, { enabled });
    onChanged();
    toast({ title: `${gateway.hostname} is switched ${enabled ? "on" : "off"}`, text: enabled ? "Its agent comes back within five minutes." : "Everything through it has ended." });
  }
  async function switchOn(): Promise<void> {
    try { await set(true); } catch (error) { toast({ mark: "critical", title: "Not changed", text: asProblem(error).sentence }); }
  }
  const used = gateway.connections === 0 ? "no connection uses it" : `${gateway.connections} ${gateway.connections === 1 ? "connection uses" : "connections use"} it`;
  return (
    <li>
      <span className="kind"><Icon name="server" /></span>
      <div className="grow">
        <span className="name">{gateway.hostname}</span>
        <p className="sub wrap-anywhere">Allows {gateway.allows.join(", ")}</p>
        <p className="sub wrap-anywhere tabular">
          {gateway.state === "online"
            ? <>{gateway.streams} open {gateway.streams === 1 ? "stream" : "streams"} · {size(gateway.receivedBytes)} in, {size(gateway.sentBytes)} out, connected <When at={gateway.connectedAt} /></>
            : <>last connected <When at={gateway.disconnectedAt ?? gateway.connectedAt} /></>} · {used}
        </p>
      </div>
      <Status mark={mark}>{word}</Status>
      {mayChange && <Button small label={gateway.enabled ? "Switch off" : "Switch on"} onClick={() => { if (gateway.enabled) setAsking(true); else void switchOn(); }} />}
      {asking && (
        <ConfirmDialog title={`Switch ${gateway.hostname} off?`} action="Switch off" keep="Keep it" danger onConfirm={() => set(false)} onClose={() => setAsking(false)}>
          <p>Everything that goes through it ends at once; {used}. The agent goes on reporting its own machine.</p>
        </ConfirmDialog>
      )}
    </li>
  );
}

function SetUp(): JSX.Element {
  const pre = useRef<HTMLPreElement>(null);
  return (
    <section className="card" aria-labelledby="gateway-setup">
      <div className="card-head"><h2 id="gateway-setup">Make an agent a gateway</h2><span className="actions sub">on its machine, as root</span></div>
      <div className="card-body stack stack-3">
        <div className="code">
          <pre ref={pre} tabIndex={0} aria-label="Commands">{gatewayCommands.map((line, index) => <span key={line}>{index > 0 && "\n"}<span className="prompt"># </span>{line}</span>)}</pre>
          <CopyButton className="copy" text={gatewayCommands.join("\n")} source={pre} />
        </div>
        <p className="hint">The first line says what may be reached: a network or a name, and its ports (8006 is Proxmox VE, 8007 its backup server). Nothing else is let through, and no inbound rule is needed. A machine without the agent gets one <Link className="link" to="/onboarding">first</Link>.</p>
      </div>
    </section>
  );
}
