import { useId } from "react";
import { put } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { FormProblem, SelectField, useForm } from "../../kit/form";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";

const choices: readonly (readonly [number, string])[] = [[30, "30 days"], [90, "90 days"], [180, "180 days"], [400, "400 days"], [1095, "3 years"], [3650, "10 years"], [0, "For ever"]];

/** How long entries are kept. What is older is sealed by a signature first, so that the rest can still be verified. */
export function RetentionDialog({ days, onClose }: { days: number; onClose: () => void }): JSX.Element {
  const formID = useId();
  const offered = choices.some(([value]) => value === days) ? choices : [[days, `${days} days`] as const, ...choices];
  const form = useForm({
    initial: { retentionDays: String(days) },
    submit: async ({ retentionDays }) => {
      await fresh(() => put("/api/audit/settings", { retentionDays: Number(retentionDays) }));
      invalidate("/api/audit");
      onClose();
      toast({ title: "Saved", text: retentionDays === "0" ? "Nothing is pruned from now on." : `Entries older than ${retentionDays} days are sealed and pruned.` });
    },
  });
  const chosen = Number(form.values.retentionDays), isShorter = chosen !== 0 && (days === 0 || chosen < days);
  return (
    <Dialog
      title="How long entries are kept" onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone={isShorter ? "danger-fill" : "primary"} type="submit" form={formID} label="Save" busy={form.pending} disabled={chosen === days} /></>}
    >
      <form id={formID} className="stack stack-3" {...form.props}>
        <SelectField label="Keep for" binding={form.field("retentionDays")} hint={isShorter ? "What is older is pruned with the next sealing and cannot be brought back. Export it first." : "Your plan may set an upper limit."}>
          {offered.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </SelectField>
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
