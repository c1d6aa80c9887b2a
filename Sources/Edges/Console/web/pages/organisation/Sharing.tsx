// Single machines shown to other organisations, and what others show here. Nothing else of either is seen.
import { useState } from "react";
import { Day, When } from "../../kit/Age";
import { post, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Icon } from "../../kit/Icon";
import { List, useList } from "../../kit/list";
import { asProblem } from "../../kit/problem";
import { Denied, Empty, LoadingTable } from "../../kit/states";
import { Status, statusMark, statusWord } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { MoreFoot, Wait } from "../../kit/Wait";
import { ResourceStatus } from "../../live/resource";
import { may, useMe } from "../../session/session";
import { roleLabel } from "../members/member";
import { organisationPath, Share } from "./organisation";
import { ShareDialog } from "./ShareDialog";

interface Received {
  id: string; source: { orgId: string; slug: string; displayName: string }; resourceType: string; resourceId: string; resourceName: string; resourceStatus?: ResourceStatus; changedAt?: string;
  accessRole: string; status: "pending" | "accepted"; createdAt: string;
}

export function Sharing(): JSX.Element {
  const me = useMe(), mayRead = may(me, "read:sharing"), mayManage = may(me, "manage:sharing"), path = `${organisationPath(me)}/shares`;
  const given = useList<Share>(mayRead ? path : undefined), received = useQuery<{ data: Received[] }>(mayRead ? `${path}/incoming` : undefined, 15_000);
  const [sharing, setSharing] = useState(false);
  if (!mayRead) return <Denied what="what is shared" need="read:sharing" />;
  // both at once, so that neither pushes the other
  const isReady = (given.data || given.problem) && (received.data || received.problem);
  const add = mayManage && <Button icon="plus" label="Show a machine" onClick={() => setSharing(true)} />;
  return (
    <>
      <div className="section-head tab-head"><p className="muted grow">Show one machine to another organisation: it sees this machine and nothing else of yours, once it has accepted, until one of you ends it.</p>{add}</div>
      {!isReady ? <LoadingTable /> : (
        <div className="stack stack-6">
          <section aria-labelledby="given-head">
            <div className="section-head"><h2 id="given-head">Shown to others</h2></div>
            <Wait query={given} what="What you show">
              {(data) => <div className="table-wrap">{data.length === 0 ? <Empty icon="link" title="Nothing is shown to others">A machine whose neighbour in the rack is a partner's, for instance.</Empty> : <Given rows={data} list={given} path={path} mayManage={mayManage} />}</div>}
            </Wait>
          </section>
          <section aria-labelledby="received-head">
            <div className="section-head"><h2 id="received-head">Shown to you</h2></div>
            <Wait query={received} what="What others show">
              {({ data }) => <div className="table-wrap">{data.length === 0 ? <Empty icon="eye" title="Nothing is shown to you">Tell others your short name, <span className="mono">{me.organization?.slug}</span>, and what they offer appears here.</Empty> : <ReceivedTable rows={data} path={path} mayManage={mayManage} />}</div>}
            </Wait>
          </section>
        </div>
      )}
      {sharing && <ShareDialog path={path} onClose={() => setSharing(false)} />}
    </>
  );
}

const nameOf = (share: Share): string => share.resourceName || "A removed machine";

function Given({ rows, list, path, mayManage }: { rows: readonly Share[]; list: List<Share>; path: string; mayManage: boolean }): JSX.Element {
  const [ending, setEnding] = useState<Share>();
  async function end(share: Share): Promise<void> {
    await remove(`${path}/${share.id}`);
    invalidate(path);
    toast({ title: `${nameOf(share)} is shown to ${share.targetSlug} no more` });
  }
  return (
    <>
      <table className="table table-cards" aria-label="Shown to others">
        <colgroup><col /><col className="w-role" /><col className="w-state" /><col className="col-lower w-when" /><col className="w-act" /></colgroup>
        <thead><tr><th scope="col">Machine, shown to</th><th scope="col">As</th><th scope="col">State</th><th scope="col" className="right col-lower">Since</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
        <tbody>
          {rows.map((share) => (
            <tr key={share.id}>
              <td className="c-name"><div className="cell-name"><span className="kind"><Icon name="server" /></span><div><span className="name">{nameOf(share)}</span><span className="sub">to <span className="mono">{share.targetSlug}</span></span></div></div></td>
              <td data-label="As">{roleLabel(share.accessRole)}</td>
              <td data-label="State"><Status mark={share.status === "accepted" ? "ok" : "pending"}>{share.status === "accepted" ? "Accepted" : "Offered"}</Status></td>
              <td className="right c-drop col-lower"><span className="num muted"><Day at={share.createdAt} /></span></td>
              <td className="right c-act c-buttons">{mayManage && <Button small tone="danger" label={share.status === "accepted" ? "End" : "Withdraw"} aria-label={`${share.status === "accepted" ? "End" : "Withdraw"} ${nameOf(share)} for ${share.targetSlug}`} onClick={() => setEnding(share)} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {list.more && <MoreFoot shown={`${rows.length} shown`} list={list} />}
      {ending && (
        <ConfirmDialog title={`Show ${nameOf(ending)} to ${ending.targetSlug} no more?`} action={ending.status === "accepted" ? "End" : "Withdraw"} keep="Keep it" danger onConfirm={() => end(ending)} onClose={() => setEnding(undefined)}>
          <p>They see it no longer, at once. The machine itself is not touched.</p>
        </ConfirmDialog>
      )}
    </>
  );
}

function ReceivedTable({ rows, path, mayManage }: { rows: readonly Received[]; path: string; mayManage: boolean }): JSX.Element {
  const [leaving, setLeaving] = useState<Received>();
  const [busy, setBusy] = useState<string>();
  async function accept(share: Received): Promise<void> {
    setBusy(share.id);
    try {
      await post(`${path}/incoming/${share.id}/accept`);
      toast({ title: `You see ${share.resourceName} now`, text: `${share.source.displayName} shows it to you.` });
    } catch (error) {
      toast({ mark: "critical", title: "Not accepted", text: asProblem(error).sentence });
    } finally {
      setBusy(undefined);
      invalidate(`${path}/incoming`);
    }
  }
  return (
    <>
      <table className="table table-cards" aria-label="Shown to you">
        <colgroup><col /><col className="w-role" /><col className="w-state" /><col className="col-lower w-when" /><col className="w-pair" /></colgroup>
        <thead><tr><th scope="col">Machine, shown by</th><th scope="col">As</th><th scope="col">State</th><th scope="col" className="right col-lower">Changed</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
        <tbody>
          {rows.map((share) => (
            <tr key={share.id}>
              <td className="c-name"><div className="cell-name"><span className="kind"><Icon name="server" /></span><div><span className="name">{share.resourceName}</span><span className="sub">by {share.source.displayName}</span></div></div></td>
              <td data-label="As">{roleLabel(share.accessRole)}</td>
              <td data-label="State">{share.status === "pending" ? <Status mark="pending">Offered</Status> : <Status mark={statusMark(share.resourceStatus ?? "unknown")}>{statusWord(share.resourceStatus ?? "unknown")}</Status>}</td>
              <td className="right c-drop col-lower"><span className="num muted">{share.changedAt ? <When at={share.changedAt} /> : "—"}</span></td>
              <td className="right c-act c-buttons">
                {mayManage && (
                  <div className="row">
                    <Button small label={share.status === "pending" ? "Decline" : "Give up"} aria-label={`${share.status === "pending" ? "Decline" : "Give up"} ${share.resourceName}`} onClick={() => setLeaving(share)} />
                    {share.status === "pending" && <Button small tone="primary" label="Accept" aria-label={`Accept ${share.resourceName}`} busy={busy === share.id} onClick={() => void accept(share)} />}
                  </div>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {leaving && (
        <ConfirmDialog
          title={`${leaving.status === "pending" ? "Decline" : "Give up"} ${leaving.resourceName}?`} action={leaving.status === "pending" ? "Decline" : "Give up"} onClose={() => setLeaving(undefined)}
          onConfirm={async () => { await remove(`${path}/incoming/${leaving.id}`); invalidate(`${path}/incoming`); }}
        ><p>{leaving.source.displayName} can offer it again.</p></ConfirmDialog>
      )}
    </>
  );
}
