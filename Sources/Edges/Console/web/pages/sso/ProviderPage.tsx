// One provider: what is pasted there, what is pasted here, who comes in by it; and trying it.
import { useId, useState } from "react";
import { put } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { FormProblem, useCreate, useForm } from "../../kit/form";
import { Link, navigate, usePlace } from "../../kit/router";
import { LoadingTable } from "../../kit/states";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";
import { may, useMe } from "../../session/session";
import { CopyLine } from "./CopyLine";
import { NotFoundCard } from "./NotFoundCard";
import { bodyOf, checkValues, freeID, Group, ProviderValues, settingsOf, valuesOf } from "./providerForm";
import { PeopleFields, SettingsFields } from "./ProviderFields";
import { addresses, attemptsPath, domainsPath, Provider, providersPath } from "./sso";
import { SsoFrame } from "./SsoFrame";
import { Reach, TestCard } from "./TestCard";
import { Vendor, vendorOf, vendors } from "./vendors";

export function ProviderPage({ id, vendor }: { id?: string; vendor?: string }): JSX.Element {
  const me = useMe();
  const providers = useQuery<{ data: Provider[] }>(may(me, "read:security") ? providersPath : undefined);
  const shown = usePlace().query.get("sso_test");
  const attempt = useQuery(shown ? `${attemptsPath}/${encodeURIComponent(shown)}` : undefined);
  // what came of the test stands above everything: it must be there first
  if (shown && !attempt.data && !attempt.problem) return <SsoFrame current="/sso"><LoadingTable /></SsoFrame>;
  return (
    <SsoFrame current="/sso">
      <Wait query={providers} what="The providers">
        {({ data }) => {
          const provider = data.find((one) => one.id === id);
          const kind = vendor ? vendorOf(vendor) : provider && (vendorOf(provider.id.replace(/-\d+$/, "")) ?? vendors.find((one) => one.key === provider.type));
          if (!kind || id !== undefined && !provider) return <NotFoundCard what="provider" />;
          return <Editor key={provider?.id ?? kind.key} provider={provider} vendor={provider ? { ...kind, kind: provider.type } : kind} freshID={freeID(kind.key, data.map((one) => one.id))} />;
        }}
      </Wait>
    </SsoFrame>
  );
}

function Editor({ provider, vendor, freshID }: { provider: Provider | undefined; vendor: Vendor; freshID: string }): JSX.Element {
  const me = useMe(), { query } = usePlace(), formID = useId(), create = useCreate<Provider>(providersPath);
  const mayChange = may(me, "manage:security"), kind = vendor.kind;
  const [groups, setGroups] = useState<readonly Group[]>(Object.entries(provider?.groupRoleMappings ?? {}).map(([group, role]) => ({ group, role })));
  const [jit, setJit] = useState(provider?.jit ?? true);
  const form = useForm<ProviderValues>({
    initial: valuesOf(provider, vendor, freshID), check: (values) => checkValues(values, kind),
    submit: async (values) => {
      const body = bodyOf(values, kind, groups, jit, !provider);
      if (provider) await fresh(() => put(`${providersPath}/${provider.id}`, body));
      else await fresh(() => create({ ...body, id: values.id, type: kind }));
      invalidate(providersPath);
      invalidate(domainsPath); // what they lack may be there now
      toast({ title: `${values.displayName.trim()} is saved`, text: provider ? undefined : "Now try it: nobody is signed in by a test." });
      if (!provider) navigate(`/sso/${encodeURIComponent(values.id)}`, { replace: true });
    },
    explain: (problem) => {
      if (problem.slug === "sso-provider-exists") return { id: "This ID is taken." };
      const field = problem.field?.replace(/^(oidc|saml)\./, "");
      return field ? { [field]: problem.detail ?? problem.title } : undefined;
    },
  });
  const title = provider ? provider.displayName || provider.name : `Set up ${vendor.name}`;
  return (
    <div className="stack stack-6 settings">
      <div className="row"><Link className="link" to="/sso">Providers</Link><span className="faint">/</span><h2>{title}</h2></div>
      {provider && <TestCard provider={provider} mayTest={mayChange} shown={query.get("sso_test") ?? undefined} />}
      <section className="card" aria-labelledby="there-head">
        <div className="card-head"><div><h3 id="there-head">1. Register Pulse {vendor.key === "oidc" || vendor.key === "saml" ? "there" : `at ${vendor.name}`}</h3><p className="sub">Letter by letter as they stand here.</p></div></div>
        <div className="card-body stack">
          {!provider && <ol className="there stack stack-2">{vendor.there.map((step) => <li key={step}>{step}</li>)}</ol>}
          {addresses(me, kind, form.values.id).map((one) => <CopyLine key={one.label} label={one.label} value={one.value} />)}
        </div>
      </section>
      <form id={formID} className="stack stack-6" {...form.props}>
        <section className="card" aria-labelledby="here-head">
          <div className="card-head"><h3 id="here-head">2. Paste its values here</h3></div>
          <div className="card-body stack"><SettingsFields form={form} vendor={vendor} provider={provider} /><Reach kind={kind} settings={() => settingsOf(form.values, kind)} mayTest={mayChange && (!provider || kind === "oidc" || form.values.idpMetadataUrl !== "")} /></div>
        </section>
        <section className="card" aria-labelledby="people-head">
          <div className="card-head"><div><h3 id="people-head">3. Who comes in, and as what</h3><p className="sub">Mapped roles are worked out anew at each sign-in. Roles given by hand stay; nobody becomes an owner by a group.</p></div></div>
          <div className="card-body stack"><PeopleFields form={form} groups={groups} setGroups={setGroups} jit={jit} setJit={setJit} vendor={vendor} /></div>
        </section>
        <FormProblem problem={form.problem} />
        {mayChange && <div className="row"><Button tone="primary" type="submit" form={formID} label={provider ? "Save" : "Save and try it"} busy={form.pending} /><Button tone="quiet" label="Cancel" onClick={() => navigate("/sso")} /></div>}
      </form>
    </div>
  );
}
