// Who lets this organisation's people in.
import { useState } from "react";
import { put, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Icon } from "../../kit/Icon";
import { MenuButton, MenuItem } from "../../kit/Menu";
import { asProblem } from "../../kit/problem";
import { Link, navigate } from "../../kit/router";
import { Empty, LoadingTable } from "../../kit/states";
import { Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";
import { may, useMe } from "../../session/session";
import { MaxAgeCard } from "./MaxAgeCard";
import { domainsPath, Provider, providersPath, ssoPolicyPath } from "./sso";
import { SsoFrame } from "./SsoFrame";

export function Providers(): JSX.Element {
  const me = useMe(), mayChange = may(me, "manage:security");
  const providers = useQuery<{ data: Provider[] }>(may(me, "read:security") ? providersPath : undefined);
  const policy = useQuery(may(me, "read:security") ? ssoPolicyPath : undefined);
  // both at once, so that neither pushes the other
  const isReady = (providers.data ?? providers.problem) && (policy.data ?? policy.problem);
  const add = mayChange && <Button tone="primary" icon="plus" label="Add a provider" onClick={() => navigate("/sso/new")} />;
  return (
    <SsoFrame current="/sso" actions={add}>
      {!isReady ? <LoadingTable /> : <div className="stack stack-6 settings">
        <Wait query={providers} what="The providers">
          {({ data }) => data.length === 0
            ? <div className="table-wrap"><Empty icon="key" title="No provider yet" actions={mayChange && <Button label="Add a provider" onClick={() => navigate("/sso/new")} />}>Entra ID, Okta, Google, Keycloak, LemonLDAP::NG, or any other that speaks OpenID Connect or SAML. Nothing changes for anybody until you enforce it.</Empty></div>
            : <section className="card" aria-label="Providers"><ul className="list">{data.map((one) => <ProviderRow key={one.id} provider={one} mayChange={mayChange} />)}</ul></section>}
        </Wait>
        <MaxAgeCard />
      </div>}
    </SsoFrame>
  );
}

function ProviderRow({ provider, mayChange }: { provider: Provider; mayChange: boolean }): JSX.Element {
  const [asking, setAsking] = useState(false);
  const path = `${providersPath}/${provider.id}`, name = provider.displayName || provider.name;
  async function toggle(): Promise<void> {
    try {
      await fresh(() => put(path, { enabled: !provider.enabled }));
      toast({ title: `${name} is ${provider.enabled ? "off" : "on"}`, text: provider.enabled ? "Nobody comes in by it from now on. Sessions that are open go on." : undefined });
    } catch (error) {
      toast({ mark: "critical", title: "Not changed", text: asProblem(error).sentence });
    }
    invalidate(providersPath);
    invalidate(domainsPath);
  }
  async function end(): Promise<void> {
    await fresh(() => remove(path));
    invalidate(providersPath);
    invalidate(domainsPath);
    toast({ title: `${name} is removed` });
  }
  const issuer = provider.type === "oidc" ? provider.oidc?.["issuerUrl"] : provider.saml?.["idpEntityId"] ?? provider.saml?.["idpMetadataUrl"];
  const groups = Object.keys(provider.groupRoleMappings).length;
  return (
    <li>
      <span className="kind"><Icon name="key" /></span>
      <div className="grow">
        <Link className="name name-link" to={`/sso/${encodeURIComponent(provider.id)}`}>{name}</Link>
        <p className="sub wrap-anywhere">{provider.type === "oidc" ? "OpenID Connect" : "SAML"}{typeof issuer === "string" && `, ${issuer}`} · {groups === 0 ? "no groups mapped" : groups === 1 ? "1 group mapped" : `${groups} groups mapped`}</p>
      </div>
      <Status mark={provider.enabled ? "ok" : "paused"}>{provider.enabled ? "On" : "Off"}</Status>
      {mayChange && (
        <MenuButton className="btn btn-icon btn-quiet btn-sm" label={`Actions for ${name}`} face={<Icon name="more" />} end>
          {(close) => (
            <>
              <MenuItem onSelect={() => { close(); navigate(`/sso/${encodeURIComponent(provider.id)}`); }}><Icon name="sliders" />Change or test</MenuItem>
              <MenuItem onSelect={() => { close(); void toggle(); }}><Icon name={provider.enabled ? "minus" : "check"} />{provider.enabled ? "Switch off" : "Switch on"}</MenuItem>
              <MenuItem onSelect={() => { close(); setAsking(true); }}><Icon name="x" />Remove</MenuItem>
            </>
          )}
        </MenuButton>
      )}
      {asking && <ConfirmDialog title={`Remove ${name}?`} action="Remove it" keep="Keep it" danger onConfirm={end} onClose={() => setAsking(false)}><p>Who is whom over there is forgotten with it. Members stay members; those of an enforced domain need another provider.</p></ConfirmDialog>}
    </li>
  );
}
