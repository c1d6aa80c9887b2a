import { useId, useState } from "react";
import { When } from "../../kit/Age";
import { remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Dialog } from "../../kit/Dialog";
import { Field, FormProblem, useForm } from "../../kit/form";
import { Icon } from "../../kit/Icon";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { addPasskey, canUsePasskeys } from "../../session/passkey";
import { Account, accountPath } from "./account";
import { deviceOf } from "./device";

/** The server keeps ten. */
const most = 10;

/** Signs in without a password, and cannot be given away to a page that only looks like ours. */
export function PasskeysCard({ account }: { account: Account }): JSX.Element {
  const [open, setOpen] = useState<"add" | string>();
  const removing = account.passkeys.find((one) => one.id === open);
  const can = canUsePasskeys();
  async function drop(id: string, name: string): Promise<void> {
    await fresh(() => remove(`/api/security/passkeys/${id}`));
    invalidate(accountPath);
    toast({ title: `${name} no longer signs you in`, text: "Delete it on the device as well. A mail tells you about it." });
  }
  return (
    <section className="card" aria-labelledby="passkeys-head">
      <div className="card-head"><div><h2 id="passkeys-head">Passkeys</h2><p className="sub">Your device proves that it is you, by finger, face or PIN. Both steps in one, and nothing to steal.</p></div></div>
      <ul className="list">
        {account.passkeys.map((one) => (
          <li key={one.id}>
            <span className="kind"><Icon name="key" /></span>
            <div className="grow"><span className="name">{one.name}</span><p className="sub">Made <When at={one.createdAt} />{one.lastUsedAt ? <>, used <When at={one.lastUsedAt} /></> : ", not used yet"}</p></div>
            <Button small tone="danger" label="Remove" aria-label={`Remove ${one.name}`} onClick={() => setOpen(one.id)} />
          </li>
        ))}
        <li>
          <span className="grow muted">{can ? account.passkeys.length >= most ? "Ten are kept. Remove one to add another." : account.passkeys.length === 0 ? "None yet." : "Another device?" : "Your browser offers passkeys on https and on localhost only."}</span>
          <Button small tone={account.passkeys.length === 0 ? "primary" : undefined} label="Add a passkey" disabled={!can || account.passkeys.length >= most} onClick={() => setOpen("add")} />
        </li>
      </ul>
      {open === "add" && <AddDialog onClose={() => setOpen(undefined)} />}
      {removing && (
        <ConfirmDialog title={`Remove ${removing.name}?`} action="Remove" keep="Keep it" danger onConfirm={() => drop(removing.id, removing.name)} onClose={() => setOpen(undefined)}>
          <p>It no longer signs you in. Your password and your other passkeys still do.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function AddDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const formID = useId();
  const form = useForm({
    initial: { name: deviceOf(navigator.userAgent) },
    check: ({ name }) => ({ name: name.trim() === "" ? "Name it, so that you know it among others." : undefined }),
    submit: async ({ name }) => {
      await addPasskey(name.trim());
      invalidate(accountPath);
      onClose();
      toast({ title: `${name.trim()} signs you in from now on`, text: "Choose “Log in with a passkey”. A mail tells you about it." });
    },
  });
  return (
    <Dialog
      title="Add a passkey" onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Go on" busy={form.pending} /></>}
    >
      <p className="muted">Your browser asks for your finger, face or PIN next. What it reads of you stays on the device.</p>
      <form id={formID} className="stack stack-3" {...form.props}>
        <Field label="Name" maxLength={64} autoComplete="off" binding={form.field("name")} hint="Of the device or key that keeps it." />
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
