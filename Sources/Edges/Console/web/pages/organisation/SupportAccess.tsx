// Whether those who run the installation may look inside: asked by them, decided here, for a time, ended at any time.
import { useId, useState } from "react";
import { When } from "../../kit/Age";
import { post, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Dialog } from "../../kit/Dialog";
import { FormProblem, SelectField, useForm } from "../../kit/form";
import { useList } from "../../kit/list";
import { Denied, Empty } from "../../kit/states";
import { Mark, Status, StatusMark } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { dateTime } from "../../kit/units";
import { MoreFoot, Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";
import { initials, may, useMe } from "../../session/session";
import { organisationPath } from "./organisation";

interface Support {
  id: string; operatorName: string; reason: string; minutes: number; status: "pending" | "active" | "declined" | "revoked" | "withdrawn" | "expired";
  requestedAt: string; requestExpiresAt: string; decidedAt?: string; expiresAt?: string; endedAt?: string;
}

const states: Record<string, { mark: Mark; word: string }> = {
  pending: { mark: "pending", word: "Asks" }, active: { mark: "warning", word: "Can look" }, declined: { mark: "paused", word: "Declined" },
  revoked: { mark: "paused", word: "Ended" }, withdrawn: { mark: "paused", word: "Given back" }, expired: { mark: "unknown", word: "Ran out" },
};

function lengthWord(minutes: number): string {
  if (minutes % 1440 === 0) return minutes === 1440 ? "1 day" : `${minutes / 1440} days`;
  if (minutes % 60 === 0) return minutes === 60 ? "1 hour" : `${minutes / 60} hours`;
  return `${minutes} minutes`;
}

export function SupportAccess(): JSX.Element {
  const me = useMe(), mayRead = may(me, "read:providers"), path = `${organisationPath(me)}/support-access`;
  const list = useList<Support>(mayRead ? path : undefined);
  if (!mayRead) return <Denied what="support access" need="read:providers" />;
  return (
    <>
      <div className="section-head tab-head"><p className="muted grow">Those who run this installation see your name, state and size, and nothing you watch. To look at what you see they ask; an owner decides. They only read, and every look is in your audit log.</p></div>
      <Wait query={list} what="The requests" rows={2}>
        {(data) => {
          const open = data.filter((one) => one.status === "pending" || one.status === "active"), past = data.filter((one) => !open.includes(one));
          return (
            <div className="stack stack-5 settings">
              {open.map((one) => <RequestCard key={one.id} support={one} path={path} />)}
              {open.length === 0 && <div className="table-wrap"><Empty icon="lock" title="Nobody can look inside">{past.length === 0 ? "Nobody has asked yet either." : "What was asked for before stands below."}</Empty></div>}
              {past.length > 0 && <Past rows={past} />}
              {list.more && <div className="table-wrap"><MoreFoot shown={`${data.length} requests`} list={list} /></div>}
            </div>
          );
        }}
      </Wait>
    </>
  );
}

function RequestCard({ support, path }: { support: Support; path: string }): JSX.Element {
  const me = useMe();
  const [open, setOpen] = useState<"approve" | "decline" | "end">();
  const isActive = support.status === "active", state = states[support.status] ?? { mark: "unknown" as Mark, word: support.status };
  async function decline(): Promise<void> {
    await post(`${path}/${support.id}/decline`, {});
    invalidate(path);
    toast({ title: "Declined", text: `${support.operatorName} is told.` });
  }
  async function end(): Promise<void> {
    await remove(`${path}/${support.id}`);
    invalidate(path);
    toast({ title: "Support access ended", text: "What they had open here is closed." });
  }
  return (
    <section className="card" aria-label={`Request of ${support.operatorName}`}>
      <div className="card-head">
        <div className="row"><span className="avatar" aria-hidden="true">{initials(support.operatorName)}</span><div><h2>{support.operatorName}</h2><p className="sub">Runs this installation. Asked <When at={support.requestedAt} /></p></div></div>
        <span className="actions"><Status mark={state.mark}>{state.word}</Status></span>
      </div>
      <div className="card-body stack stack-4">
        <dl className="kv">
          <dt>Reason</dt><dd>{support.reason}</dd>
          <dt>For</dt><dd>{isActive && support.expiresAt ? <>until <strong className="name">{dateTime(new Date(support.expiresAt))}</strong></> : lengthWord(support.minutes)}</dd>
          <dt>Would see</dt><dd>What a viewer sees: machines, measurements, sites and members. No secret.</dd>
          {!isActive && <><dt>Lapses</dt><dd>{dateTime(new Date(support.requestExpiresAt))}, if nobody answers</dd></>}
        </dl>
        <div className="row-wrap">
          {!isActive && may(me, "own:org") && <Button tone="primary" label="Let them look" onClick={() => setOpen("approve")} />}
          {!isActive && may(me, "manage:providers") && <Button label="Decline" onClick={() => setOpen("decline")} />}
          {isActive && may(me, "manage:providers") && <Button tone="danger" label="End it now" onClick={() => setOpen("end")} />}
          {!isActive && !may(me, "own:org") && <span className="faint">An owner can agree.</span>}
        </div>
      </div>
      {open === "approve" && <ApproveDialog support={support} path={path} onClose={() => setOpen(undefined)} />}
      {open === "decline" && <ConfirmDialog title={`Decline ${support.operatorName}?`} action="Decline" onConfirm={decline} onClose={() => setOpen(undefined)}><p>Nothing is opened. They can ask again.</p></ConfirmDialog>}
      {open === "end" && <ConfirmDialog title="End the support access?" action="End it now" keep="Keep it" danger onConfirm={end} onClose={() => setOpen(undefined)}><p>Within a second they see nothing of yours any more.</p></ConfirmDialog>}
    </section>
  );
}

const lengths = [15, 60, 240, 1440, 4320, 10_080];

/** Never longer than was asked for. */
function ApproveDialog({ support, path, onClose }: { support: Support; path: string; onClose: () => void }): JSX.Element {
  const formID = useId();
  const offered = [...lengths.filter((one) => one < support.minutes), support.minutes];
  const form = useForm({
    initial: { minutes: String(support.minutes) },
    submit: async ({ minutes }) => {
      const given = await fresh(() => post<Support>(`${path}/${support.id}/approve`, { minutes: Number(minutes) }));
      invalidate(path);
      onClose();
      toast({ mark: "info", title: `${support.operatorName} can look`, text: given.expiresAt ? `Until ${dateTime(new Date(given.expiresAt))}. You can end it here at any time.` : "You can end it here at any time." });
    },
  });
  return (
    <Dialog
      title={`Let ${support.operatorName} look?`} onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Let them look" busy={form.pending} /></>}
    >
      <p className="row muted"><StatusMark mark="info" /><span>They see what a viewer sees and change nothing. Each look leaves an entry in your audit log.</span></p>
      <form id={formID} className="stack stack-3" {...form.props}>
        <SelectField label="For" binding={form.field("minutes")}>{offered.map((one) => <option key={one} value={one}>{lengthWord(one)}</option>)}</SelectField>
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}

function Past({ rows }: { rows: readonly Support[] }): JSX.Element {
  return (
    <section className="card" aria-labelledby="past-head">
      <div className="card-head"><h2 id="past-head">Before</h2></div>
      <ul className="list">
        {rows.map((one) => {
          const state = states[one.status] ?? { mark: "unknown" as Mark, word: one.status };
          return (
            <li key={one.id}>
              <div className="grow"><span className="name">{one.operatorName}</span><p className="sub">{one.reason}</p></div>
              <span className="num faint hide-narrow"><When at={one.endedAt ?? one.decidedAt ?? one.requestedAt} /></span>
              <Status mark={state.mark}>{state.word}</Status>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
