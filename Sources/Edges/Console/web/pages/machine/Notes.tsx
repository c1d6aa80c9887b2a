import { useId, useState } from "react";
import { put } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { AreaField, Field, FormProblem, useForm } from "../../kit/form";
import { toast } from "../../kit/Toast";
import { Resource } from "../../live/resource";
import { may, useMe } from "../../session/session";

interface Metadata { state: "attached" | "none" | "pending"; customUrl?: string; notes?: string; tags: string[] }

/** What people wrote about it: where else to look, what to know, by what to find it. */
export function Notes({ resource }: { resource: Resource }): JSX.Element {
  const path = `/api/resources/${encodeURIComponent(resource.id)}/metadata`;
  const asked = useQuery<Metadata>(path);
  const me = useMe();
  const [editing, setEditing] = useState(false);
  const told = asked.data;
  const mayWrite = may(me, "manage:agents") && told !== undefined && told.state !== "pending";
  return (
    <section className="section" aria-label="Notes">
      <div className="section-head">
        <h2>Notes</h2>
        {mayWrite && <Button small tone="quiet" label={told.state === "none" ? "Add" : "Change"} onClick={() => setEditing(true)} />}
      </div>
      {told?.state === "pending" && <p className="muted">Something was written, and two claim to be what it is about. It is shown again when one is left.</p>}
      {told?.state === "none" && <p className="faint">Nobody wrote anything yet.</p>}
      {asked.problem && !told && <p className="muted">The notes could not be loaded.</p>}
      {told?.state === "attached" && (
        <div className="stack">
          {told.customUrl && <p><a href={told.customUrl} target="_blank" rel="noopener noreferrer">{told.customUrl}</a></p>}
          {told.tags.length > 0 && <span className="tag-row">{told.tags.map((tag) => <span key={tag} className="badge">{tag}</span>)}</span>}
          {told.notes && <p className="notes-text">{told.notes}</p>}
        </div>
      )}
      {editing && told && <NotesDialog path={path} told={told} onClose={() => setEditing(false)} />}
    </section>
  );
}

function NotesDialog({ path, told, onClose }: { path: string; told: Metadata; onClose: () => void }): JSX.Element {
  const formID = useId();
  const form = useForm({
    initial: { customUrl: told.customUrl ?? "", notes: told.notes ?? "", tags: told.tags.join(", ") },
    check: ({ customUrl }) => ({ customUrl: customUrl.trim() === "" || /^https?:\/\/\S+$/i.test(customUrl.trim()) ? undefined : "Begin with https:// or http://." }),
    submit: async ({ customUrl, notes, tags }) => {
      await put(path, { customUrl: customUrl.trim(), notes, tags: tags.split(",").map((tag) => tag.trim()).filter(Boolean) });
      invalidate(path);
      onClose();
      toast({ title: "Notes saved" });
    },
  });
  return (
    <Dialog
      title="Notes" onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Save" busy={form.pending} /></>}
    >
      <form id={formID} className="stack" {...form.props}>
        <Field label="Address" type="url" autoComplete="off" spellCheck={false} binding={form.field("customUrl")} hint="Its own page, a dashboard, a wiki. Everybody who sees it sees this." />
        <AreaField label="Notes" binding={form.field("notes")} hint="Kept sealed. No passwords all the same." />
        <Field label="Tags" autoComplete="off" spellCheck={false} binding={form.field("tags")} hint="With commas." />
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
