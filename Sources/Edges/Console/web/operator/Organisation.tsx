// One organisation as its host sees it: state, size and owners. What it watches stays behind its owners' consent.
import { Age, When } from "../kit/Age";
import { useQuery } from "../kit/cache";
import { Icon } from "../kit/Icon";
import { initials } from "../kit/initials";
import { Page } from "../kit/Page";
import { Link, useTitle } from "../kit/router";
import { Empty } from "../kit/states";
import { Status } from "../kit/Status";
import { bytes, dateTime } from "../kit/units";
import { Wait } from "../kit/Wait";
import { LifeCard } from "./LifeCard";
import { SupportCard } from "./SupportCard";
import { OrgDetail, orgPath, orgState, suspendReasons, Usage } from "./wire";

export function Organisation({ id }: { id: string }): JSX.Element {
  const query = useQuery<OrgDetail>(orgPath(id));
  const title = query.data?.displayName ?? "Organisation";
  useTitle(title);
  const sub = <p className="page-sub mono wrap-anywhere">{query.data ? `${query.data.slug} · ${query.data.id}` : id}</p>;
  return (
    <>
      <Crumbs name={title} />
      <Page title={title} sub={sub} aside={query.data && <State organisation={query.data} />} keep>
        {query.problem?.status === 404
          ? <div className="table-wrap"><Empty icon="building" title="No such organisation" actions={<Link className="btn" to="/orgs">All organisations</Link>}>It may have been erased meanwhile.</Empty></div>
          : (
            <Wait query={query} what="The organisation" rows={6}>
              {(organisation) => (
                <div className="stack stack-5">
                  <UsageCard usage={organisation.usage} />
                  <div className="cols">
                    <div className="stack"><FactsCard organisation={organisation} /><OwnersCard organisation={organisation} /></div>
                    <div className="stack"><SupportCard organisation={organisation} /><LifeCard organisation={organisation} /></div>
                  </div>
                </div>
              )}
            </Wait>
          )}
      </Page>
    </>
  );
}

export function Crumbs({ name, to, here }: { name: string; to?: string; here?: string }): JSX.Element {
  return (
    <nav className="crumbs operator-crumbs" aria-label="Breadcrumb">
      <Link to="/orgs">Organisations</Link><Icon name="right" small />{to ? <Link to={to}>{name}</Link> : <span>{name}</span>}
      {here && <><Icon name="right" small /><span>{here}</span></>}
    </nav>
  );
}

function State({ organisation }: { organisation: OrgDetail }): JSX.Element {
  const state = orgState(organisation.status);
  return <Status mark={state.mark}>{state.word}</Status>;
}

function UsageCard({ usage }: { usage: Usage }): JSX.Element {
  const size = bytes(usage.historyBytes);
  return (
    <section className="card" aria-label="Usage">
      <div className="stat-row">
        <Stat label="Machines" value={usage.machines} note={usage.lastReportAt ? <>last report <Age at={Date.parse(usage.lastReportAt)} /> ago</> : "No report yet"} />
        <Stat label="Resources" value={usage.resources} note="What they report on" />
        <Stat label="Members" value={usage.members} note={usage.pendingInvitations === 0 ? "Nobody invited" : `${usage.pendingInvitations} invited`} />
        <Stat label="API tokens" value={usage.apiTokens} note="In use" />
        <Stat label="History" value={size.value} unit={size.unit} note={`${usage.historyRows.toLocaleString("en")} rows`} />
      </div>
    </section>
  );
}

function Stat({ label, value, unit, note }: { label: string; value: number | string; unit?: string; note: React.ReactNode }): JSX.Element {
  return (
    <div className="stat">
      <div className="stat-label">{label}</div>
      <div className="stat-value">{typeof value === "number" ? value.toLocaleString("en") : value}{unit && <span className="unit">{unit}</span>}</div>
      <div className="stat-note">{note}</div>
    </div>
  );
}

function FactsCard({ organisation }: { organisation: OrgDetail }): JSX.Element {
  const reason = organisation.suspendReason && (suspendReasons[organisation.suspendReason] ?? organisation.suspendReason);
  return (
    <section className="card" aria-labelledby="org-facts">
      <div className="card-head"><h2 id="org-facts">Facts</h2></div>
      <dl className="card-body kv">
        <dt>Plan</dt><dd>{organisation.plan || <span className="faint">None</span>}</dd>
        <dt>Since</dt><dd>{dateTime(new Date(organisation.createdAt))}</dd>
        {organisation.suspendedAt && <><dt>Suspended</dt><dd><When at={organisation.suspendedAt} />{reason && `: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`}</dd></>}
        {organisation.deletionRequestedAt && <><dt>To be deleted</dt><dd>asked for <When at={organisation.deletionRequestedAt} />{organisation.deleteAfter && `, erased after ${dateTime(new Date(organisation.deleteAfter))}`}</dd></>}
        <dt>Not shown</dt><dd className="faint">Machines, addresses, secrets and members need the consent of an owner</dd>
      </dl>
    </section>
  );
}

function OwnersCard({ organisation: { owners } }: { organisation: OrgDetail }): JSX.Element {
  return (
    <section className="card" aria-labelledby="org-owners">
      <div className="card-head"><h2 id="org-owners">Owners</h2></div>
      <ul className="list">
        {owners.length === 0 && <li><span className="muted">Nobody owns it now.</span></li>}
        {owners.map((owner) => (
          <li key={owner.userId}><span className="avatar" aria-hidden="true">{initials(owner.displayName || owner.email)}</span><div className="grow"><span className="name">{owner.displayName || owner.email}</span><p className="sub">{owner.email}</p></div></li>
        ))}
      </ul>
    </section>
  );
}
