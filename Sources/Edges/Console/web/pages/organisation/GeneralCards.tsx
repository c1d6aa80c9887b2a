import { patch } from "../../kit/api";
import { Button } from "../../kit/Button";
import { seed } from "../../kit/cache";
import { Field, FormProblem, useForm } from "../../kit/form";
import { asProblem } from "../../kit/problem";
import { Link } from "../../kit/router";
import { Mark, Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { dateTime } from "../../kit/units";
import { may, reloadSession, useMe } from "../../session/session";
import { organisationNameError } from "../../shell/NewOrganisation";
import { OrganisationDetail, organisationPath } from "./organisation";

export function NameCard({ organisation }: { organisation: OrganisationDetail }): JSX.Element {
  const me = useMe(), before = organisation.displayName;
  async function rename(displayName: string): Promise<void> {
    const after = await patch<OrganisationDetail>(organisationPath(me), { displayName });
    seed<OrganisationDetail>(organisationPath(me), () => after);
    await reloadSession();
  }
  const form = useForm({
    initial: { displayName: before },
    check: ({ displayName }) => ({ displayName: organisationNameError(displayName) }),
    submit: async ({ displayName }) => {
      await rename(displayName.trim());
      toast({
        title: "Name saved", text: `Everyone sees “${displayName.trim()}” from now on.`,
        undo: () => { rename(before).then(() => form.set("displayName", before), (error: unknown) => toast({ mark: "critical", title: "Name not changed back", text: asProblem(error).sentence })); },
      });
    },
  });
  return (
    <section className="card" aria-labelledby="org-name-head">
      <div className="card-head"><h2 id="org-name-head">Name</h2></div>
      <form className="card-body form" {...form.props}>
        <Field label="Name" autoComplete="organization" binding={form.field("displayName")} hint="In mails, reports and in the organisation switch. The short name below stays." />
        <FormProblem problem={form.problem} />
        <div><Button type="submit" tone="primary" label="Save name" busy={form.pending} disabled={form.values.displayName.trim() === before} /></div>
      </form>
    </section>
  );
}

const states: Record<string, { mark: Mark; word: string }> = {
  active: { mark: "ok", word: "Active" }, provisioning: { mark: "pending", word: "Being set up" }, suspended: { mark: "paused", word: "Suspended" },
  pending_deletion: { mark: "critical", word: "Being deleted" }, deleted: { mark: "offline", word: "Deleted" },
};
const reasons: Record<string, string> = { billing: "an invoice is open", abuse: "our terms of use" };

export function FactsCard({ organisation }: { organisation: OrganisationDetail }): JSX.Element {
  const me = useMe();
  const state = states[organisation.status] ?? { mark: "unknown" as Mark, word: organisation.status };
  const reason = organisation.suspendReason && (reasons[organisation.suspendReason] ?? organisation.suspendReason);
  const invited = organisation.pendingInvitationCount;
  return (
    <section className="card" aria-labelledby="org-facts-head">
      <div className="card-head"><h2 id="org-facts-head">Facts</h2></div>
      <dl className="card-body kv">
        <dt>State</dt><dd><Status mark={state.mark}>{state.word}{reason ? `: ${reason}` : ""}</Status></dd>
        <dt>Short name</dt><dd className="mono">{organisation.slug}</dd>
        <dt>Identifier</dt><dd className="mono">{organisation.id}</dd>
        <dt>Since</dt><dd>{dateTime(new Date(organisation.createdAt))}</dd>
        <dt>Members</dt><dd>{organisation.memberCount}{invited > 0 && `, ${invited} invited`}{may(me, "read:members") && <> · <Link to="/members">See who</Link></>}</dd>
      </dl>
    </section>
  );
}
