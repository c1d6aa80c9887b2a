// Who besides us may say who is calling: an issuer of JWTs whose tokens the API takes, and what they may do.
import { useState } from "react";
import { patch, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Icon } from "../../kit/Icon";
import { MenuButton, MenuItem } from "../../kit/Menu";
import { asProblem } from "../../kit/problem";
import { Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";
import { may, useMe } from "../../session/session";
import { issuersPath, TrustedIssuer } from "./issuer";
import { IssuerDialog } from "./IssuerDialog";

export function IssuersCard(): JSX.Element {
  const me = useMe(), mayChange = may(me, "manage:security");
  const issuers = useQuery<{ data: TrustedIssuer[] }>(issuersPath);
  const [open, setOpen] = useState<"new" | TrustedIssuer>();
  return (
    <section className="card" aria-labelledby="issuers-head">
      <div className="card-head">
        <div><h2 id="issuers-head">Trusted issuers</h2><p className="sub">Programs of yours call the API with tokens of your own identity provider, instead of a secret of ours.</p></div>
        <span className="actions">{mayChange && <Button small icon="plus" label="Trust an issuer" onClick={() => setOpen("new")} />}</span>
      </div>
      <Wait query={issuers} what="The trusted issuers" rows={1}>
        {({ data }) => (
          <ul className="list">
            {data.length === 0 && <li><span className="muted">None. Only tokens made here are taken.</span></li>}
            {data.map((one) => <IssuerRow key={one.id} issuer={one} mayChange={mayChange} onChange={() => setOpen(one)} />)}
          </ul>
        )}
      </Wait>
      {open && <IssuerDialog issuer={open === "new" ? undefined : open} onClose={() => setOpen(undefined)} />}
    </section>
  );
}

function IssuerRow({ issuer, mayChange, onChange }: { issuer: TrustedIssuer; mayChange: boolean; onChange: () => void }): JSX.Element {
  const [asking, setAsking] = useState(false);
  async function toggle(): Promise<void> {
    try {
      await fresh(() => patch(`${issuersPath}/${issuer.id}`, { enabled: !issuer.enabled }));
      toast({ title: `${issuer.name} is ${issuer.enabled ? "switched off" : "trusted again"}`, text: issuer.enabled ? "Its tokens are refused from now on." : undefined });
    } catch (error) {
      toast({ mark: "critical", title: "Not changed", text: asProblem(error).sentence });
    }
    invalidate(issuersPath);
  }
  async function end(): Promise<void> {
    await fresh(() => remove(`${issuersPath}/${issuer.id}`));
    invalidate(issuersPath);
    toast({ title: `${issuer.name} is trusted no more`, text: "Its tokens are refused, and what they had open is closed." });
  }
  const roles = [...new Set(issuer.roleMappings.map((one) => one.role))].join(", ");
  return (
    <li>
      <span className="kind"><Icon name="shield" /></span>
      <div className="grow"><span className="name">{issuer.name}</span><p className="sub wrap-anywhere">{issuer.issuer} for {issuer.audience} · up to {roles}</p></div>
      <Status mark={issuer.enabled ? "ok" : "paused"}>{issuer.enabled ? "Trusted" : "Off"}</Status>
      {mayChange && (
        <MenuButton className="btn btn-icon btn-quiet btn-sm" label={`Actions for ${issuer.name}`} face={<Icon name="more" />} end>
          {(close) => (
            <>
              <MenuItem onSelect={() => { close(); onChange(); }}><Icon name="sliders" />Change</MenuItem>
              <MenuItem onSelect={() => { close(); void toggle(); }}><Icon name={issuer.enabled ? "minus" : "check"} />{issuer.enabled ? "Switch off" : "Switch on"}</MenuItem>
              <MenuItem onSelect={() => { close(); setAsking(true); }}><Icon name="x" />Trust no more</MenuItem>
            </>
          )}
        </MenuButton>
      )}
      {asking && <ConfirmDialog title={`Trust ${issuer.name} no more?`} action="Trust no more" keep="Keep it" danger onConfirm={end} onClose={() => setAsking(false)}><p>Programs that call with its tokens are refused at once.</p></ConfirmDialog>}
    </li>
  );
}
