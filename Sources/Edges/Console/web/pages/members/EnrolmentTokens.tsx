import { useId, useState } from "react";
import { Day } from "../../kit/Age";
import { post, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { useNow } from "../../kit/clock";
import { Dialog } from "../../kit/Dialog";
import { Field, FormProblem, SelectField, useForm } from "../../kit/form";
import { Icon } from "../../kit/Icon";
import { asProblem } from "../../kit/problem";
import { Link } from "../../kit/router";
import { SecretOnce } from "../../kit/SecretOnce";
import { Denied, Empty } from "../../kit/states";
import { Mark, Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { span } from "../../kit/units";
import { Wait } from "../../kit/Wait";
import { may, useMe } from "../../session/session";
import { MembersFrame } from "./MembersFrame";

interface Enrolment { id: string; name?: string | null; createdAt: string; expiresAt: string; usedAt?: string | null; revokedAt?: string | null; uses?: number; usedCount?: number; tags?: string[]; siteId?: string }
interface Made { id: string; token: string; command: string }
interface Site { id: string; name: string }
const path = "/api/agents/enrollment-tokens";

/** What lets machines in: how many more, until when, and where they will stand. */
export function EnrolmentTokens(): JSX.Element {
  const me = useMe(), mayManage = may(me, "manage:agents");
  const tokens = useQuery<{ data: Enrolment[] }>(mayManage ? path : undefined);
  const sites = useQuery<{ data: Site[] }>(mayManage && may(me, "read:sites") ? "/api/sites?limit=100" : undefined);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Made>();
  const frame = { current: "/members/enrolment", sub: "For machines. A token lets a number of agents in until it ends." };
  if (!mayManage) return <MembersFrame {...frame}><Denied what="enrolment tokens" need="manage:agents" /></MembersFrame>;
  return (
    <MembersFrame {...frame} actions={<Button tone="primary" icon="plus" label="New token" onClick={() => setMaking(true)} />}>
      <Wait query={tokens} what="The tokens">
        {({ data }) => (
          <div className="table-wrap">
            {data.length === 0
              ? <Empty icon="server" title="No enrolment tokens" actions={<Link className="btn" to="/onboarding">Add one machine</Link>}>For one machine the installer makes its own. Make one here for many, with tags and a site.</Empty>
              : <EnrolmentTable tokens={data} sites={sites.data?.data ?? []} />}
          </div>
        )}
      </Wait>
      {making && <EnrolmentDialog sites={sites.data?.data ?? []} onClose={() => setMaking(false)} onMade={(token) => { setMaking(false); setMade(token); }} />}
      {made && (
        <Dialog title="The token is ready" isSticky onClose={() => setMade(undefined)} foot={<Button tone="primary" label="I have copied it" onClick={() => setMade(undefined)} />}>
          <SecretOnce label="Token" secret={made.token} />
          <SecretOnce label="Command for each machine" secret={made.command} note="Run it as root. It contains the token." />
        </Dialog>
      )}
    </MembersFrame>
  );
}

function stateOf(token: Enrolment, now: number): { mark: Mark; word: string } {
  const uses = token.uses ?? 1, used = token.usedCount ?? (token.usedAt ? 1 : 0);
  if (token.revokedAt) return { mark: "paused", word: "Revoked" };
  if (used >= uses) return { mark: "ok", word: "Used up" };
  return Date.parse(token.expiresAt) <= now ? { mark: "unknown", word: "Expired" } : { mark: "pending", word: "Open" };
}

function EnrolmentTable({ tokens, sites }: { tokens: readonly Enrolment[]; sites: readonly Site[] }): JSX.Element {
  const now = useNow();
  async function revoke(token: Enrolment): Promise<void> {
    try {
      await remove(`${path}/${token.id}`);
      toast({ title: "Enrolment token revoked", text: "No further machine gets in with it. Those that did stay." });
    } catch (error) {
      toast({ mark: "critical", title: "Token not revoked", text: asProblem(error).sentence });
    }
    invalidate(path);
  }
  return (
    <table className="table table-cards" aria-label="Enrolment tokens">
      <colgroup><col /><col className="w-state" /><col className="w-short" /><col className="col-lower w-scopes" /><col className="col-lower w-when" /><col className="w-act" /></colgroup>
      <thead><tr><th scope="col">Name</th><th scope="col">State</th><th scope="col" className="right">Used</th><th scope="col" className="col-lower">Machines get</th><th scope="col" className="right col-lower">Made</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
      <tbody>
        {tokens.map((token) => {
          const state = stateOf(token, now), site = sites.find((one) => one.id === token.siteId)?.name;
          const gets = [site, ...token.tags ?? []].filter(Boolean).join(", ");
          const left = (Date.parse(token.expiresAt) - now) / 1000;
          return (
            <tr key={token.id}>
              <td className="c-name"><div className="cell-name"><span className="kind"><Icon name="server" /></span><div><span className="name">{token.name || "Enrolment token"}</span><span className="sub">{state.word === "Open" ? `${span(left)} left` : "Lets nobody in"}</span></div></div></td>
              <td className="c-status"><Status mark={state.mark}>{state.word}</Status></td>
              <td className="right" data-label="Used"><span className="num">{token.usedCount ?? (token.usedAt ? 1 : 0)} of {token.uses ?? 1}</span></td>
              <td className="col-lower" data-label="Machines get">{gets || <span className="faint">Nothing besides</span>}</td>
              <td className="right c-drop col-lower"><span className="num muted"><Day at={token.createdAt} /></span></td>
              <td className="right c-act c-buttons">{state.word === "Open" && <Button small tone="danger" label="Revoke" onClick={() => void revoke(token)} />}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

const lifetimes = [["3600", "1 hour"], ["86400", "1 day"], ["604800", "7 days"], ["2592000", "30 days"]] as const;

function EnrolmentDialog({ sites, onClose, onMade }: { sites: readonly Site[]; onClose: () => void; onMade: (made: Made) => void }): JSX.Element {
  const formID = useId();
  const form = useForm({
    initial: { name: "", uses: "10", expiresInSeconds: "86400", siteId: "", tags: "" },
    check: ({ uses }) => ({ uses: /^\d+$/.test(uses.trim()) && Number(uses) >= 1 && Number(uses) <= 1000 ? undefined : "Between 1 and 1000 machines." }),
    submit: async ({ name, uses, expiresInSeconds, siteId, tags }) => {
      const list = tags.split(",").map((tag) => tag.trim()).filter(Boolean);
      onMade(await post<Made>(path, { ...name.trim() ? { name: name.trim() } : {}, uses: Number(uses), expiresInSeconds: Number(expiresInSeconds), tags: list, ...siteId ? { siteId } : {} }));
      invalidate(path);
    },
  });
  return (
    <Dialog
      title="New enrolment token" onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Create token" busy={form.pending} /></>}
    >
      <form id={formID} className="stack" {...form.props}>
        <Field label="Name" maxLength={100} autoComplete="off" binding={form.field("name")} hint="May stay empty." />
        <div className="input-row">
          <Field label="For how many machines" inputMode="numeric" binding={form.field("uses")} />
          <SelectField label="Ends after" binding={form.field("expiresInSeconds")}>{lifetimes.map(([value, label]) => <option key={value} value={value}>{label}</option>)}</SelectField>
        </div>
        {sites.length > 0 && (
          <SelectField label="Site" binding={form.field("siteId")}><option value="">None</option>{sites.map((site) => <option key={site.id} value={site.id}>{site.name}</option>)}</SelectField>
        )}
        <Field label="Tags" autoComplete="off" spellCheck={false} binding={form.field("tags")} hint="With commas. Every machine that comes in with it gets them." />
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
