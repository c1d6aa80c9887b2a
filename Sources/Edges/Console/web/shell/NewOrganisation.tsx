import { useId } from "react";
import { Button } from "../kit/Button";
import { Dialog } from "../kit/Dialog";
import { Field, FormProblem, useForm } from "../kit/form";
import { toast } from "../kit/Toast";
import { createOrganisation } from "../session/session";

/** The server's rule: 3 to 64 bytes, no control characters, no slashes. */
export function organisationNameError(name: string): string | undefined {
  const size = new TextEncoder().encode(name.trim()).length;
  if (size < 3) return "A name has at least 3 letters.";
  if (size > 64) return "A name has at most 64 letters.";
  return /[/\\\u0000-\u001f\u007f]/.test(name) ? "A name has no slashes." : undefined;
}

export function NewOrganisation({ onClose }: { onClose: () => void }): JSX.Element {
  const formID = useId();
  const form = useForm({
    initial: { displayName: "" },
    check: ({ displayName }) => ({ displayName: organisationNameError(displayName) }),
    submit: async ({ displayName }) => {
      await createOrganisation(displayName.trim());
      onClose();
      toast({ title: `${displayName.trim()} is ready`, text: "You are its owner. It shares nothing with your other organisations." });
    },
  });
  return (
    <Dialog
      title="New organisation" onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Create organisation" busy={form.pending} /></>}
    >
      <p className="muted">Its machines, members and history are its own. You will be its owner.</p>
      <form id={formID} className="stack stack-3" {...form.props}>
        <Field label="Name" binding={form.field("displayName")} autoComplete="organization" hint="You can rename it later." />
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
