import { useId, useState } from "react";
import { patch } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { AreaField, Field, FormProblem, SelectField, useCreate, useForm } from "../../kit/form";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { roleLabel } from "../members/member";
import { issuersPath, TrustedIssuer } from "./issuer";

const roles = ["viewer", "auditor", "editor", "admin"];
interface Mapping { value: string; role: string }
const isHTTPS = (address: string): boolean => /^https:\/\/[^\s/]+/.test(address.trim());

/** Whose tokens, for what, signed with which keys, and which of their values gives which role. */
export function IssuerDialog({ issuer, onClose }: { issuer: TrustedIssuer | undefined; onClose: () => void }): JSX.Element {
  const formID = useId();
  const create = useCreate<TrustedIssuer>(issuersPath);
  const [mappings, setMappings] = useState<readonly Mapping[]>(issuer?.roleMappings ?? [{ value: "", role: "viewer" }]);
  const form = useForm({
    initial: {
      name: issuer?.name ?? "", issuer: issuer?.issuer ?? "https://", audience: issuer?.audience ?? "", keySource: issuer?.keySource ?? "url", jwksUrl: issuer?.jwksUrl ?? "https://", jwks: "",
      roleClaim: issuer?.roleClaim ?? "roles", roleMappings: "",
    },
    check: (values) => ({
      name: values.name.trim() === "" ? "Name it as people call it." : undefined, issuer: isHTTPS(values.issuer) ? undefined : "An address that begins with https://, as its tokens say it in iss.",
      audience: values.audience.trim() === "" ? "What its tokens must say in aud." : undefined,
      jwksUrl: values.keySource === "url" && !isHTTPS(values.jwksUrl) ? "An address that begins with https://." : undefined,
      jwks: values.keySource === "pasted" && issuer?.keySource !== "pasted" && values.jwks.trim() === "" ? "Paste the set of public keys." : undefined,
      roleMappings: mappings.some((one) => one.value.trim() === "") ? "Each line needs a value, or goes." : undefined,
    }),
    submit: async (values) => {
      const keys = values.keySource === "url" ? { jwksUrl: values.jwksUrl.trim() } : values.jwks.trim() ? { jwks: values.jwks.trim() } : {};
      const body = { name: values.name.trim(), issuer: values.issuer.trim(), audience: values.audience.trim(), ...keys, roleClaim: values.roleClaim.trim() || "roles", roleMappings: mappings.map((one) => ({ value: one.value.trim(), role: one.role })) };
      await fresh<unknown>(() => issuer ? patch(`${issuersPath}/${issuer.id}`, body) : create(body));
      invalidate(issuersPath);
      onClose();
      toast({ title: issuer ? `${body.name} saved` : `${body.name} is trusted`, text: "Callers name the organisation in X-Pulse-Org-ID." });
    },
    explain: (problem) => problem.slug === "trusted-issuer-exists" ? { issuer: "This issuer is trusted already for this audience." } : undefined,
  });
  const change = (at: number, next: Partial<Mapping>): void => setMappings(mappings.map((one, index) => index === at ? { ...one, ...next } : one));
  return (
    <Dialog
      title={issuer ? `Change ${issuer.name}` : "Trust an issuer"} onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label={issuer ? "Save" : "Trust it"} busy={form.pending} /></>}
    >
      <form id={formID} className="stack" {...form.props}>
        <Field label="Name" maxLength={64} autoComplete="off" binding={form.field("name")} />
        <Field label="Issuer" mono autoComplete="off" spellCheck={false} binding={form.field("issuer")} hint="Exactly as in iss." />
        <Field label="Audience" mono autoComplete="off" spellCheck={false} binding={form.field("audience")} hint="Exactly as in aud." />
        <SelectField label="Public keys" binding={form.field("keySource")}><option value="url">Fetched from an address</option><option value="pasted">Pasted here</option></SelectField>
        {form.values.keySource === "url"
          ? <Field label="Address of the key set" mono autoComplete="off" spellCheck={false} binding={form.field("jwksUrl")} />
          : <AreaField label="Key set" binding={form.field("jwks")} placeholder={'{"keys":[…]}'} hint={issuer?.keySource === "pasted" ? `Now: ${issuer.keyIds.join(", ") || "one key"}. Empty: they stay.` : "A JWK set, public keys only."} />}
        <Field label="Claim with the roles" mono autoComplete="off" spellCheck={false} binding={form.field("roleClaim")} hint="A path with dots is followed: realm_access.roles" />
        <fieldset className="plain stack stack-2">
          <legend className="label">Value to role, the first that fits counts</legend>
          {mappings.map((one, index) => (
            <div className="row mapping" key={index}>
              <input className="input input-mono grow" aria-label={`Value ${index + 1}`} value={one.value} spellCheck={false} autoComplete="off" placeholder="pulse-readers" onChange={(event) => change(index, { value: event.currentTarget.value })} />
              <select className="select" aria-label={`Role ${index + 1}`} value={one.role} onChange={(event) => change(index, { role: event.currentTarget.value })}>{roles.map((role) => <option key={role} value={role}>{roleLabel(role)}</option>)}</select>
              <Button small tone="quiet" icon="x" iconOnly label={`Remove line ${index + 1}`} disabled={mappings.length === 1} onClick={() => setMappings(mappings.filter((_, at) => at !== index))} />
            </div>
          ))}
          {form.errors.roleMappings && <p className="error" role="alert">{form.errors.roleMappings}</p>}
          <div><Button small icon="plus" label="Another line" disabled={mappings.length >= 50} onClick={() => setMappings([...mappings, { value: "", role: "viewer" }])} /></div>
        </fieldset>
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
