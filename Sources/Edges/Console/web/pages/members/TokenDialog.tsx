import { useId, useState } from "react";
import { patch, post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { Field, FormProblem, SelectField, useForm } from "../../kit/form";
import { SecretOnce } from "../../kit/SecretOnce";
import { toast } from "../../kit/Toast";
import { dateTime } from "../../kit/units";
import { fresh } from "../../session/fresh";
import { builtInRoles } from "./member";
import { ScopePicker } from "./ScopePicker";
import { addressesError, addressList, lifetimes, MintedToken, Token, tokensPath } from "./token";

interface TokenDialogProps { scopes: readonly string[]; token: Token | undefined; onClose: () => void; onMinted: (minted: MintedToken) => void }

/** A new token, or new limits for one; its secret, kind and end stay as they are. */
export function TokenDialog({ scopes, token, onClose, onMinted }: TokenDialogProps): JSX.Element {
  const formID = useId();
  const [chosen, setChosen] = useState<readonly string[]>(token?.scopes ?? ["monitoring:read"]);
  const form = useForm({
    initial: { name: token?.name ?? "", kind: "user", role: "viewer", expiresIn: "2160h", allowedAddresses: token?.allowedAddresses.join(", ") ?? "" },
    check: ({ name, allowedAddresses }) => ({ name: name.trim() === "" ? "Name what will use it." : undefined, allowedAddresses: addressesError(allowedAddresses) }),
    submit: async ({ name, kind, role, expiresIn, allowedAddresses }) => {
      const limits = { name: name.trim(), scopes: chosen, allowedAddresses: addressList(allowedAddresses) };
      if (token) {
        await fresh(() => patch(`${tokensPath}/${token.id}`, limits));
        toast({ title: `${limits.name} saved`, text: "It holds from its next call on." });
        onClose();
      } else {
        onMinted(await fresh(() => post<MintedToken>(tokensPath, { ...limits, kind, ...kind === "service" ? { role } : {}, ...expiresIn ? { expiresIn } : {} })));
      }
      invalidate(tokensPath);
    },
  });
  const roles = builtInRoles.filter((one) => one.role !== "owner" && one.role !== "custom");
  return (
    <Dialog
      title={token ? `Change ${token.name}` : "New API token"} onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label={token ? "Save" : "Create token"} busy={form.pending} disabled={chosen.length === 0} /></>}
    >
      <form id={formID} className="stack" {...form.props}>
        <Field label="Name" maxLength={64} autoComplete="off" binding={form.field("name")} hint="What will use it, and where: nightly-report on build-01." />
        <ScopePicker scopes={scopes} chosen={chosen} onChange={setChosen} />
        {!token && (
          <div className="input-row">
            <SelectField label="Acts as" binding={form.field("kind")}>
              <option value="user">You: ends with your membership</option><option value="service">A service of the organisation</option>
            </SelectField>
            <SelectField label="Ends" binding={form.field("expiresIn")}>
              {lifetimes.map((one) => <option key={one.value} value={one.value}>{one.label}</option>)}
            </SelectField>
          </div>
        )}
        {!token && form.values.kind === "service" && (
          <SelectField label="Role of the service" binding={form.field("role")} hint={roles.find((one) => one.role === form.values.role)?.hint}>
            {roles.map((one) => <option key={one.role} value={one.role}>{one.label}</option>)}
          </SelectField>
        )}
        <Field label="Only from these addresses" mono autoComplete="off" spellCheck={false} placeholder="anywhere" binding={form.field("allowedAddresses")} hint="Addresses or ranges with commas, such as 10.20.0.0/16. Empty: from anywhere." />
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}

/** The secret, once. Only its button closes this: a slip of the hand would lose it. */
export function MintedDialog({ minted, onClose }: { minted: MintedToken; onClose: () => void }): JSX.Element {
  const { record, previous } = minted;
  return (
    <Dialog title={`${record.name} is ready`} onClose={onClose} isSticky foot={<Button tone="primary" label="I have copied it" onClick={onClose} />}>
      <SecretOnce label="Secret" secret={minted.token} />
      <dl className="kv">
        <dt>Send it as</dt><dd className="mono">Authorization: Bearer {record.prefix}…</dd>
        <dt>May</dt><dd>{record.scopes.includes("*") ? "All its maker may" : record.scopes.join(", ")}</dd>
        <dt>Ends</dt><dd>{record.expiresAt ? dateTime(new Date(record.expiresAt)) : "When it is revoked"}</dd>
        {previous?.expiresAt && <><dt>Old secret</dt><dd>works until {dateTime(new Date(previous.expiresAt))}</dd></>}
      </dl>
    </Dialog>
  );
}
