import { Button } from "../../kit/Button";
import { AreaField, Field, Form } from "../../kit/form";
import { Group, ProviderValues } from "./providerForm";
import { RoleSelect } from "./RoleSelect";
import { Provider } from "./sso";
import { Vendor } from "./vendors";

type ProviderForm = Form<ProviderValues>;

/** What was copied at the provider. */
export function SettingsFields({ form, vendor, provider }: { form: ProviderForm; vendor: Vendor; provider: Provider | undefined }): JSX.Element {
  const plain = { autoComplete: "off", spellCheck: false } as const;
  const isSet = provider?.oidc?.["clientSecretSet"] === true;
  return (
    <>
      <div className="input-row-even">
        <Field label="Name on the button" {...plain} maxLength={128} binding={form.field("displayName")} placeholder="Company sign-in" />
        <Field label="ID" mono {...plain} binding={form.field("id")} readOnly={provider !== undefined} hint={provider ? "A part of the addresses above." : "A part of the addresses above: settle it before you paste them."} />
      </div>
      {vendor.kind === "oidc"
        ? (
          <>
            <Field label="Issuer" mono {...plain} binding={form.field("issuerUrl")} hint={vendor.issuerHint} />
            <Field label="Client ID" mono {...plain} binding={form.field("clientId")} />
            <Field label="Client secret" mono type="password" autoComplete="new-password" binding={form.field("clientSecret")} hint={isSet ? "Set, and never shown. Empty: it stays." : "Sealed with your organisation's key. Empty for a public client."} />
            <div className="input-row-even">
              <Field label="Scopes" mono {...plain} binding={form.field("scopes")} />
              <Field label="Claim with the groups" mono {...plain} binding={form.field("groupsClaim")} placeholder="none" />
            </div>
            {vendor.groupsHint && <p className="hint">{vendor.groupsHint}</p>}
          </>
        )
        : (
          <>
            <Field label="Address of its metadata" mono {...plain} binding={form.field("idpMetadataUrl")} placeholder="https://" hint={vendor.metadataHint} />
            {form.values.idpMetadataUrl === "" && <AreaField label="Or its metadata" binding={form.field("idpMetadataXml")} placeholder="<md:EntityDescriptor …>" hint="Pasted metadata does not renew itself: a new certificate there has to be pasted here." />}
            <div className="input-row-even">
              <Field label="Attribute with the e-mail address" mono {...plain} binding={form.field("emailAttr")} placeholder="the name ID" />
              <Field label="Attribute with the groups" mono {...plain} binding={form.field("groupsAttr")} placeholder="none" />
            </div>
          </>
        )}
    </>
  );
}

/** Whom of those the provider vouches for we let in, and what they are here. */
export function PeopleFields({ form, groups, setGroups, jit, setJit, vendor }: {
  form: ProviderForm; groups: readonly Group[]; setGroups: (groups: readonly Group[]) => void; jit: boolean; setJit: (jit: boolean) => void; vendor: Vendor;
}): JSX.Element {
  const change = (at: number, next: Partial<Group>): void => setGroups(groups.map((one, index) => index === at ? { ...one, ...next } : one));
  return (
    <>
      <fieldset className="plain stack stack-2">
        <legend className="label">Groups to roles</legend>
        {groups.map((one, index) => (
          <div className="row mapping" key={index}>
            <input className="input input-mono grow" aria-label={`Group ${index + 1}`} value={one.group} spellCheck={false} autoComplete="off" placeholder={vendor.key === "entra" ? "object ID of the group" : "pulse-admins"} onChange={(event) => change(index, { group: event.currentTarget.value })} />
            <RoleSelect label={`Role of group ${index + 1}`} value={one.role} onChange={(role) => change(index, { role })} />
            <Button small tone="quiet" icon="x" iconOnly label={`Remove group ${index + 1}`} onClick={() => setGroups(groups.filter((_, at) => at !== index))} />
          </div>
        ))}
        <div><Button small icon="plus" label="Map a group" disabled={groups.length >= 200} onClick={() => setGroups([...groups, { group: "", role: "viewer" }])} /></div>
      </fieldset>
      <label className="check"><input type="checkbox" checked={jit} onChange={(event) => setJit(event.currentTarget.checked)} /><span>Make newcomers members<span className="sub check-sub">Off: only who is a member, was invited, or came from the directory.</span></span></label>
      <div className="field"><span className="label">Newcomers whose groups are not mapped become</span><RoleSelect label="Newcomers whose groups are not mapped become" value={form.values.defaultRole} onChange={(role) => form.set("defaultRole", role)} /></div>
      <Field label="Only addresses of these domains" mono autoComplete="off" spellCheck={false} binding={form.field("allowedDomains")} placeholder="any" hint="With commas. Empty: any." />
      <Field label="Only these groups" mono autoComplete="off" spellCheck={false} binding={form.field("allowedGroups")} placeholder="any" hint="With commas: one of them is enough." />
      <Field label="Only these addresses" mono autoComplete="off" spellCheck={false} binding={form.field("allowedEmails")} placeholder="any" />
    </>
  );
}
