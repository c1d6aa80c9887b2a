import { useId } from "react";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { Field, FormProblem, SelectField, useCreate, useForm } from "../../kit/form";
import { toast } from "../../kit/Toast";
import { displayName, Resource } from "../../live/resource";
import { Share } from "./organisation";

const roles = [["viewer", "Looks at it"], ["editor", "Looks, and changes it"], ["admin", "Looks, changes, and decides who of theirs may"]] as const;

/** Which machine, to whom. Offering it again to the same organisation changes the role. */
export function ShareDialog({ path, onClose }: { path: string; onClose: () => void }): JSX.Element {
  const formID = useId();
  const create = useCreate<Share>(path);
  const machines = useQuery<{ data: Resource[] }>("/api/resources?limit=100");
  const list = [...machines.data?.data ?? []].sort((a, b) => displayName(a).localeCompare(displayName(b), undefined, { numeric: true }));
  const form = useForm({
    initial: { resourceId: "", target: "", accessRole: "viewer" },
    check: ({ resourceId, target }) => ({ resourceId: resourceId === "" ? "Choose a machine." : undefined, target: target.trim().length < 3 ? "Type the short name they gave you." : undefined }),
    submit: async ({ resourceId, target, accessRole }) => {
      await create({ target: target.trim(), resourceId, accessRole });
      invalidate(path);
      onClose();
      toast({ title: `Offered to ${target.trim()}`, text: "They see it once they accept. You can end it at any time." });
    },
  });
  return (
    <Dialog
      title="Show a machine to others" onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Offer" busy={form.pending} /></>}
    >
      <form id={formID} className="stack" {...form.props}>
        <SelectField label="Machine" binding={form.field("resourceId")} hint={machines.problem && !machines.data ? machines.problem.sentence : undefined}>
          <option value="">{machines.data ? "Choose…" : "Loading…"}</option>
          {list.map((one) => <option key={one.id} value={one.id}>{displayName(one)}</option>)}
        </SelectField>
        <Field label="Their short name" mono autoComplete="off" spellCheck={false} maxLength={40} binding={form.field("target")} hint="Found in their settings. We say the same whether it exists or not." />
        <SelectField label="As" binding={form.field("accessRole")}>{roles.map(([value, label]) => <option key={value} value={value}>{label}</option>)}</SelectField>
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
