import { useId, useState } from "react";
import { post } from "../kit/api";
import { Button } from "../kit/Button";
import { invalidate, seed } from "../kit/cache";
import { Dialog } from "../kit/Dialog";
import { Field, FormProblem, SelectField, useForm } from "../kit/form";
import { toast } from "../kit/Toast";
import { isAdmin, useOperator } from "./session";
import { OrgDetail, orgPath, orgsPath, suspendReasons } from "./wire";

/** Stopping an organisation and bringing it back; each with a note for the operators' log. */
export function LifeCard({ organisation }: { organisation: OrgDetail }): JSX.Element {
  const operator = useOperator();
  const [asking, setAsking] = useState(false);
  const isSuspended = organisation.status === "suspended", isActive = organisation.status === "active";
  return (
    <section className="card" aria-labelledby="life-head">
      <div className="card-head"><h2 id="life-head">Life</h2></div>
      <div className="card-body stack stack-3">
        <p className="muted">{isSuspended
          ? "Nothing is watched and no credential works. All of its data is there, and restoring brings everything back."
          : "Suspending stops the watching and refuses every credential within a second. Its data stays, and restoring brings it back."}</p>
        {!isAdmin(operator) && <p className="hint">An operator admin can do this.</p>}
        {isAdmin(operator) && isActive && <Button tone="danger" wide label="Suspend" onClick={() => setAsking(true)} />}
        {isAdmin(operator) && isSuspended && <Button tone="primary" wide label="Restore" onClick={() => setAsking(true)} />}
        {isAdmin(operator) && !isActive && !isSuspended && <p className="hint">In its present state it can be neither suspended nor restored here.</p>}
      </div>
      {asking && <LifeDialog organisation={organisation} suspends={isActive} onClose={() => setAsking(false)} />}
    </section>
  );
}

function LifeDialog({ organisation, suspends, onClose }: { organisation: OrgDetail; suspends: boolean; onClose: () => void }): JSX.Element {
  const formID = useId(), path = orgPath(organisation.id);
  const form = useForm({
    initial: { reason: "billing", note: "" },
    check: ({ note }) => ({ note: note.trim() === "" ? "Say why, for whoever reads the log." : undefined }),
    submit: async ({ reason, note }) => {
      const after = await post<OrgDetail>(`${path}/${suspends ? "suspend" : "restore"}`, suspends ? { reason, note: note.trim() } : { note: note.trim() });
      seed<OrgDetail>(path, () => after);
      invalidate(`${orgsPath}?`);
      onClose();
      toast({ title: `${organisation.displayName} is ${suspends ? "suspended" : "back"}`, text: suspends ? "Its people and machines are told so from now on." : "Watching goes on where it stopped." });
    },
  });
  return (
    <Dialog
      title={`${suspends ? "Suspend" : "Restore"} ${organisation.displayName}?`} onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone={suspends ? "danger-fill" : "primary"} type="submit" form={formID} label={suspends ? "Suspend" : "Restore"} busy={form.pending} /></>}
    >
      <p className="muted">{suspends
        ? `Watching stops now for ${organisation.usage.machines.toLocaleString("en")} machines and ${organisation.usage.members.toLocaleString("en")} members. The customer sees that it was done, and the reason.`
        : "Its people can sign in and its machines report again at once. The customer sees that it was done."}</p>
      <form id={formID} className="stack" {...form.props}>
        {suspends && <SelectField label="Reason" binding={form.field("reason")} hint={form.values.reason === "billing" ? "The owner can still sign in, pay, take everything out, and delete." : "Nobody of theirs can sign in."}>{Object.entries(suspendReasons).map(([value, label]) => <option key={value} value={value}>{label}</option>)}</SelectField>}
        <Field label="Note" maxLength={500} autoComplete="off" binding={form.field("note")} hint="Ticket, invoice, who asked. Stays in the operators' log." />
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
