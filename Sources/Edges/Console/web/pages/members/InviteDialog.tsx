import { useId } from "react";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { emailError, Field, FormProblem, SelectField, useCreate, useForm } from "../../kit/form";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { useMe } from "../../session/session";
import { builtInRoles, Invitation, invitationsPath, roleLabel } from "./member";

/** Ownership is not invited to: someone becomes owner once they are here. */
const offered = builtInRoles.filter((one) => one.role !== "owner" && one.role !== "custom");

export function InviteDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const me = useMe(), formID = useId();
  const create = useCreate<Invitation>(invitationsPath(me));
  const form = useForm({
    initial: { email: "", role: "viewer" },
    check: ({ email }) => ({ email: emailError(email) }),
    submit: async ({ email, role }) => {
      const address = email.trim();
      await fresh(() => create({ email: address, role }));
      invalidate(invitationsPath(me));
      onClose();
      toast({ title: `Invited ${address}`, text: `As ${roleLabel(role)}. The link in the mail works for 7 days, once.` });
    },
    explain: (problem) => problem.slug === "already-member" ? { email: "This person is a member already. Change the role in the list." } : undefined,
  });
  return (
    <Dialog
      title="Invite someone" onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Send invitation" busy={form.pending} /></>}
    >
      <form id={formID} className="stack" {...form.props}>
        <Field label="E-mail" type="email" autoComplete="off" binding={form.field("email")} />
        <SelectField label="Role" binding={form.field("role")} hint={offered.find((one) => one.role === form.values.role)?.hint}>
          {offered.map((one) => <option key={one.role} value={one.role}>{one.label}</option>)}
        </SelectField>
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
