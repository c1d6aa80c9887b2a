import { useId, useState } from "react";
import { When } from "../kit/Age";
import { post, remove } from "../kit/api";
import { Button } from "../kit/Button";
import { invalidate, seed } from "../kit/cache";
import { ConfirmDialog } from "../kit/ConfirmDialog";
import { Dialog } from "../kit/Dialog";
import { Field, FormProblem, SelectField, useForm } from "../kit/form";
import { Link } from "../kit/router";
import { Status } from "../kit/Status";
import { toast } from "../kit/Toast";
import { dateTime } from "../kit/units";
import { lengthWord, OrgDetail, orgPath, Support, supportPath, supportState } from "./wire";

/** Looking inside needs an owner's consent: asked for here, used from here, and given back. */
export function SupportCard({ organisation }: { organisation: OrgDetail }): JSX.Element {
  const [open, setOpen] = useState<"ask" | "end">();
  const support = organisation.supportAccess, path = orgPath(organisation.id);
  async function end(one: Support): Promise<void> {
    await remove(`${supportPath}/${one.id}`);
    seed<OrgDetail>(path, (before) => ({ ...before, supportAccess: undefined }));
    invalidate(supportPath);
    toast({ title: one.status === "active" ? "Given back" : "Withdrawn", text: "The customer can see it." });
  }
  return (
    <section className="card" aria-labelledby="support-head">
      <div className="card-head"><h2 id="support-head">Support access</h2>{support && <span className="actions"><Status mark={supportState(support.status).mark}>{supportState(support.status).word}</Status></span>}</div>
      <div className="card-body stack stack-3">
        {!support && <p className="muted">To look at what they see, ask. An owner decides, for how long, and can end it at any time. You read; you change nothing.</p>}
        {support && <Told support={support} />}
        {!support && <Button wide icon="eye" label="Ask for access" onClick={() => setOpen("ask")} />}
        {support?.status === "active" && <Link className="btn btn-primary btn-wide" to={`/orgs/${organisation.id}/view`}><span className="btn-label">Open, to read</span></Link>}
        {support && <Button wide label={support.status === "active" ? "Give it back" : "Withdraw"} onClick={() => setOpen("end")} />}
      </div>
      {open === "ask" && <AskDialog organisation={organisation} onClose={() => setOpen(undefined)} />}
      {open === "end" && support && (
        <ConfirmDialog
          title={support.status === "active" ? "Give the access back?" : "Withdraw the request?"} action={support.status === "active" ? "Give it back" : "Withdraw"} keep="Keep it"
          onConfirm={() => end(support)} onClose={() => setOpen(undefined)}
        ><p>{support.status === "active" ? "What you have open of theirs closes within a second. To look again you have to ask again." : "Their owners no longer find it in their settings."}</p></ConfirmDialog>
      )}
    </section>
  );
}

function Told({ support }: { support: Support }): JSX.Element {
  return (
    <dl className="kv">
      <dt>Reason</dt><dd>{support.reason}</dd>
      <dt>{support.status === "active" ? "Given" : "Asked"}</dt><dd><When at={support.decidedAt ?? support.requestedAt} />, for {lengthWord(support.minutes)}</dd>
      <dt>{support.status === "active" ? "Until" : "Waits until"}</dt><dd>{dateTime(new Date(support.expiresAt ?? support.requestExpiresAt))}</dd>
    </dl>
  );
}

const lengths = [15, 60, 240, 1440, 4320, 10_080] as const;

function AskDialog({ organisation, onClose }: { organisation: OrgDetail; onClose: () => void }): JSX.Element {
  const formID = useId(), path = orgPath(organisation.id);
  const form = useForm({
    initial: { reason: "", minutes: "60" },
    check: ({ reason }) => ({ reason: reason.trim() === "" ? "Say what you want to look at, and why." : undefined }),
    submit: async ({ reason, minutes }) => {
      const asked = await post<Support>(`${path}/support-access`, { reason: reason.trim(), minutes: Number(minutes) });
      seed<OrgDetail>(path, (before) => ({ ...before, supportAccess: asked }));
      invalidate(supportPath);
      onClose();
      toast({ title: "Asked for access", text: "Their owners get a mail. You are in when one of them agrees." });
    },
  });
  return (
    <Dialog
      title={`Ask ${organisation.displayName} for access`} onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Ask" busy={form.pending} /></>}
    >
      <form id={formID} className="stack" {...form.props}>
        <Field label="Reason" maxLength={500} autoComplete="off" binding={form.field("reason")} hint="They read exactly this." />
        <SelectField label="For" binding={form.field("minutes")} hint="They may give less.">{lengths.map((one) => <option key={one} value={one}>{lengthWord(one)}</option>)}</SelectField>
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
