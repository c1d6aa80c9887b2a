// What a viewer of the organisation sees, read with an owner's consent. Each look is an entry in their log.
import { ReactNode } from "react";
import { Age, Day } from "../kit/Age";
import { useQuery } from "../kit/cache";
import { Icon } from "../kit/Icon";
import { initials } from "../kit/initials";
import { useList } from "../kit/list";
import { Meter, thresholds } from "../kit/Meter";
import { Page } from "../kit/Page";
import { APIProblem } from "../kit/problem";
import { Link, useTitle } from "../kit/router";
import { Empty } from "../kit/states";
import { Status, statusMark, statusWord } from "../kit/Status";
import { Tabs } from "../kit/Tabs";
import { dateTime } from "../kit/units";
import { MoreFoot, Wait } from "../kit/Wait";
import { displayName, Resource, seenAt, subtitle } from "../live/resource";
import { Crumbs } from "./Organisation";
import { OrgDetail, orgPath } from "./wire";

export function View({ id, section }: { id: string; section: string }): JSX.Element {
  const organisation = useQuery<OrgDetail>(orgPath(id)).data;
  const name = organisation?.displayName ?? "Organisation", base = `/orgs/${id}/view`;
  useTitle(`${name}, to read`);
  const support = organisation?.supportAccess;
  return (
    <>
      <Crumbs name={name} to={`/orgs/${id}`} here="To read" />
      <Page title={name} sub={<p className="page-sub">{support?.expiresAt ? `As a viewer sees it, until ${dateTime(new Date(support.expiresAt))}. Nothing can be changed from here.` : "As a viewer sees it. Nothing can be changed from here."}</p>}>
        <Tabs label="Sections" current={section === "machines" ? base : `${base}/${section}`} tabs={[{ to: base, label: "Machines" }, { to: `${base}/members`, label: "Members" }, { to: `${base}/sites`, label: "Sites" }]} />
        {section === "machines" ? <Machines id={id} /> : section === "members" ? <Members id={id} /> : <Sites id={id} />}
      </Page>
    </>
  );
}

const viewPath = (id: string, what: string): string => `${orgPath(id)}/view/${what}`;

/** Consent can end between two looks: then the page says so, and where to ask again. */
function Consented<T>({ id, query, what, children }: { id: string; query: { data: T | undefined; problem: APIProblem | undefined; reload: () => void }; what: string; children: (data: T) => ReactNode }): JSX.Element {
  if (query.problem?.slug === "support-access-required") {
    return (
      <div className="table-wrap">
        <Empty icon="lock" title="Not open to you" actions={<Link className="btn" to={`/orgs/${id}`}>Back to the organisation</Link>}>Their consent is not given, has run out, or was ended. Ask again from their page.</Empty>
      </div>
    );
  }
  return <Wait query={query} what={what} rows={6}>{children}</Wait>;
}

function Machines({ id }: { id: string }): JSX.Element {
  const resources = useQuery<{ data: Resource[]; meta?: { total?: number } }>(viewPath(id, "resources?limit=100"), 15_000);
  return (
    <Consented id={id} query={resources} what="The machines">
      {({ data, meta }) => (
        <div className="table-wrap">
          {data.length === 0
            ? <Empty icon="server" title="Nothing is watched">They have no machine yet.</Empty>
            : (
              <table className="table table-cards" aria-label="Machines">
                <colgroup><col /><col className="w-state" /><col className="w-meter" /><col className="w-meter" /><col className="w-meter col-lower" /><col className="w-short" /></colgroup>
                <thead><tr><th scope="col">Name</th><th scope="col">Status</th><th scope="col">CPU</th><th scope="col">Memory</th><th scope="col" className="col-lower">Disk</th><th scope="col" className="right">Heard</th></tr></thead>
                <tbody>{data.map((one) => <MachineRow key={one.id} machine={one} />)}</tbody>
              </table>
            )}
          {(meta?.total ?? 0) > data.length && <div className="table-foot">{data.length} of {meta?.total?.toLocaleString("en")}</div>}
        </div>
      )}
    </Consented>
  );
}

