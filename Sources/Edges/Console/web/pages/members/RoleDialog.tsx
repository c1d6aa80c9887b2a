import { useId, useState } from "react";
import { patch, put } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { FormProblem, useForm } from "../../kit/form";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { may, reloadSession, useMe } from "../../session/session";
import { assignableRoles, Member, memberName, membersPath, roleLabel } from "./member";
import { RoleList, rolesPath } from "./role";

interface Assigned { role: string; roleIds: string[] }

/** The built-in role, and the custom roles on top of it. Nobody changes their own custom roles. */
export function RoleDialog({ member, onClose }: { member: Member; onClose: () => void }): JSX.Element {
  const me = useMe(), formID = useId(), name = memberName(member), isMe = member.userId === me.user.id;
  const path = `${membersPath(me)}/${member.userId}`;
  const mayAssign = may(me, "manage:roles") && !isMe;
  const roles = useQuery<RoleList>(mayAssign ? rolesPath : undefined);
  const assigned = useQuery<Assigned>(mayAssign ? `${path}/roles` : undefined);
  const [chosen, setChosen] = useState<readonly string[]>();
  const before = assigned.data?.roleIds ?? [], picked = chosen ?? before;
  const custom = (roles.data?.data ?? []).filter((one) => !one.builtIn);
  const rolesChanged = picked.length !== before.length || picked.some((id) => !before.includes(id));
  const form = useForm({
    initial: { role: member.role },
    submit: async ({ role }) => {
      if (role !== member.role) await fresh(() => patch(path, { role }));
      if (rolesChanged) await fresh(() => put(`${path}/roles`, { roleIds: picked }));
      invalidate(membersPath(me));
      onClose();
      toast({ title: role === member.role ? `Roles of ${name} changed` : `${name} is ${roleLabel(role)} now`, text: "From their next request on, and on what they have open within a second." });
      if (isMe) await reloadSession();
    },
  });
  return (
    <Dialog
      title={`Role of ${name}`} onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Change role" busy={form.pending} disabled={form.values.role === member.role && !rolesChanged} /></>}
    >
      <form id={formID} className="stack" {...form.props}>
        <fieldset className="plain stack stack-2">
          <legend className="visually-hidden">Built-in role</legend>
          {assignableRoles(me.organization?.role ?? "", member.role).map((one) => (
            <label key={one.role} className="choice choice-tight" data-checked={form.values.role === one.role ? "" : undefined}>
              <input className="visually-hidden" type="radio" name="role" value={one.role} checked={form.values.role === one.role} onChange={() => form.set("role", one.role)} />
              <span><strong>{one.label}{one.role === member.role && <span className="faint"> (now)</span>}</strong><span className="sub">{one.hint}</span></span>
            </label>
          ))}
        </fieldset>
        {mayAssign && assigned.data && custom.length > 0 && (
          <fieldset className="plain stack stack-2">
            <legend className="label">Custom roles besides</legend>
            {custom.map((one) => (
              <label key={one.id} className="check">
                <input type="checkbox" checked={picked.includes(one.id)} onChange={(event) => setChosen(event.currentTarget.checked ? [...picked, one.id] : picked.filter((id) => id !== one.id))} />
                <span>{one.name}{one.description && <span className="sub"> {one.description}</span>}</span>
              </label>
            ))}
          </fieldset>
        )}
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
