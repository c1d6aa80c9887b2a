import { useId } from "react";
import { patch } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { Field, FormProblem, useCreate, useForm } from "../../kit/form";
import { toast } from "../../kit/Toast";
import { Site, sitesPath } from "./site";

export function SiteDialog({ site, onClose }: { site: Site | undefined; onClose: () => void }): JSX.Element {
  const formID = useId();
  const create = useCreate<Site>(sitesPath);
  const form = useForm({
    initial: { name: site?.name ?? "", description: site?.description ?? "", tags: site?.tags.join(", ") ?? "" },
    check: ({ name }) => ({ name: name.trim() === "" ? "Name the place as people call it." : undefined }),
    submit: async ({ name, description, tags }) => {
      const body = { name: name.trim(), description: description.trim(), tags: tags.split(",").map((tag) => tag.trim()).filter(Boolean) };
      await (site ? patch(`${sitesPath}/${site.id}`, body) : create(body));
      invalidate(sitesPath);
      onClose();
      toast({ title: site ? `${body.name} saved` : `${body.name} is here`, text: site ? undefined : "Place machines in it with an enrolment token." });
    },
    explain: (problem) => problem.slug === "site-name-taken" ? { name: "Another site has this name." } : undefined,
  });
  return (
    <Dialog
      title={site ? `Change ${site.name}` : "New site"} onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label={site ? "Save" : "Create site"} busy={form.pending} /></>}
    >
      <form id={formID} className="stack" {...form.props}>
        <Field label="Name" maxLength={64} autoComplete="off" binding={form.field("name")} />
        <Field label="Description" maxLength={200} autoComplete="off" binding={form.field("description")} hint="Address, room, whom to ask. May stay empty." />
        <Field label="Tags" autoComplete="off" spellCheck={false} binding={form.field("tags")} hint="With commas." />
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