function MachineRow({ machine }: { machine: Resource }): JSX.Element {
  const { metrics } = machine, isKnown = machine.status === "online" || machine.status === "warning", seen = seenAt(machine);
  return (
    <tr data-stale={isKnown ? undefined : ""}>
      <td className="c-name"><div className="cell-name"><span className="kind"><Icon name="server" /></span><div><span className="name">{displayName(machine)}</span><span className="sub">{subtitle(machine)}</span></div></div></td>
      <td className="c-status"><Status mark={statusMark(machine.status)}>{statusWord(machine.status)}</Status></td>
      <td data-label="CPU"><Meter value={isKnown ? metrics?.cpu?.percent : undefined} threshold={thresholds.cpu} missing="Not reported now" /></td>
      <td data-label="Memory"><Meter value={isKnown ? metrics?.memory?.percent : undefined} threshold={thresholds.memory} missing="Not reported now" /></td>
      <td data-label="Disk" className="col-lower"><Meter value={isKnown ? metrics?.disk?.percent : undefined} threshold={thresholds.disk} missing="Not reported now" /></td>
      <td className="right" data-label="Heard"><span className="num muted">{seen === undefined ? "—" : <Age at={seen} />}</span></td>
    </tr>
  );
}

interface Member { userId: string; email: string; displayName?: string; role: string; joinedAt: string }

function Members({ id }: { id: string }): JSX.Element {
  const members = useList<Member>(viewPath(id, "members"));
  return (
    <Consented id={id} query={members} what="The members">
      {(data) => (
        <div className="table-wrap">
          <table className="table table-cards" aria-label="Members">
            <colgroup><col /><col className="w-role" /><col className="w-when" /></colgroup>
            <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col" className="right">Since</th></tr></thead>
            <tbody>
              {data.map((one) => (
                <tr key={one.userId}>
                  <td className="c-name"><div className="cell-name"><span className="avatar" aria-hidden="true">{initials(one.displayName || one.email)}</span><div><span className="name">{one.displayName || one.email}</span><span className="sub">{one.email}</span></div></div></td>
                  <td data-label="Role">{one.role.charAt(0).toUpperCase() + one.role.slice(1)}</td>
                  <td className="right" data-label="Since"><span className="num muted"><Day at={one.joinedAt} /></span></td>
                </tr>
              ))}
            </tbody>
          </table>
          {members.more && <MoreFoot shown={`${data.length} shown`} list={members} />}
        </div>
      )}
    </Consented>
  );
}

interface Site { id: string; name: string; description?: string; tags: string[]; agentCount?: number }

function Sites({ id }: { id: string }): JSX.Element {
  const sites = useList<Site>(viewPath(id, "sites"));
  return (
    <Consented id={id} query={sites} what="The sites">
      {(data) => (
        <div className="table-wrap">
          {data.length === 0
            ? <Empty icon="grid" title="No sites">All of their machines stand in one place.</Empty>
            : (
              <table className="table table-cards" aria-label="Sites">
                <colgroup><col /><col className="w-scopes" /><col className="w-short" /></colgroup>
                <thead><tr><th scope="col">Name</th><th scope="col">Tags</th><th scope="col" className="right">Machines</th></tr></thead>
                <tbody>
                  {data.map((site) => (
                    <tr key={site.id}>
                      <td className="c-name"><div className="cell-name"><span className="kind"><Icon name="grid" /></span><div><span className="name">{site.name}</span>{site.description && <span className="sub">{site.description}</span>}</div></div></td>
                      <td data-label="Tags">{site.tags.length === 0 ? <span className="faint">None</span> : <span className="tag-row">{site.tags.map((tag) => <span key={tag} className="badge">{tag}</span>)}</span>}</td>
                      <td className="right" data-label="Machines"><span className="num">{site.agentCount ?? "—"}</span></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          {sites.more && <MoreFoot shown={`${data.length} shown`} list={sites} />}
        </div>
      )}
    </Consented>
  );
}
