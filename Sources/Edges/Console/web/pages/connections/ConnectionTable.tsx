import { KeyboardEvent } from "react";
import { Age } from "../../kit/Age";
import { useNow } from "../../kit/clock";
import { Icon, IconName } from "../../kit/Icon";
import { List } from "../../kit/list";
import { preferences } from "../../kit/preferences";
import { Link } from "../../kit/router";
import { Status } from "../../kit/Status";
import { MoreFoot } from "../../kit/Wait";
import { addressWords, answers, Connection, foundWords, Kind, kindTitle, nextWords, partWords } from "./connection";

interface TableProps { connections: readonly Connection[]; list: List<Connection>; open: string | undefined; onOpen: (id: string) => void; mayManage: boolean }

/** In the order of their making: nothing moves when health does. Arrows walk, Enter opens. */
export function ConnectionTable({ connections, list, open, onOpen, mayManage }: TableProps): JSX.Element {
  function press(event: KeyboardEvent<HTMLTableRowElement>, id: string): void {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const letters = preferences.get().singleKeys;
    const step = event.key === "ArrowDown" || letters && event.key === "j" ? 1 : event.key === "ArrowUp" || letters && event.key === "k" ? -1 : 0;
    if (event.key === "Enter") { event.preventDefault(); onOpen(id); }
    if (step === 0) return;
    event.preventDefault();
    const rows = [...event.currentTarget.parentElement?.querySelectorAll<HTMLElement>("tr[data-row]") ?? []];
    const next = rows[rows.indexOf(event.currentTarget) + step];
    next?.focus();
    if (open !== undefined && next?.dataset.row) onOpen(next.dataset.row);
  }
  return (
    <div className="table-wrap">
      <table className="table table-cards table-auto connections" aria-label="Connections">
        <colgroup><col className="w-connection" /><col className="w-answers" /><col /><col className="col-low w-latency" /><col className="w-success" /><col className="col-low w-latency" /></colgroup>
        <thead>
          <tr>
            <th scope="col">Name</th><th scope="col">Answers</th><th scope="col">What was found</th><th scope="col" className="right col-low">Latency</th>
            <th scope="col" className="right">Last success</th><th scope="col" className="right col-low">Next</th>
          </tr>
        </thead>
        <tbody>
          {connections.map((one) => <ConnectionRow key={one.id} connection={one} selected={one.id === open} onOpen={onOpen} onPress={press} mayManage={mayManage} />)}
        </tbody>
      </table>
      {list.more && <MoreFoot shown={`${connections.length} connections`} list={list} />}
    </div>
  );
}

const icons: Record<Kind, IconName> = { pve: "grid", pbs: "backup", pmg: "mail", truenas: "storage", vmware: "server", availability: "activity" };

function ConnectionRow({ connection, selected, onOpen, onPress, mayManage }: {
  connection: Connection; selected: boolean; onOpen: (id: string) => void; onPress: (event: KeyboardEvent<HTMLTableRowElement>, id: string) => void; mayManage: boolean;
}): JSX.Element {
  const { health } = connection, { mark, word } = answers(health), now = useNow();
  const dimmed = health.state === "ok" || health.state === "degraded" ? "num" : "num faint";
  return (
    <tr tabIndex={0} data-row={connection.id} aria-selected={selected || undefined} onClick={() => onOpen(connection.id)} onKeyDown={(event) => onPress(event, connection.id)}>
      <td className="c-name">
        <div className="cell-name"><span className="kind"><Icon name={icons[connection.kind] ?? "plug"} /></span><div><span className="name">{connection.name}</span><span className="sub">{kindTitle(connection.kind)} · {addressWords(connection)}</span></div></div>
      </td>
      <td className="c-status"><Status mark={mark}>{word}</Status></td>
      <td className="c-full wrap"><Found connection={connection} mayManage={mayManage} /></td>
      <td className="right c-drop col-low"><span className={dimmed}>{health.latencyMs === undefined ? "—" : <>{health.latencyMs} <span className="unit">ms</span></>}</span></td>
      <td className="right c-drop"><span className="num"><Age at={health.okAt === undefined ? undefined : Date.parse(health.okAt)} /></span></td>
      <td className="right c-drop col-low"><span className="num faint">{nextWords(connection, now)}</span></td>
    </tr>
  );
}

/** What there is, or why it is not known: one sentence. */
function Found({ connection, mayManage }: { connection: Connection; mayManage: boolean }): JSX.Element {
  const { health } = connection, found = foundWords(health.discovered);
  const edit = (words: string): JSX.Element | false => mayManage && <Link to={`/connections/${connection.id}/edit`} onClick={(event) => event.stopPropagation()}>{words}</Link>;
  switch (health.state) {
    case "ok": return <span className="muted">{found || "Nothing yet"}</span>;
    case "degraded": return <span>{found && `${found}. `}<span className="muted">Without {health.degraded.map((one) => partWords(one.part).toLowerCase()).join(", ")}.</span></span>;
    case "pending": return <span className="muted">Asked for the first time in a moment.</span>;
    case "disabled": return <span className="muted">Switched off. {found && `Last seen: ${found}.`}</span>;
    case "parked": return health.reason === "authentication"
      ? <span>{health.detail} Parked until the credentials change, so the account is not locked out. {edit("Replace credentials")}</span>
      : <span>{health.detail} Parked until its settings change. {edit("Change settings")}</span>;
    case "failing": return <span>{health.detail}{health.consecutiveFailures > 1 && ` ${health.consecutiveFailures} tries.`} {found && <span className="muted">What it told stays, and grows old.</span>}</span>;
  }
}
