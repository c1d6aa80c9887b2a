// The mail domains that are the organisation's own: shown by a record in the DNS, and perhaps enforced.
import { useId, useState } from "react";
import { When } from "../../kit/Age";
import { patch, post, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Dialog } from "../../kit/Dialog";
import { Field, FormProblem, useCreate, useForm } from "../../kit/form";
import { APIProblem, asProblem } from "../../kit/problem";
import { Empty } from "../../kit/states";
import { Mark, Status, StatusMark } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";
import { may, useMe } from "../../session/session";
import { CopyLine } from "./CopyLine";
import { Domain, domainsPath, lackWords } from "./sso";
import { SsoFrame } from "./SsoFrame";

const states: Record<Domain["state"], { mark: Mark; word: string }> = {
  pending: { mark: "pending", word: "Waiting for the record" }, verified: { mark: "ok", word: "Verified" }, lost: { mark: "critical", word: "Lost" },
};

export function Domains(): JSX.Element {
  const me = useMe(), mayChange = may(me, "manage:security");
  const domains = useQuery<{ data: Domain[] }>(may(me, "read:security") ? domainsPath : undefined);
  const [adding, setAdding] = useState(false);
  const add = mayChange && <Button tone="primary" icon="plus" label="Add a domain" onClick={() => setAdding(true)} />;
  return (
    <SsoFrame current="/sso/domains" actions={add}>
      <Wait query={domains} what="The domains">
        {({ data }) => data.length === 0
          ? <div className="table-wrap"><Empty icon="mail" title="No domains yet" actions={mayChange && <Button label="Add a domain" onClick={() => setAdding(true)} />}>Show that your mail domain is yours, and people with an address of it are led to your provider.</Empty></div>
          : <div className="stack settings">{data.map((one) => <DomainCard key={one.domain} domain={one} mayChange={mayChange} />)}</div>}
      </Wait>
      {adding && <AddDialog onClose={() => setAdding(false)} />}
    </SsoFrame>
  );
}

function DomainCard({ domain, mayChange }: { domain: Domain; mayChange: boolean }): JSX.Element {
  const head = useId();
  const [busy, setBusy] = useState(false), [asking, setAsking] = useState<"remove" | "enforce">(), [problem, setProblem] = useState<APIProblem>();
  const path = `${domainsPath}/${domain.domain}`, state = states[domain.state];
  async function verify(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      await fresh(() => post(`${path}/verify`));
      toast({ title: `${domain.displayDomain} is yours`, text: "The record is looked for again twice a day." });
      invalidate(domainsPath);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }
  async function enforce(isEnforced: boolean): Promise<void> {
    await fresh(() => patch(path, { isEnforced }));
    invalidate(domainsPath);
    toast({ title: isEnforced ? `Single sign-on alone for ${domain.displayDomain}` : "Every way in is open again", text: isEnforced ? "From the next request on." : undefined });
  }
  async function giveUp(): Promise<void> {
    await fresh(() => remove(path));
    invalidate(domainsPath);
    toast({ title: `${domain.displayDomain} is given up` });
  }
  const lacks = domain.lacks.map((one) => lackWords[one] ?? one);
  return (
    <section className="card" aria-labelledby={head}>
      <div className="card-head">
        <div><h2 id={head} className="wrap-anywhere">{domain.displayDomain}</h2><p className="sub">{domain.members === 1 ? "1 member has" : `${domain.members.toLocaleString("en")} members have`} an address of it{domain.checkedAt && <>, looked up <When at={domain.checkedAt} /></>}.</p></div>
        <span className="actions"><Status mark={domain.missingSince && domain.state === "verified" ? "warning" : state.mark}>{domain.missingSince && domain.state === "verified" ? "Record missing" : state.word}</Status></span>
      </div>
      <div className="card-body stack">
        {domain.state === "lost" && <p className="muted">Its record was gone for ten hours. Nobody is led to single sign-on by it until it is verified again.</p>}
        {domain.missingSince && domain.state === "verified" && <p className="muted">The record has not been found since <When at={domain.missingSince} />. After ten hours the domain is lost.</p>}
        {domain.state !== "verified" || domain.missingSince
          ? <div className="stack stack-3"><CopyLine label="Name of the TXT record" value={domain.record.name} /><CopyLine label="Its value" value={domain.record.value} /></div>
          : (
            <div className="row switch-row">
              <div className="grow"><span className="label">Single sign-on alone</span><p className="sub">{domain.isEnforced ? "Members with an address of it come in by your provider and no other way." : lacks.length > 0 ? `Needs ${lacks.join(" and ")} first.` : "Members may still use a password or a link."}</p></div>
              <button
                type="button" className="switch" role="switch" aria-checked={domain.isEnforced} aria-label={`Single sign-on alone for ${domain.displayDomain}`}
                disabled={!mayChange || !domain.isEnforced && lacks.length > 0} onClick={() => setAsking("enforce")}
              />
            </div>
          )}
        {problem && <div className="banner" data-tone="warning" role="alert"><StatusMark mark="warning" /><div><strong>{problem.title}</strong><p>{problem.sentence}</p></div></div>}
      </div>
      {mayChange && (
        <div className="card-foot row">
          {(domain.state !== "verified" || domain.missingSince) && <Button tone="primary" icon="refresh" label="Verify now" busy={busy} onClick={() => void verify()} />}
          <Button tone="quiet" label="Give it up" onClick={() => setAsking("remove")} />
        </div>
      )}
      {asking === "remove" && <ConfirmDialog title={`Give ${domain.displayDomain} up?`} action="Give it up" keep="Keep it" danger onConfirm={giveUp} onClose={() => setAsking(undefined)}><p>{domain.isEnforced ? "Its members may use passwords and links again at once. " : ""}Another organisation can verify it then.</p></ConfirmDialog>}
      {asking === "enforce" && (
        <ConfirmDialog title={domain.isEnforced ? "Open the other ways in again?" : `Single sign-on alone for ${domain.displayDomain}?`} action={domain.isEnforced ? "Open them" : "Enforce it"} danger={!domain.isEnforced} onConfirm={() => enforce(!domain.isEnforced)} onClose={() => setAsking(undefined)}>
          <p>{domain.isEnforced ? "Passwords, links and passkeys work for its members again." : `${domain.members.toLocaleString("en")} members, you too if your address is of it, come in by your provider alone: sessions that were opened otherwise are refused from the next request on. API tokens go on. Owners keep their break-glass code.`}</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function AddDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const formID = useId(), create = useCreate<Domain>(domainsPath);
  const form = useForm({
    initial: { domain: "" },
    check: ({ domain }) => ({ domain: /^[^\s@]+\.[^\s@.]+$/.test(domain.trim()) ? undefined : "The part behind the @, such as example.com." }),
    submit: async ({ domain }) => {
      await fresh(() => create({ domain: domain.trim() }));
      invalidate(domainsPath);
      onClose();
    },
    explain: (problem) => problem.slug === "domain-exists" ? { domain: "It is in your list already." } : undefined,
  });
  return (
    <Dialog title="Add a domain" onClose={onClose} foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Add it" busy={form.pending} /></>}>
      <form id={formID} className="stack stack-3" {...form.props}>
        <Field label="Domain" mono autoComplete="off" spellCheck={false} placeholder="example.com" binding={form.field("domain")} hint="You then publish a TXT record in its DNS. Domains of free mailboxes cannot be anybody's." />
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
