// Who from outside may look after this organisation: which provider, as what, until when.
import { useId, useState } from "react";
import { Day } from "../../kit/Age";
import { remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Dialog } from "../../kit/Dialog";
import { Field, FormProblem, SelectField, useCreate, useForm } from "../../kit/form";
import { useList } from "../../kit/list";
import { Denied, Empty } from "../../kit/states";
import { Mark, Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { MoreFoot, Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";
import { initials, may, useMe } from "../../session/session";
import { builtInRoles, roleLabel } from "../members/member";

export interface Grant {
  id: string; provider: { orgId?: string; slug: string; displayName?: string }; role: string; status: "offered" | "active" | "expired" | "revoked" | "declined";
  note?: string; createdAt: string; expiresAt: string; acceptedAt?: string; revokedAt?: string;
}
const path = "/api/provider-grants";

export const grantStates: Record<string, { mark: Mark; word: string }> = {
  offered: { mark: "pending", word: "Offered" }, active: { mark: "ok", word: "Active" }, expired: { mark: "unknown", word: "Expired" },
  revoked: { mark: "paused", word: "Revoked" }, declined: { mark: "paused", word: "Declined" },
};

export function Providers(): JSX.Element {
  const me = useMe();
  const mayRead = may(me, "read:providers"), mayManage = may(me, "manage:providers");
  const grants = useList<Grant>(mayRead ? path : undefined);
  const [making, setMaking] = useState(false);
  if (!mayRead) return <Denied what="providers" need="read:providers" />;
  const add = mayManage && <Button icon="plus" label="Let a provider in" onClick={() => setMaking(true)} />;
  return (
    <>
      <div className="section-head tab-head"><p className="muted grow">A provider looks after your machines with the role you give, until the day you set. They never see a secret, and all they do here is in your audit log.</p>{add}</div>
      <Wait query={grants} what="The providers" rows={2}>
        {(data) => (
          <div className="table-wrap">
            {data.length === 0
              ? <Empty icon="building" title="Nobody from outside may look in">A grant is an offer: the provider has to accept it, and you can end it at any time, within a second.</Empty>
              : <GrantTable grants={data} mayManage={mayManage} />}
            {grants.more && <MoreFoot shown={`${data.length} grants`} list={grants} />}
          </div>
        )}
      </Wait>
      {making && <GrantDialog onClose={() => setMaking(false)} />}
    </>
  );
}

function GrantTable({ grants, mayManage }: { grants: readonly Grant[]; mayManage: boolean }): JSX.Element {
  const [ending, setEnding] = useState<Grant>();
  async function end(grant: Grant): Promise<void> {
    await fresh(() => remove(`${path}/${grant.id}`));
    invalidate(path);
    toast({ title: `${grantName(grant)} is out`, text: "What they had open here is closed." });
  }
  return (
    <>
      <table className="table table-cards" aria-label="Providers">
        <colgroup><col /><col className="w-role" /><col className="w-state" /><col className="col-lower w-when" /><col className="w-act" /></colgroup>
        <thead><tr><th scope="col">Provider</th><th scope="col">Role</th><th scope="col">State</th><th scope="col" className="col-lower">Until</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
        <tbody>
          {grants.map((grant) => {
            const state = grantStates[grant.status] ?? { mark: "unknown" as Mark, word: grant.status };
            const isOpen = grant.status === "active" || grant.status === "offered";
            return (
              <tr key={grant.id}>
                <td className="c-name"><div className="cell-name"><span className="avatar avatar-cust" aria-hidden="true">{initials(grantName(grant))}</span><div><span className="name">{grantName(grant)}</span><span className="sub">{grant.note || grant.provider.slug}</span></div></div></td>
                <td data-label="Role">{roleLabel(grant.role)}</td>
                <td data-label="State"><Status mark={state.mark}>{state.word}</Status></td>
                <td className="col-lower" data-label="Until"><span className="num muted"><Day at={grant.expiresAt} /></span></td>
                <td className="right c-act c-buttons">{mayManage && isOpen && <Button small tone="danger" label={grant.status === "active" ? "End" : "Withdraw"} onClick={() => setEnding(grant)} />}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {ending && (
        <ConfirmDialog title={`End the grant of ${grantName(ending)}?`} action="End it" keep="Keep it" danger onConfirm={() => end(ending)} onClose={() => setEnding(undefined)}>
          <p>Their people lose access within a second, in everything they have open. What they did stays in your audit log.</p>
        </ConfirmDialog>
      )}
    </>
  );
}

const grantName = (grant: Grant): string => grant.provider.displayName || grant.provider.slug;
const lengths = [["30", "30 days"], ["90", "90 days"], ["180", "6 months"], ["364", "1 year"]] as const;

function GrantDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const formID = useId();
  const create = useCreate<Grant>(path);
  const offered = builtInRoles.filter((one) => one.role !== "owner" && one.role !== "custom");
  const form = useForm({
    initial: { provider: "", role: "editor", days: "90", note: "" },
    check: ({ provider }) => ({ provider: provider.trim() === "" ? "Type the short name they gave you." : undefined }),
    submit: async ({ provider, role, days, note }) => {
      const expiresAt = new Date(Date.now() + Number(days) * 86_400_000).toISOString().replace(/\.\d+Z$/, "Z");
      await fresh(() => create({ provider: provider.trim(), role, expiresAt, ...note.trim() ? { note: note.trim() } : {} }));
      invalidate(path);
      onClose();
      toast({ title: `Offered to ${provider.trim()}`, text: "It counts once they accept. You can withdraw it until then." });
    },
  });
  return (
    <Dialog
      title="Let a provider in" onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Offer" busy={form.pending} /></>}
    >
      <form id={formID} className="stack" {...form.props}>
        <Field label="Provider's short name" mono autoComplete="off" spellCheck={false} binding={form.field("provider")} hint="Found in their settings. We say the same whether it exists or not." />
        <div className="input-row-even">
          <SelectField label="Role" binding={form.field("role")}>{offered.map((one) => <option key={one.role} value={one.role}>{one.label}</option>)}</SelectField>
          <SelectField label="For" binding={form.field("days")}>{lengths.map(([value, label]) => <option key={value} value={value}>{label}</option>)}</SelectField>
        </div>
        <Field label="Note" maxLength={200} autoComplete="off" binding={form.field("note")} hint="Contract or ticket. May stay empty." />
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
