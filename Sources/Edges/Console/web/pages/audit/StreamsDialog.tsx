import { useId, useState } from "react";
import { When } from "../../kit/Age";
import { patch, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { AreaField, Field, FormProblem, SelectField, useCreate, useForm } from "../../kit/form";
import { asProblem } from "../../kit/problem";
import { SecretOnce } from "../../kit/SecretOnce";
import { Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";

export interface Stream {
  id: string; name: string; kind: "webhook" | "syslog"; address: string; secretSet?: boolean; enabled: boolean; seq: number; behind: number; lastError?: string; lastSentAt?: string;
}
export const streamsPath = "/api/audit/streams";

/** Where every entry is sent as well, so that a copy is out of everyone's reach, ours included. */
export function StreamsDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const streams = useQuery<{ data: Stream[] }>(streamsPath, 10_000);
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string>();
  if (secret) {
    return (
      <Dialog title="The stream is ready" isSticky onClose={onClose} foot={<Button tone="primary" label="I have copied it" onClick={() => setSecret(undefined)} />}>
        <SecretOnce label="Signing secret" secret={secret} note="Your receiver checks the Standard Webhooks signature with it. It is never shown again." />
      </Dialog>
    );
  }
  if (adding) return <AddStream onClose={() => setAdding(false)} onAdded={(made) => { setAdding(false); setSecret(made); }} />;
  return (
    <Dialog title="Stream the log" onClose={onClose} foot={<><Button label="Close" onClick={onClose} /><Button tone="primary" icon="plus" label="Add a stream" onClick={() => setAdding(true)} /></>}>
      <p className="muted">Each entry goes there a moment after it was written, in order, with its hash.</p>
      <Wait query={streams} what="The streams" rows={2}>
        {({ data }) => data.length === 0
          ? <p className="faint">Nothing is streamed yet.</p>
          : <ul className="list streams">{data.map((stream) => <StreamRow key={stream.id} stream={stream} />)}</ul>}
      </Wait>
    </Dialog>
  );
}

function StreamRow({ stream }: { stream: Stream }): JSX.Element {
  async function change(action: () => Promise<unknown>, done: string): Promise<void> {
    try {
      await fresh(action);
      toast({ title: done });
    } catch (error) {
      toast({ mark: "critical", title: "Stream not changed", text: asProblem(error).sentence });
    }
    invalidate(streamsPath);
  }
  const state = !stream.enabled ? <Status mark="paused">Paused</Status> : stream.lastError ? <Status mark="warning">{stream.lastError}</Status>
    : stream.behind > 0 ? <Status mark="pending">{stream.behind} behind</Status> : <Status mark="ok">Up to date</Status>;
  return (
    <li>
      <div className="grow">
        <span className="name">{stream.name}</span>
        <div className="sub">{stream.kind === "webhook" ? "Webhook" : "Syslog"} to <span className="mono">{stream.address}</span>{stream.lastSentAt && <>, sent <When at={stream.lastSentAt} /></>}</div>
        <div className="sub">{state}</div>
      </div>
      <Button small label={stream.enabled ? "Pause" : "Go on"} aria-label={`${stream.enabled ? "Pause" : "Go on with"} ${stream.name}`} onClick={() => void change(() => patch(`${streamsPath}/${stream.id}`, { enabled: !stream.enabled }), stream.enabled ? `${stream.name} paused` : `${stream.name} goes on`)} />
      <Button small tone="danger" label="Remove" aria-label={`Remove ${stream.name}`} onClick={() => void change(() => remove(`${streamsPath}/${stream.id}`), `${stream.name} removed`)} />
    </li>
  );
}

function AddStream({ onClose, onAdded }: { onClose: () => void; onAdded: (secret: string | undefined) => void }): JSX.Element {
  const formID = useId();
  const create = useCreate<{ secret?: string }>(streamsPath);
  const form = useForm({
    initial: { name: "", kind: "webhook", address: "", caCertificate: "" },
    check: ({ name, kind, address }) => ({
      name: name.trim() === "" ? "Name the receiver." : undefined,
      address: kind === "webhook" ? (/^https:\/\/\S+/.test(address.trim()) ? undefined : "An address that begins with https://.") : /^\S+:\d+$/.test(address.trim()) ? undefined : "Host and port, such as logs.example.com:6514.",
    }),
    submit: async ({ name, kind, address, caCertificate }) => {
      const body = { name: name.trim(), kind, address: address.trim(), ...kind === "syslog" && caCertificate.trim() ? { caCertificate: caCertificate.trim() } : {} };
      const made = await fresh(() => create(body));
      invalidate(streamsPath);
      toast({ title: `Streaming to ${body.name}`, text: "From the next entry on." });
      onAdded(made.secret);
    },
  });
  const isWebhook = form.values.kind === "webhook";
  return (
    <Dialog title="Add a stream" onClose={onClose} foot={<><Button label="Back" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Add stream" busy={form.pending} /></>}>
      <form id={formID} className="stack" {...form.props}>
        <Field label="Name" maxLength={64} autoComplete="off" binding={form.field("name")} />
        <SelectField label="Kind" binding={form.field("kind")}><option value="webhook">Webhook, signed</option><option value="syslog">Syslog over TLS</option></SelectField>
        <Field label="Address" mono autoComplete="off" spellCheck={false} placeholder={isWebhook ? "https://" : "host:6514"} binding={form.field("address")} />
        {!isWebhook && <AreaField label="Certificate authority" placeholder="-----BEGIN CERTIFICATE-----" binding={form.field("caCertificate")} hint="PEM. Empty: the public ones." />}
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
