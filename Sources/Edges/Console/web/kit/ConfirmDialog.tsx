import { ReactNode, useId } from "react";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Field, FormProblem, useForm } from "./form";

interface ConfirmProps {
  title: string;
  children: ReactNode;
  /** The verb on the button that does it. */
  action: string;
  /** The verb on the button that does not. */
  keep?: string;
  danger?: boolean;
  /** For what cannot be undone: has to be typed, letter by letter. */
  typed?: { label: string; text: string };
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

/** Says what will happen and does it; a refusal stays in the dialog. */
export function ConfirmDialog({ title, children, action, keep = "Cancel", danger, typed, onConfirm, onClose }: ConfirmProps): JSX.Element {
  const formID = useId();
  const form = useForm({ initial: { typed: "" }, submit: async () => { await onConfirm(); onClose(); } });
  const isReady = !typed || form.values.typed.trim() === typed.text;
  return (
    <Dialog
      title={title} onClose={onClose}
      foot={<><Button label={keep} onClick={onClose} /><Button tone={danger ? "danger-fill" : "primary"} type="submit" form={formID} label={action} busy={form.pending} disabled={!isReady} /></>}
    >
      <div className="muted stack stack-2">{children}</div>
      <form id={formID} className="stack stack-3" {...form.props}>
        {typed && <Field label={typed.label} binding={form.field("typed")} placeholder={typed.text} autoComplete="off" spellCheck={false} />}
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
