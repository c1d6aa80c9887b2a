// The whole estate at a glance: what needs a person, what is full, what changed.
import { resources, reconnectNow, useAfter, useLiveStatus, useResourceCount, useStatusVersion } from "../../live/live";
import { sectionNames, sections } from "../../live/sections";
import { Icon } from "../../kit/Icon";
import { useWholeList } from "../../kit/list";
import { Link, useTitle } from "../../kit/router";
import { Failed, LoadingTable } from "../../kit/states";
import { may, useMe } from "../../session/session";
import { LiveLine } from "../../shell/LiveLine";
import { Page } from "../../shell/Shell";
import { NothingWatched } from "../inventory/InventoryStates";
import { Connection, connectionsPath } from "../connections/connection";
import { Attention } from "./Attention";
import { Busiest } from "./Busiest";
import { Recent } from "./Recent";
import { SectionTile } from "./SectionTile";

/** Milliseconds. */
const refresh = 10_000;
/** Only those that may need someone: of the others there can be thousands. */
const needy = `${connectionsPath}?state=degraded,failing,parked&limit=100`;
const mostConnections = 2_000;
const none: readonly Connection[] = [];

export function Dashboard(): JSX.Element {
  useTitle("Dashboard");
  const mayAsk = may(useMe(), "read:connections");
  const connections = useWholeList<Connection>(mayAsk ? needy : undefined, mostConnections, refresh);
  // all at once, so that none pushes another
  const all = useResourceCount(), isReady = !mayAsk || connections.data !== undefined || connections.problem !== undefined;
  const count = isReady ? all : undefined;
  const { problem, link } = useLiveStatus();
  const isSlow = useAfter(150, count === undefined && !problem);
  useStatusVersion();
  const shown = sectionNames.filter((name) => name === "infrastructure" || resources.sections[name].all > 0);
  return (
    <Page
      title="Dashboard" keep sub={<div className="row-wrap page-sub"><LiveLine /></div>}
      actions={<Link className="btn btn-primary" to="/onboarding"><Icon name="plus" /><span className="btn-label">Add</span></Link>}
    >
      {count === undefined && problem && (
        <div className="table-wrap"><Failed title="The dashboard could not be loaded" problem={problem} retry={reconnectNow} nextTry={link.kind === "lost" ? link.nextTry : undefined} aside="Agents keep what they measure meanwhile." /></div>
      )}
      {count === undefined && !problem && isSlow && <LoadingTable rows={6} />}
      {count === 0 && <NothingWatched section={sections.infrastructure} isFirst />}
      {count !== undefined && count > 0 && (
        <>
          <div className="card totals"><div className="stat-row">{shown.map((name) => <SectionTile key={name} name={name} />)}</div></div>
          <div className="dashboard">
            <Attention connections={connections.data ?? none} />
            <div className="stack stack-5"><Busiest /><Recent /></div>
          </div>
        </>
      )}
    </Page>
  );
}
