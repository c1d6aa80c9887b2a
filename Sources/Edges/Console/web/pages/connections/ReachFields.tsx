import { useQuery } from "../../kit/cache";
import { AreaField, Field, Form, SelectField } from "../../kit/form";
import { Link } from "../../kit/router";
import { Kind, allowedAs, means } from "./connection";
import { Draft } from "./draft";
import { Gateway, gatewaysPath, gatewayStates } from "./gateway";

/** Where the platform is, how one gets there, whom one signs in as, and why its certificate is believed. */
export function ReachFields({ kind, form, isStored }: { kind: Kind; form: Form<Draft>; isStored: boolean }): JSX.Element {
  const { values } = form, isProxmox = kind === "pve" || kind === "pbs" || kind === "pmg";
  if (kind === "availability") return <CheckFields form={form} />;
  return (
    <>
      <div className="input-row">
        <Field label="Address" autoComplete="off" spellCheck={false} autoCapitalize="none" placeholder="pve.example.com" binding={form.field("host")} hint="One node is enough, or the URL of its pages." />
        <Field label="Port" inputMode="numeric" autoComplete="off" binding={form.field("port")} />
      </div>
      <SelectField label="Sign in with" binding={form.field("way")}>
        {kind !== "vmware" && <option value="token">{isProxmox ? "An API token (recommended)" : "An API key"}</option>}
        <option value="user">User and password</option>
      </SelectField>
      {values.way === "token" && <Field label="API token id" mono autoComplete="off" spellCheck={false} autoCapitalize="none" binding={form.field("tokenId")} hint={isProxmox ? "user@realm!name. A token can be revoked without touching anyone's password." : "Its name."} />}
      {values.way === "user" && <Field label="User" mono autoComplete="off" spellCheck={false} autoCapitalize="none" binding={form.field("user")} hint={isProxmox ? "With its realm, such as root@pam." : undefined} />}
      {values.way !== "none" && (
        <Field
          label={values.way === "token" ? "Token secret" : "Password"} mono type="password" autoComplete="off" spellCheck={false} binding={form.field("secret")} placeholder={isStored ? "stored; empty keeps it" : undefined}
          hint="Sealed with your organisation's key. It is never shown again, to anyone."
        />
      )}
      <Route form={form} />
      <TrustFields form={form} />
    </>
  );
}

/** What is looked at from outside, without signing in anywhere. */
function CheckFields({ form }: { form: Form<Draft> }): JSX.Element {
  const { values } = form, isPage = values.means === "http" || values.means === "https";
  const binding = form.field("means");
  return (
    <>
      <SelectField
        label="Check" binding={{ ...binding, onChange: (event) => {
          const next = means[event.currentTarget.value as keyof typeof means];
          binding.onChange(event);
          if (next) form.set("port", String(next.port));
        } }}
        hint={values.means === "icmp" ? "Where no ping can be sent from, a TCP connection to the port is tried and said so." : undefined}
      >
        {Object.entries(means).map(([name, { title }]) => <option key={name} value={name}>{title}</option>)}
      </SelectField>
      <div className="input-row">
        <Field label="Address" autoComplete="off" spellCheck={false} autoCapitalize="none" placeholder="shop.example.com" binding={form.field("host")} hint="A name or an address." />
        <Field label="Port" inputMode="numeric" autoComplete="off" binding={form.field("port")} />
      </div>
      {isPage && <Field label="Path" mono autoComplete="off" spellCheck={false} binding={form.field("path")} hint="Redirects are an answer and are not followed." />}
      {values.means === "dns" && <Field label="Name to ask for" mono autoComplete="off" spellCheck={false} binding={form.field("question")} hint="The address above is the name server's." />}
      {values.means === "udp" && <Field label="What to send" mono autoComplete="off" spellCheck={false} binding={form.field("request")} />}
      {(isPage || values.means === "udp") && <Field label="What the answer holds" autoComplete="off" binding={form.field("expected")} hint="May stay empty." />}
      <Route form={form} wants={allowedAs(values.means, values.port)} />
      {values.means === "https" && <TrustFields form={form} />}
    </>
  );
}

function TrustFields({ form }: { form: Form<Draft> }): JSX.Element {
  const { values } = form;
  return (
    <>
      <SelectField label="Believe its certificate" binding={form.field("trust")} hint={trustHints[values.trust]}>
        <option value="system">When a public authority signed it</option>
        <option value="authorities">When our own authority signed it</option>
        {values.fingerprint !== "" && <option value="pinned">When it is exactly the confirmed one</option>}
      </SelectField>
      {values.trust === "authorities" && <AreaField label="Certificate of the authority" binding={form.field("certificates")} placeholder="-----BEGIN CERTIFICATE-----" />}
    </>
  );
}

const trustHints: Record<string, string> = {
  system: "A self-signed one is shown to you by the test; you decide then.", authorities: "And the name must fit.", pinned: "No other is accepted, whoever signed it.",
};

/** Hosts inside a private network are reached through an agent that stands there and lets them through. */
function Route({ form, wants }: { form: Form<Draft>; wants?: string }): JSX.Element {
  const gateways = useQuery<{ data: Gateway[] }>(gatewaysPath).data?.data ?? [], { agentId } = form.values;
  const chosen = gateways.find((one) => one.agentId === agentId);
  const hint = chosen
    ? `${chosen.hostname} allows ${chosen.allows.join(", ")}.${wants ? ` This check wants ${wants}.` : ""}${chosen.state === "online" ? "" : " It is not connected now."}`
    : <>Private addresses are reached through an agent inside that network; no inbound rule. <Link className="link" to="/connections/gateways">Gateways</Link></>;
  return (
    <SelectField label="Reach it" binding={form.field("agentId")} hint={hint}>
      <option value="">Directly from Pulse</option>
      {gateways.filter((one) => one.enabled || one.agentId === agentId).map((one) => <option key={one.agentId} value={one.agentId}>Through {one.hostname}{one.state === "online" ? "" : ` (${gatewayStates[one.state].word.toLowerCase()})`}</option>)}
      {agentId !== "" && !chosen && <option value={agentId}>Through an agent</option>}
    </SelectField>
  );
}
